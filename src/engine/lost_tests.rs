//! What becomes of what a worker had when its thread ended inside a callback, if the application closes.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::thread;

use super::Engine;
use super::event::Wait;
use super::sender::{Batch, Sender};
use crate::host::{Build, BuildBatch, Compute, Host, KeyBatch, Output, Run, Values, Verdict};
use crate::model::{KeyKind, Policy, Retry, Value};
use crate::sync::Arc;
use crate::topology::{Application, Partition, Pipeline, Source, Step, Threads};

/// Passes messages on from one state to another. The thread that looks for the second key ends.
#[derive(Default)]
struct Ending {
    engine: OnceLock<Arc<Engine>>,
    lost: AtomicBool,
    /// The states that the engine has.
    states: AtomicUsize,
}

impl Host for Ending {}

impl Values for Ending {}

impl Build for Ending {
    fn build(&self, batch: &mut BuildBatch<'_>) -> Verdict {
        (0..batch.len).for_each(|_| batch.states.push(Value(0)));
        self.states.fetch_add(batch.len, SeqCst);
        Verdict::Done
    }

    fn drop_states(&self, states: &[Value]) {
        self.states.fetch_sub(states.len(), SeqCst);
    }
}

impl crate::host::Partition for Ending {
    fn keys(&self, batch: &mut KeyBatch<'_>) -> Verdict {
        let engine = self.engine.get().expect("it is there before it starts");
        if !engine.calls_back(0) {
            batch.words.extend(batch.values.iter().map(|_| 0));
            return Verdict::Done;
        }
        let verdict = Verdict::Failed("the thread is gone".into());
        assert_eq!(engine.worker_lost(0, verdict), Ok(()));
        self.lost.store(true, SeqCst);
        // As good as gone: it never returns to the engine.
        loop {
            thread::park();
        }
    }
}

impl Compute for Ending {
    fn compute(&self, run: &mut Run<'_>) -> Verdict {
        let outputs = (0..).zip(run.values);
        let outputs = outputs.map(|(from, &value)| Output { value, from });
        run.outputs.extend(outputs);
        *run.done = run.values.len();
        Verdict::Done
    }
}

fn step(name: &str, host: &Arc<Ending>) -> Step {
    Step {
        name: name.into(),
        partition: "keys".into(),
        keys: Some(host.clone()),
        key_kind: Some(KeyKind::Word),
        compute: host.clone(),
        values: host.clone(),
        policy: Policy::Stop,
        blocking: 0,
        retry: Retry::default(),
    }
}

fn declared(host: &Arc<Ending>) -> Application {
    let mut pipeline = Pipeline::new("p".into());
    pipeline.from_source(Source {
        credits: 1,
        values: host.clone(),
        listen: None,
    });
    pipeline.to_state_partition(step("first", host));
    pipeline.to_state_partition(step("second", host));
    pipeline.done();
    Application {
        name: "a".into(),
        workers: 2,
        threads: Threads::Host,
        key_groups: 64,
        run_length: 1,
        stack_size: 0,
        dead_letters: None,
        completions: None,
        log: None,
        sleep: None,
        partitions: vec![Partition {
            name: "keys".into(),
            key_kind: KeyKind::Word,
            keys: None,
            build: host.clone(),
            build_id: 0,
        }],
        pipelines: vec![pipeline],
    }
}

/// A shard that had no message any more, and yet something to go on with, kept its states when another
/// worker left before it took the shard up.
#[test]
fn the_states_of_a_shard_that_a_lost_worker_left_are_handed_back() {
    let host = Arc::new(Ending::default());
    let engine = Engine::new(declared(&host));
    let engine = engine.unwrap_or_else(|rejected| panic!("{:?}", rejected.mistakes));
    host.engine.get_or_init(|| engine.clone());
    let first = engine.clone();
    thread::spawn(move || first.run_worker(0));
    let mut sender = Sender::new(engine.clone(), 0);
    let sent = sender.send(&Batch::new(&[Value(1)]), &Wait::forever());
    assert_eq!(sent, (1, Ok(())));
    while !host.lost.load(SeqCst) {
        thread::yield_now();
    }
    // The other worker is there, and comes for more when there is nothing to be had any more.
    let second = engine.enter(1).expect("its place is free");
    thread::scope(|threads| {
        threads.spawn(|| {
            while !engine.pools.is_closed() {
                thread::yield_now();
            }
            engine.work(second, 1, None, None);
        });
        assert_eq!(engine.close(&Wait::forever()), Ok(()));
    });
    assert_eq!(engine.metrics().values_held, 0);
    assert_eq!(host.states.load(SeqCst), 0);
}
