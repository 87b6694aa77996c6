//! What the engine alone costs: messages of one keyed step, in batches from one sender, against
//! states that are array entries. `cargo bench --bench engine [keys] [workers]`.

use std::sync::Arc;
use std::time::Instant;

use partita::engine::{Batch, BatchKeys, Engine, Sender, Tokens, Wait};
use partita::host::{Build, BuildBatch, Compute, Host, KeyBatch, Partition, Run, Values, Verdict};
use partita::model::{KeyKind, Policy, Retry, Value};
use partita::topology::{self, Application, Pipeline, Source, Step, Threads};

const BATCH: usize = 1024;

struct Plain;

impl Host for Plain {}
impl Values for Plain {}
impl Partition for Plain {
    fn keys(&self, batch: &mut KeyBatch<'_>) -> Verdict {
        batch.words.extend(batch.values.iter().map(|value| value.0));
        Verdict::Done
    }
}
impl Compute for Plain {
    fn compute(&self, run: &mut Run<'_>) -> Verdict {
        for (index, state) in run.states.iter().enumerate() {
            run.flags[index] = u8::from(std::hint::black_box(state.0) != 0);
        }
        *run.done = run.values.len();
        Verdict::Done
    }
}
impl Build for Plain {
    fn build(&self, batch: &mut BuildBatch<'_>) -> Verdict {
        batch.states.resize(batch.len, Value(1));
        Verdict::Done
    }
}

fn application(workers: u32) -> Application {
    let plain = Arc::new(Plain);
    let mut pipeline = Pipeline::new("prices".into());
    pipeline.from_source(Source {
        credits: 16_384,
        values: plain.clone(),
        listen: None,
    });
    pipeline.to_state_partition(Step {
        name: "update".into(),
        partition: "stocks".into(),
        keys: Some(plain.clone()),
        key_kind: None,
        compute: plain.clone(),
        values: plain.clone(),
        policy: Policy::Stop,
        blocking: 0,
        retry: Retry::default(),
    });
    pipeline.done();
    Application {
        name: "bench".into(),
        workers,
        threads: Threads::Engine,
        key_groups: 4096,
        run_length: 1024,
        stack_size: 1 << 20,
        dead_letters: None,
        completions: None,
        log: None,
        sleep: None,
        partitions: vec![topology::Partition {
            name: "stocks".into(),
            key_kind: KeyKind::Word,
            keys: None,
            build: plain,
            build_id: 1,
        }],
        pipelines: vec![pipeline],
    }
}

fn round(messages: &[Value], words: &[u64], workers: u32) -> f64 {
    let engine = Engine::new(application(workers))
        .map_err(|rejected| rejected.mistakes)
        .unwrap();
    engine.start_threads().unwrap();
    let mut sender = Sender::new(engine.clone(), 0);
    let started = Instant::now();
    for (values, words) in messages.chunks(BATCH).zip(words.chunks(BATCH)) {
        let batch = Batch {
            values,
            keys: BatchKeys::Words(words),
            failed: None,
            tokens: Tokens::None,
        };
        let (_, sent) = sender.send(&batch, &Wait::forever());
        sent.unwrap();
    }
    engine.drain(&Wait::forever()).unwrap();
    let elapsed = started.elapsed();
    engine.close(&Wait::forever()).unwrap();
    elapsed.as_nanos() as f64 / messages.len() as f64
}

fn main() {
    let arguments: Vec<u64> = std::env::args()
        .filter_map(|argument| argument.parse().ok())
        .collect();
    let workers = arguments.get(1).map_or(2, |&workers| workers as u32);
    let all = [4, 1_000, 1_000_000];
    let keys = arguments.first().map_or(&all[..], std::slice::from_ref);
    for &keys in keys {
        let mut random = fastrand::Rng::with_seed(5);
        let words: Vec<u64> = (0..4_000_000).map(|_| random.u64(..keys)).collect();
        let messages: Vec<Value> = words.iter().map(|&word| Value(word)).collect();
        let mut rounds: Vec<f64> = (0..7).map(|_| round(&messages, &words, workers)).collect();
        rounds.sort_by(f64::total_cmp);
        println!(
            "{keys:>9} keys: {:6.1} ns/message ({:.1} to {:.1})",
            rounds[3], rounds[0], rounds[6]
        );
    }
}
