//! What a service lets in comes out of the engine again, each message once and in order, whatever becomes
//! of the application meanwhile.

use std::sync::mpsc;
use std::task::{Wake, Waker};
use std::thread::{self, Thread};
use std::time::Duration;

use super::event::Wait;
use super::{Engine, Intake, Outlet, Service};
use crate::host::{self, BuildBatch, KeyBatch, Output, Run, Verdict};
use crate::model::{DeadReason, KeyKind, Policy, Retry, Value};
use crate::sync::{Arc, Mutex, lock};
use crate::topology::{
    Application, Connect, Framing, Limits, Listen, Partition, Pipeline, Sink, SinkKind, Source,
    Step, Threads,
};

/// Passes each message on; its last digit is its key. It drops what it is handed back, and knows what.
#[derive(Default)]
struct Digits {
    dropped: Mutex<Vec<Value>>,
}

impl host::Host for Digits {}

impl host::Values for Digits {
    fn drop_values(&self, values: &[Value]) {
        lock(&self.dropped).extend_from_slice(values);
    }
}

impl host::Partition for Digits {
    fn keys(&self, batch: &mut KeyBatch<'_>) -> Verdict {
        batch
            .words
            .extend(batch.values.iter().map(|value| value.0 % 10));
        Verdict::Done
    }
}

impl host::Compute for Digits {
    fn compute(&self, run: &mut Run<'_>) -> Verdict {
        for (from, &value) in (0..).zip(run.values) {
            if run.outputs.len() == run.outputs.capacity() {
                return Verdict::OutputsFull;
            }
            run.outputs.push(Output { value, from });
            *run.done += 1;
        }
        Verdict::Done
    }
}

impl host::Build for Digits {
    fn build(&self, batch: &mut BuildBatch<'_>) -> Verdict {
        batch.states.resize(batch.len, Value(0));
        Verdict::Done
    }
}

impl host::Decode for Digits {
    fn decode(&self, _: &mut host::DecodeBatch<'_>) -> Verdict {
        unreachable!("the service of these tests does not decode")
    }
}

impl host::Encode for Digits {
    fn encode(&self, _: &mut host::EncodeBatch<'_>) -> Verdict {
        unreachable!("the service of these tests does not encode")
    }
}

fn declared(digits: &Arc<Digits>, credits: u64) -> Application {
    let mut pipeline = Pipeline::new("pipeline".into());
    pipeline.from_source(Source {
        credits,
        values: digits.clone(),
        listen: Some(Arc::new(Listen {
            address: ":0".into(),
            framing: Framing::Length,
            decode: digits.clone(),
            limits: Limits::default(),
            ack_request: None,
        })),
    });
    pipeline.to_state_partition(Step {
        name: "step".into(),
        partition: "digits".into(),
        keys: Some(digits.clone()),
        key_kind: Some(KeyKind::Word),
        compute: digits.clone(),
        values: digits.clone(),
        policy: Policy::Stop,
        blocking: 0,
        retry: Retry::default(),
    });
    pipeline.to_sink(Sink {
        name: "sink".into(),
        policy: Policy::Stop,
        retry: Retry::default(),
        kind: SinkKind::Connect(Arc::new(Connect {
            address: ":1".into(),
            encode: digits.clone(),
            capacity: 7,
            buffered: 1,
            pauses: (Duration::ZERO, Duration::ZERO),
            flush: Some(Duration::ZERO),
        })),
    });
    Application {
        name: "application".into(),
        workers: 2,
        threads: Threads::Engine,
        key_groups: 16,
        run_length: 8,
        stack_size: 1 << 20,
        dead_letters: None,
        completions: None,
        log: None,
        sleep: None,
        partitions: vec![Partition {
            name: "digits".into(),
            key_kind: KeyKind::Word,
            keys: None,
            build: digits.clone(),
            build_id: 0,
        }],
        pipelines: vec![pipeline],
    }
}

/// Wakes the thread that is in the service's place.
#[derive(Default)]
struct Unpark(Mutex<Option<Thread>>);

impl Wake for Unpark {
    fn wake(self: std::sync::Arc<Self>) {
        if let Some(thread) = &*lock(&self.0) {
            thread.unpark();
        }
    }
}

/// Lets numbers in, as many as there are credits for, and lets them out again as long as it may.
struct Counting {
    next: u64,
    end: u64,
    intake: Intake,
    outlet: Outlet,
    unpark: Arc<Unpark>,
    out: mpsc::Sender<Value>,
    /// Every so many are no message, or a frame that cannot be decoded.
    odd: u64,
}

impl Counting {
    fn let_in(&mut self, engine: &Engine, waker: &Waker) -> bool {
        if self.next == self.end || engine.refusal().is_some() {
            return false;
        }
        engine.watch_room(0, waker);
        let wanted = (self.end - self.next) as usize;
        let Ok(admitted) = self.intake.admit(engine, wanted, true) else {
            return false;
        };
        for _ in 0..admitted {
            match self.next % self.odd {
                0 => self.intake.forgo(engine, 1),
                1 => self.intake.bury(engine, b"frame", "it is odd"),
                _ => self.intake.pass(engine, &[Value(self.next)]),
            }
            self.next += 1;
        }
        true
    }

    fn let_out(&mut self, engine: &Engine, waker: &Waker) -> bool {
        engine.watch_sink(0, 0, waker);
        let fetched = self.outlet.fetch(engine, 5);
        let waiting = self.outlet.waiting().to_vec();
        self.outlet.encoded(waiting.len());
        self.outlet.written(engine, waiting.len());
        waiting.into_iter().for_each(|value| {
            // Who closes does not listen any more.
            let _ = self.out.send(value);
        });
        fetched > 0
    }
}

impl Service for Counting {
    fn advance(&mut self, engine: &Engine, attended: bool) -> bool {
        if let Some(reason) = engine.discarding() {
            self.outlet.give_up(engine, reason);
            return false;
        }
        *lock(&self.unpark.0) = Some(thread::current());
        let waker = Waker::from(self.unpark.clone());
        let (came, went) = (self.let_in(engine, &waker), self.let_out(engine, &waker));
        if !came && !went && attended && engine.discarding().is_none() {
            thread::park();
        }
        true
    }

    fn lost(&mut self, _: &Engine, _: Verdict) {}
}

fn start(digits: &Arc<Digits>, end: u64, credits: u64) -> (Arc<Engine>, mpsc::Receiver<Value>) {
    let unpark = Arc::new(Unpark::default());
    let (out, came) = mpsc::channel();
    let service = Counting {
        next: 0,
        end,
        intake: Intake::new(0),
        outlet: Outlet::new(0, 0),
        unpark: unpark.clone(),
        out,
        odd: 100,
    };
    let declared = declared(digits, credits);
    let engine = Engine::with_service(declared, Box::new(service), unpark.into());
    let engine = engine.unwrap_or_else(|rejected| panic!("{:?}", rejected.mistakes));
    engine.start_threads().expect("threads start");
    (engine, came)
}

#[test]
fn what_a_service_lets_in_comes_out_once_and_in_order_of_each_key() {
    let digits = Arc::new(Digits::default());
    let (engine, came) = start(&digits, 10_000, 16);
    let mut next: Vec<u64> = (0..10)
        .map(|digit| if digit < 2 { digit + 10 } else { digit })
        .collect();
    for _ in 0..9_800 {
        let value = came
            .recv_timeout(Duration::from_secs(60))
            .expect("more comes")
            .0;
        let expected = &mut next[(value % 10) as usize];
        assert_eq!(value, *expected);
        *expected += if value % 100 >= 90 && value % 10 < 2 {
            20
        } else {
            10
        };
    }
    assert_eq!(engine.drain(&Wait::forever()), Ok(()));
    // Positions count all that was admitted.
    assert_eq!(engine.watermark(0), 10_000);
    let metrics = engine.metrics();
    assert_eq!((metrics.sent, metrics.delivered), (9_800, 9_800));
    assert_eq!(metrics.dead[DeadReason::Decode as usize], 100);
    assert_eq!(engine.close(&Wait::forever()), Ok(()));
    assert!(lock(&digits.dropped).is_empty());
}

#[test]
fn what_a_service_has_let_in_when_it_closes_is_handed_back_once() {
    for stop in 0..200 {
        let digits = Arc::new(Digits::default());
        let (engine, came) = start(&digits, 1 << 40, 16);
        for _ in 0..stop {
            came.recv_timeout(Duration::from_secs(60))
                .expect("more comes");
        }
        assert_eq!(engine.close(&Wait::forever()), Ok(()));
        let metrics = engine.metrics();
        assert_eq!(metrics.values_held, 0, "after {stop}");
        let mut seen: Vec<u64> = lock(&digits.dropped).iter().map(|value| value.0).collect();
        let delivered = metrics.delivered - stop;
        seen.extend(came.iter().take(delivered as usize).map(|value| value.0));
        let all = seen.len();
        seen.sort_unstable();
        seen.dedup();
        assert_eq!(seen.len(), all, "after {stop}");
        assert_eq!(metrics.sent, stop + all as u64, "after {stop}");
    }
}

#[test]
fn without_a_thread_for_its_service_an_application_closes() {
    let digits = Arc::new(Digits::default());
    let declared = Application {
        threads: Threads::Host,
        ..declared(&digits, 16)
    };
    let unpark = Arc::new(Unpark::default());
    let service = Counting {
        next: 0,
        end: 10,
        intake: Intake::new(0),
        outlet: Outlet::new(0, 0),
        unpark: unpark.clone(),
        out: mpsc::channel().0,
        odd: 100,
    };
    let engine = Engine::with_service(declared, Box::new(service), unpark.into());
    let engine = engine.unwrap_or_else(|rejected| panic!("{:?}", rejected.mistakes));
    assert_eq!(engine.threads(), 3);
    assert_eq!(engine.close(&Wait::forever()), Ok(()));
}
