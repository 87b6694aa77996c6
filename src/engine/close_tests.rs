//! What those learn who wait while an application closes after a defect.

use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{OnceLock, mpsc};
use std::thread;
use std::time::Duration;

use super::Engine;
use super::event::{Event, Wait};
use crate::host::{Host, Values};
use crate::sync::Arc;
use crate::topology::{Application, Pipeline, Source, Threads};

/// A waiter's event, and how often it has looked.
#[derive(Default)]
struct Looks {
    event: OnceLock<Arc<Event>>,
    count: AtomicUsize,
}

impl Looks {
    /// Waits until the waiter has looked again.
    fn again(&self) {
        let before = self.count.load(SeqCst);
        self.event.get().expect("somebody waits").notify();
        while self.count.load(SeqCst) == before {
            thread::yield_now();
        }
    }
}

impl Host for Looks {
    /// What is last before it is closed.
    fn release(&self) {
        self.again();
    }
}

impl Values for Looks {}

#[test]
fn who_looked_before_it_was_closed_after_a_defect_looks_again() {
    let looks = Arc::new(Looks::default());
    let mut pipeline = Pipeline::new("p".into());
    pipeline.from_source(Source {
        credits: 1,
        values: looks.clone(),
        listen: None,
    });
    pipeline.done();
    let engine = Engine::new(Application {
        name: "a".into(),
        workers: 1,
        threads: Threads::Host,
        key_groups: 64,
        run_length: 1,
        stack_size: 0,
        dead_letters: None,
        completions: None,
        log: None,
        sleep: None,
        partitions: Vec::new(),
        pipelines: vec![pipeline],
    });
    let engine = engine.unwrap_or_else(|rejected| panic!("{:?}", rejected.mistakes));
    let passed = engine.pipelines[0].tickets.passed.clone();
    looks.event.get_or_init(|| passed.clone());
    let (counted, closing) = (looks.clone(), engine.clone());
    let (answer, answered) = mpsc::channel();
    thread::spawn(move || {
        let waited = passed.wait_until(&Wait::forever(), || {
            // In this order: who closes waits for a look that comes before.
            let closed = closing.is_closed();
            counted.count.fetch_add(1, SeqCst);
            closed.then_some(())
        });
        answer.send(waited).expect("somebody waits for it");
    });
    looks.again();
    engine.broken.store(true, SeqCst);
    assert_eq!(engine.close(&Wait::forever()), Ok(()));
    let waited = answered.recv_timeout(Duration::from_secs(20));
    assert_eq!(waited, Ok(Ok(())));
}
