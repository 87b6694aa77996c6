//! An output has the origin of the message it follows from, at the next step and at a sink. Nothing
//! outside of the engine shows that, and senders stamp zeros: what lies in its queues is looked at.

use super::event::Wait;
use super::inbox::Mail;
use super::scatter::{Keys, Scatter};
use super::schedule::ActorId;
use super::segment::{Bag, Origin, Spans};
use super::{Engine, SinkSlot};
use crate::host::{self, BuildBatch, KeyBatch, Output, Run, Verdict};
use crate::model::{KeyKind, Policy, Retry, Value};
use crate::sync::Arc;
use crate::topology::{Application, Partition, Pipeline, Sink, SinkKind, Source, Step, Threads};

const BATCHES: u64 = 12;
const BATCH_LEN: usize = 5;

/// A message is the number of the batch it is of, or descends from.
fn origin_of(message: Value) -> Origin {
    Origin {
        pipeline: 0,
        batch: message.0,
        epoch: 100 + message.0 / 3,
    }
}

/// Repeats each message, and has its number for its key.
struct Twice;

impl host::Host for Twice {}

impl host::Values for Twice {}

impl host::Partition for Twice {
    fn keys(&self, batch: &mut KeyBatch<'_>) -> Verdict {
        batch.words.extend(batch.values.iter().map(|value| value.0));
        Verdict::Done
    }
}

impl host::Compute for Twice {
    fn compute(&self, run: &mut Run<'_>) -> Verdict {
        for (from, &value) in (0..).zip(run.values) {
            if run.outputs.len() + 2 > run.outputs.capacity() {
                return Verdict::OutputsFull;
            }
            run.outputs.extend([Output { value, from }; 2]);
            *run.done += 1;
        }
        Verdict::Done
    }
}

impl host::Build for Twice {
    fn build(&self, batch: &mut BuildBatch<'_>) -> Verdict {
        batch.states.resize(batch.len, Value(0));
        Verdict::Done
    }
}

/// Two steps by word, and a queue too short for what comes.
fn declared() -> Application {
    let mut pipeline = Pipeline::new("pipeline".into());
    pipeline.from_source(Source {
        credits: 10_000,
        values: Arc::new(Twice),
        listen: None,
    });
    let names = ["first", "second"];
    for name in names {
        pipeline.to_state_partition(Step {
            name: name.into(),
            partition: name.into(),
            keys: Some(Arc::new(Twice)),
            key_kind: Some(KeyKind::Word),
            compute: Arc::new(Twice),
            values: Arc::new(Twice),
            policy: Policy::Stop,
            blocking: 0,
            retry: Retry::default(),
        });
    }
    pipeline.to_sink(Sink {
        name: "sink".into(),
        policy: Policy::Stop,
        retry: Retry::default(),
        kind: SinkKind::Queue(7),
    });
    let partition = |name: &str| Partition {
        name: name.into(),
        key_kind: KeyKind::Word,
        keys: None,
        build: Arc::new(Twice),
        build_id: 0,
    };
    Application {
        name: "application".into(),
        workers: 1,
        threads: Threads::Host,
        key_groups: 16,
        run_length: 8,
        stack_size: 0,
        dead_letters: None,
        completions: None,
        log: None,
        sleep: None,
        partitions: names.map(partition).into(),
        pipelines: vec![pipeline],
    }
}

/// Leaves stamped messages at the first step, with keys that each batch shares with all.
fn send(engine: &Engine) {
    let words: Vec<u64> = (0..BATCH_LEN as u64).collect();
    for batch in 1..=BATCHES {
        // Each gets the ticket of its number, which is never given back: more are taken than are sent.
        let (ticket, _) = engine.pipelines[0].tickets.open(0, 1 << 20, false);
        assert_eq!(ticket, batch);
        let values = [Value(batch); BATCH_LEN];
        assert_eq!(engine.pipelines[0].flow.admit(BATCH_LEN), BATCH_LEN);
        let mut spans = Spans::default();
        spans.push(origin_of(values[0]), BATCH_LEN);
        let mail = (&values[..], spans.from(0));
        Scatter::default().send(engine, (0, 0), mail, Keys::Words(&words));
    }
}

/// Runs the first step alone: what arrives at the second is looked at, and left there at the end.
fn run_first_step(engine: &Engine) -> usize {
    let slot = &engine.partitions[1];
    let mut arrived = Vec::new();
    while engine.step() {
        for shard in slot.first_actor..slot.first_actor + slot.shards {
            let mut mail = Bag::default();
            engine.take_mail(ActorId(shard), 0, &mut mail);
            arrived.extend(mail.arrived.into_iter().map(|segment| (shard, segment)));
        }
    }
    let mut found = 0;
    for (shard, segment) in &arrived {
        let values = &segment.messages.values;
        found += values.len();
        let origins = segment.origins_left();
        let found_at = |(index, &value)| assert_eq!(origins.at(index), origin_of(value));
        values.iter().enumerate().for_each(found_at);
        let mail = Mail {
            values,
            origins,
            words: &segment.messages.words,
            bytes: None,
        };
        engine.deliver(*shard, 0, mail);
    }
    found
}

/// Runs the rest, and polls the queue whenever nothing else can run.
fn run_to_sink(engine: &Engine) -> usize {
    let SinkSlot::Queue(queue) = &engine.pipelines[0].sinks[0] else {
        unreachable!("the sink is declared a queue");
    };
    let mut found = 0;
    loop {
        while engine.step() {}
        let messages = queue.messages();
        if messages.is_empty() {
            return found;
        }
        for &(origin, value) in &messages {
            assert_eq!(origin, origin_of(value));
        }
        let mut out = vec![Value(0); messages.len()];
        let polled = engine.poll(0, 0, &mut out, &Wait::not_at_all());
        assert!(matches!(polled, Some(Ok(taken)) if taken == messages.len()));
        found += messages.len();
    }
}

#[test]
fn outputs_keep_the_batch_and_the_epoch_of_what_they_follow_from() {
    let sent = BATCHES as usize * BATCH_LEN;
    for seed in 0..100 {
        println!("seed {seed}");
        let engine = Engine::stepped(declared(), seed)
            .unwrap_or_else(|rejected| panic!("{:?}", rejected.mistakes));
        send(&engine);
        assert_eq!(run_first_step(&engine), 2 * sent);
        assert_eq!(run_to_sink(&engine), 4 * sent);
    }
}
