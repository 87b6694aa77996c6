//! A step that sleeps 1 ms on threads of its own, and another pipeline of the same application, alone and
//! beside each other. `cargo bench --bench blocking [threads] [seconds]`.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::thread;
use std::time::{Duration, Instant};

use partita::engine::{Batch, BatchKeys, Engine, Sender, Tokens, Wait};
use partita::host::{Build, BuildBatch, Compute, Host, KeyBatch, Partition, Run, Values, Verdict};
use partita::model::{KeyKind, Policy, Retry, Value};
use partita::topology::{self, Application, Pipeline, Source, Step, Threads};

const KEYS: u64 = 1_000;
const NAP: Duration = Duration::from_millis(1);

/// Computes messages, of which each takes so long, and counts them.
#[derive(Default)]
struct Plain(Duration, AtomicU64);

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
            if !self.0.is_zero() {
                thread::sleep(self.0);
            }
        }
        *run.done = run.values.len();
        self.1.fetch_add(run.values.len() as u64, Relaxed);
        Verdict::Done
    }
}
impl Build for Plain {
    fn build(&self, batch: &mut BuildBatch<'_>) -> Verdict {
        batch.states.resize(batch.len, Value(1));
        Verdict::Done
    }
}

fn pipeline(name: &str, step: &Arc<Plain>, blocking: u32) -> (topology::Partition, Pipeline) {
    let mut pipeline = Pipeline::new(name.into());
    pipeline.from_source(Source {
        credits: 16_384,
        values: step.clone(),
        listen: None,
    });
    pipeline.to_state_partition(Step {
        name: name.into(),
        partition: name.into(),
        keys: Some(step.clone()),
        key_kind: None,
        compute: step.clone(),
        values: step.clone(),
        policy: Policy::Stop,
        retry: Retry::default(),
        blocking,
    });
    pipeline.done();
    let partition = topology::Partition {
        name: name.into(),
        key_kind: KeyKind::Word,
        keys: None,
        build: step.clone(),
        build_id: 1,
    };
    (partition, pipeline)
}

/// Sends into a pipeline until the time is over.
fn feed(engine: &Arc<Engine>, pipeline: usize, batch: usize, end: Instant) {
    let mut random = fastrand::Rng::with_seed(5);
    let words: Vec<u64> = (0..1 << 16).map(|_| random.u64(..KEYS)).collect();
    let values: Vec<Value> = words.iter().map(|&word| Value(word)).collect();
    let mut sender = Sender::new(engine.clone(), pipeline);
    for (values, words) in values.chunks(batch).zip(words.chunks(batch)).cycle() {
        let left = end.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return;
        }
        let batch = Batch {
            values,
            keys: BatchKeys::Words(words),
            failed: None,
            tokens: Tokens::None,
        };
        sender.send(&batch, &Wait::at_most(left)).1.ok();
    }
}

/// Messages a second of the step that blocks, and of the other pipeline, if they are fed.
fn rates(threads: u32, time: Duration, slow: bool, fast: bool) -> (f64, f64) {
    let steps = [Plain(NAP, AtomicU64::new(0)), Plain::default()].map(Arc::new);
    let (slow_parts, slow_pipeline) = pipeline("slow", &steps[0], threads);
    let (fast_parts, fast_pipeline) = pipeline("fast", &steps[1], 0);
    let declared = Application {
        name: "bench".into(),
        workers: 2,
        threads: Threads::Engine,
        key_groups: 4096,
        run_length: 1024,
        stack_size: 1 << 20,
        dead_letters: None,
        sleep: None,
        completions: None,
        log: None,
        partitions: vec![slow_parts, fast_parts],
        pipelines: vec![slow_pipeline, fast_pipeline],
    };
    let engine = Engine::new(declared)
        .map_err(|rejected| rejected.mistakes)
        .unwrap();
    engine.start_threads().unwrap();
    // The first moments do not count.
    let begin = Instant::now() + time / 10;
    let counts = || [0, 1].map(|step: usize| steps[step].1.load(Relaxed));
    let rates = thread::scope(|scope| {
        for (pipeline, batch, fed) in [(0, 64, slow), (1, 1024, fast)] {
            let engine = &engine;
            scope.spawn(move || fed.then(|| feed(engine, pipeline, batch, begin + time)));
        }
        thread::sleep(begin.saturating_duration_since(Instant::now()));
        let (before, started) = (counts(), Instant::now());
        thread::sleep(time - time / 10);
        let (after, taken) = (counts(), started.elapsed().as_secs_f64());
        [0, 1].map(|step| (after[step] - before[step]) as f64 / taken)
    });
    engine.close(&Wait::forever()).unwrap();
    (rates[0], rates[1])
}

fn median(mut all: Vec<f64>) -> f64 {
    all.sort_by(f64::total_cmp);
    all[all.len() / 2]
}

fn main() {
    let arguments: Vec<u64> = std::env::args()
        .filter_map(|argument| argument.parse().ok())
        .collect();
    let threads = arguments.first().map_or(64, |&threads| threads as u32);
    let time = Duration::from_secs(arguments.get(1).map_or(2, |&seconds| seconds));
    let limit = f64::from(threads) / NAP.as_secs_f64();
    let (mut alone, mut beside, mut fast_alone, mut fast_beside) = (vec![], vec![], vec![], vec![]);
    for _ in 0..3 {
        fast_alone.push(rates(threads, time, false, true).1);
        alone.push(rates(threads, time, true, false).0);
        let (slow, fast) = rates(threads, time, true, true);
        beside.push(slow);
        fast_beside.push(fast);
    }
    let (fast_alone, fast_beside) = (median(fast_alone), median(fast_beside));
    println!("{threads} threads, each message sleeps 1 ms: of {limit} messages a second");
    println!(
        "  alone {:.2}, beside the other {:.2}",
        median(alone) / limit,
        median(beside) / limit
    );
    println!("the other pipeline: {fast_alone:.0} messages a second alone");
    println!("  beside it {:.2} of that", fast_beside / fast_alone);
}
