//! The engine without another language: messages are numbers in an array, and so are states.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use partita::engine::{Batch, BatchKeys, Engine, Sender, Tokens, Wait};
use partita::host::{Build, BuildBatch, Compute, Host, KeyBatch, Partition, Run, Values, Verdict};
use partita::model::{Key, KeyKind, Policy, Retry, Value};
use partita::topology::{self, Application, Pipeline, Source, Step, Threads};

use crate::job::{BATCH, Message, Outcome, State, System, WORKERS, compute, partition};

pub struct Core;

/// A state that threads take turns with: the engine orders them, so that loads and stores need not.
#[derive(Default)]
struct Shared {
    count: AtomicU64,
    hash: AtomicU64,
}

impl Shared {
    fn get(&self) -> State {
        State {
            count: self.count.load(Ordering::Relaxed),
            hash: self.hash.load(Ordering::Relaxed),
        }
    }

    fn set(&self, state: State) {
        self.count.store(state.count, Ordering::Relaxed);
        self.hash.store(state.hash, Ordering::Relaxed);
    }
}

/// All messages, and the states, of which the first ones are in use.
struct Memory {
    messages: Vec<Message>,
    states: Vec<Shared>,
    used: AtomicUsize,
}

impl Host for Memory {}
impl Values for Memory {}

impl Partition for Memory {
    fn keys(&self, batch: &mut KeyBatch<'_>) -> Verdict {
        let keys = batch
            .values
            .iter()
            .map(|value| partition(&self.messages[value.0 as usize]));
        batch.words.extend(keys);
        Verdict::Done
    }
}

impl Compute for Memory {
    fn compute(&self, run: &mut Run<'_>) -> Verdict {
        for (index, (value, place)) in run.values.iter().zip(run.states).enumerate() {
            let shared = &self.states[place.0 as usize];
            let mut state = shared.get();
            compute(&self.messages[value.0 as usize], &mut state);
            shared.set(state);
            run.flags[index] = 1;
        }
        *run.done = run.values.len();
        Verdict::Done
    }
}

impl Build for Memory {
    fn build(&self, batch: &mut BuildBatch<'_>) -> Verdict {
        let first = self.used.fetch_add(batch.len, Ordering::Relaxed);
        batch
            .states
            .extend((first..first + batch.len).map(|place| Value(place as u64)));
        Verdict::Done
    }
}

impl System for Core {
    fn name(&self) -> &'static str {
        "partita-rust"
    }

    fn run(&self, known: &[Message], messages: &[Message]) -> (Duration, Outcome) {
        let memory = Arc::new(Memory {
            messages: [known, messages].concat(),
            states: known.iter().map(|_| Shared::default()).collect(),
            used: AtomicUsize::new(0),
        });
        let engine = Engine::new(application(&memory))
            .map_err(|rejected| rejected.mistakes)
            .expect("what is declared is right");
        engine.start_threads().expect("threads start");
        let mut sender = Sender::new(engine.clone(), 0);
        let values: Vec<Value> = (0..memory.messages.len() as u64).map(Value).collect();
        let (known, timed) = values.split_at(known.len());
        feed(&engine, &mut sender, known);
        let started = Instant::now();
        feed(&engine, &mut sender, timed);
        let elapsed = started.elapsed();
        let outcome = read(&engine, &memory);
        drop(sender);
        engine.close(&Wait::forever()).expect("the engine closes");
        (elapsed, outcome)
    }
}

fn feed(engine: &Arc<Engine>, sender: &mut Sender, messages: &[Value]) {
    for values in messages.chunks(BATCH) {
        let batch = Batch {
            values,
            keys: BatchKeys::Ask,
            failed: None,
            tokens: Tokens::None,
        };
        let (_, sent) = sender.send(&batch, &Wait::forever());
        sent.expect("the batch is sent");
    }
    engine.drain(&Wait::forever()).expect("the engine drains");
}

fn read(engine: &Arc<Engine>, memory: &Memory) -> Outcome {
    let mut outcome = Outcome::default();
    for part in engine.read(0).expect("nothing is in flight") {
        if let Key::Word(key) = part.key {
            outcome.add(key, &memory.states[part.state.0 as usize].get());
        }
    }
    outcome
}

fn application(memory: &Arc<Memory>) -> Application {
    let mut pipeline = Pipeline::new("messages".into());
    pipeline.from_source(Source {
        credits: 16_384,
        values: memory.clone(),
        listen: None,
    });
    pipeline.to_state_partition(Step {
        name: "compute".into(),
        partition: "states".into(),
        keys: Some(memory.clone()),
        key_kind: None,
        compute: memory.clone(),
        values: memory.clone(),
        policy: Policy::Stop,
        blocking: 0,
        retry: Retry::default(),
    });
    pipeline.done();
    Application {
        name: "bench".into(),
        workers: WORKERS as u32,
        threads: Threads::Engine,
        key_groups: 4096,
        run_length: 1024,
        stack_size: 1 << 20,
        dead_letters: None,
        completions: None,
        log: None,
        sleep: None,
        partitions: vec![topology::Partition {
            name: "states".into(),
            key_kind: KeyKind::Word,
            keys: None,
            build: memory.clone(),
            build_id: 1,
        }],
        pipelines: vec![pipeline],
    }
}
