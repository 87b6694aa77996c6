//! What is promised of an application without threads: whoever steps or waits runs it.

#[path = "common/hosts.rs"]
#[allow(dead_code)]
mod hosts;
#[path = "common/slots.rs"]
#[allow(dead_code)]
mod slots;

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use std::time::Duration;

use hosts::{application, callback, each, partition, pipeline, queue, step};
use partita::engine::{Batch, BatchKeys, Engine, Pushed, Refusal, Sender, Stepped, Tokens, Wait};
use partita::host::{self, Build, BuildBatch, Host, Verdict};
use partita::model::{Policy, Value};
use partita::topology::{self, Application, Clock, Threads};
use slots::Slots;

/// A clock that goes on when it is told to, and may not be asked once it was let go.
#[derive(Default)]
struct Watch {
    nanos: AtomicU64,
    released: AtomicUsize,
}

impl Host for Watch {
    fn release(&self) {
        self.released.fetch_add(1, SeqCst);
    }
}

impl host::Clock for Watch {
    fn now(&self) -> Duration {
        assert_eq!(self.released.load(SeqCst), 0, "it was let go");
        Duration::from_nanos(self.nanos.load(SeqCst))
    }
}

/// An application that counts messages by their last digit and hands them on.
struct Digits {
    engine: Arc<Engine>,
    messages: Arc<Slots>,
    states: Arc<Slots>,
    /// What came to the sink, unless that is a queue.
    out: Arc<Mutex<Vec<u64>>>,
}

impl Digits {
    fn with(threads: Threads, credits: u64, sink: Option<u64>) -> Digits {
        let (messages, states) = (Slots::new(4_000), Slots::new(10));
        let out = Arc::new(Mutex::new(Vec::new()));
        let (counts, delivered) = (states.clone(), out.clone());
        let compute = each(&messages, move |data, state| {
            counts.data(state).fetch_add(1, SeqCst);
            Ok(Some(data))
        });
        let sink = match sink {
            Some(capacity) => queue("out", capacity),
            None => callback("out", &messages, move |data| {
                delivered.lock().expect("nobody panics").push(data);
            }),
        };
        let steps = vec![step(
            "count",
            "digits",
            &messages,
            |data| data % 10,
            compute,
        )];
        let declared = Application {
            threads,
            ..application(
                3,
                4,
                vec![partition("digits", &states, None)],
                vec![pipeline("digits", &messages, credits, steps, vec![sink])],
            )
        };
        let engine = Engine::new(declared).map_err(|rejected| rejected.mistakes);
        Digits {
            engine: engine.expect("no mistakes"),
            messages,
            states,
            out,
        }
    }

    fn send(&self, data: impl IntoIterator<Item = u64>, wait: &Wait) -> Result<(), Refusal> {
        let values: Vec<Value> = data.into_iter().map(|d| self.messages.give(d)).collect();
        let mut sender = Sender::new(self.engine.clone(), 0);
        let (accepted, sent) = sender.send(&Batch::new(&values), wait);
        self.messages.take_all(&values[accepted..]);
        sent
    }

    fn step(&self, budget: usize) -> Stepped {
        let stepped = self.engine.step_many(budget);
        stepped.expect("there are no threads").expect("it runs")
    }

    fn out(&self) -> Vec<u64> {
        self.out.lock().expect("nobody panics").clone()
    }

    fn close(&self) {
        let closed = self.engine.close(&Wait::forever());
        assert_eq!(closed, Ok(()), "{}", self.engine.waiting_for());
        self.messages.assert_all_is_back();
        self.states.assert_all_is_back();
    }
}

fn system() -> Threads {
    Threads::None(Clock::System)
}

#[test]
fn nothing_runs_but_by_steps_and_they_keep_to_their_budget() {
    let digits = Digits::with(system(), 1_000, None);
    digits.send(0..100, &Wait::not_at_all()).unwrap();
    assert_eq!(digits.engine.metrics().computed, 0);
    assert_eq!(digits.step(0).turns, 0);
    assert_eq!(digits.step(0).idle, Some(Duration::ZERO));
    let mut turns = 0;
    loop {
        let stepped = digits.step(1);
        assert!(stepped.turns <= 1);
        turns += stepped.turns;
        if stepped.idle != Some(Duration::ZERO) {
            break;
        }
    }
    // A run has up to four messages.
    assert!(turns >= 50, "{turns}");
    assert_eq!(digits.step(9).idle, None);
    let mut out = digits.out();
    for digit in 0..10 {
        let of_one_key: Vec<u64> = out.iter().copied().filter(|d| d % 10 == digit).collect();
        assert!(of_one_key.is_sorted(), "{of_one_key:?}");
    }
    out.sort_unstable();
    assert_eq!(out, (0..100).collect::<Vec<_>>());
    digits.close();
}

#[test]
fn who_waits_for_something_runs_the_application() {
    let digits = Digits::with(system(), 10, Some(4));
    // There is room for ten, and who polls makes more.
    let mut out = [Value(0); 64];
    digits.send(0..10, &Wait::forever()).unwrap();
    let polled = digits.engine.poll(0, 0, &mut out, &Wait::forever());
    let polled = polled.unwrap().unwrap();
    assert!(polled > 0);
    digits.messages.take_all(&out[..polled]);
    digits
        .send(10..10 + polled as u64, &Wait::forever())
        .unwrap();
    // Nobody else polls: a wait that only that could end is told so.
    assert_eq!(digits.send([0], &Wait::forever()), Err(Refusal::Deadlock));
    assert_eq!(
        digits.engine.drain(&Wait::forever()),
        Err(Refusal::Deadlock)
    );
    let waiting_for = digits.engine.waiting_for();
    assert!(
        waiting_for.contains("sink \"out\" has 4 unread"),
        "{waiting_for}"
    );
    digits.close();
    assert_eq!(digits.engine.step_many(1), Some(Err(Refusal::Closed)));
}

#[test]
fn a_deadline_passes_by_the_clock_there_is() {
    let a_while = Wait::at_most(Duration::from_millis(20));
    let full = |threads| {
        let digits = Digits::with(threads, 10, Some(4));
        digits.send(0..10, &Wait::forever()).unwrap();
        digits
    };
    // The system's: who waits sleeps.
    let digits = full(system());
    let before = std::time::Instant::now();
    assert_eq!(digits.engine.drain(&a_while), Err(Refusal::Timeout));
    assert!(before.elapsed() >= Duration::from_millis(20));
    digits.close();
    // The host's: it stands still while the host waits.
    let watch = Arc::new(Watch::default());
    let digits = full(Threads::None(Clock::Host(watch.clone())));
    let an_hour = Wait::at_most(Duration::from_secs(3600));
    assert_eq!(digits.engine.drain(&an_hour), Err(Refusal::Timeout));
    assert_eq!(digits.send([0], &an_hour), Err(Refusal::Timeout));
    digits.close();
    assert_eq!(watch.released.load(SeqCst), 1);
    // The host is not asked for the time of what is closed.
    assert_eq!(digits.send([0], &an_hour), Err(Refusal::Closed));
    // The stepper's: it is moved, and by nobody else.
    let digits = full(Threads::Stepped(1));
    assert_eq!(digits.engine.drain(&a_while), Err(Refusal::Timeout));
    assert_eq!(digits.engine.clock(), Some(Duration::from_millis(20)));
    assert!(digits.engine.advance(Duration::from_millis(5)));
    assert_eq!(digits.engine.clock(), Some(Duration::from_millis(25)));
    digits.close();
}

#[test]
fn a_cancelled_wait_ends_it_also_from_another_thread() {
    let digits = Digits::with(system(), 10, Some(4));
    digits.send(0..10, &Wait::forever()).unwrap();
    let wait = Wait {
        timeout: Some(Duration::from_secs(60)),
        cancel: Some(Arc::default()),
    };
    let cancel = wait.cancel.clone().expect("it was just given");
    let other = thread::spawn(move || cancel.fire());
    assert_eq!(digits.engine.drain(&wait), Err(Refusal::Cancelled));
    other.join().expect("it only cancels");
    digits.close();
}

#[test]
fn another_thread_that_steps_is_refused_and_one_that_waits_has_its_turn() {
    let (messages, states) = (Slots::new(10), Slots::new(1));
    let (enter, entered) = mpsc::channel();
    let (let_on, on) = mpsc::channel();
    let on = Mutex::new(on);
    let compute = each(&messages, move |_, _| {
        enter.send(()).expect("somebody waits for it");
        on.lock().expect("nobody panics").recv().expect("it is let");
        Ok(None)
    });
    let steps = vec![step("meet", "keys", &messages, |_| 7, compute)];
    let declared = Application {
        threads: system(),
        ..application(
            1,
            4,
            vec![partition("keys", &states, None)],
            vec![pipeline("meet", &messages, 10, steps, vec![])],
        )
    };
    let engine = Engine::new(declared)
        .map_err(|rejected| rejected.mistakes)
        .expect("no mistakes");
    let mut sender = Sender::new(engine.clone(), 0);
    let values = [messages.give(0)];
    sender
        .send(&Batch::new(&values), &Wait::forever())
        .1
        .unwrap();
    let other = engine.clone();
    let stepping = thread::spawn(move || other.step_many(100));
    entered.recv().expect("it computes");
    assert_eq!(engine.step_many(1), Some(Err(Refusal::Busy)));
    assert!(!engine.step());
    assert_eq!(engine.drain(&Wait::not_at_all()), Err(Refusal::WouldBlock));
    let a_moment = Wait::at_most(Duration::from_nanos(1));
    assert_eq!(engine.drain(&a_moment), Err(Refusal::Timeout));
    let other = engine.clone();
    let draining = thread::spawn(move || other.drain(&Wait::forever()));
    let_on.send(()).expect("it waits");
    assert!(
        stepping
            .join()
            .expect("it steps")
            .is_some_and(|s| s.is_ok())
    );
    assert_eq!(draining.join().expect("it drains"), Ok(()));
    engine.close(&Wait::forever()).unwrap();
    messages.assert_all_is_back();
    states.assert_all_is_back();
}

#[test]
fn a_seed_is_one_order_and_seeds_differ() {
    let order = |seed| {
        let digits = Digits::with(Threads::Stepped(seed), 1_000, None);
        digits.send(0..40, &Wait::not_at_all()).unwrap();
        digits.engine.drain(&Wait::forever()).unwrap();
        let out = digits.out();
        digits.close();
        out
    };
    let orders: Vec<_> = (0..20).map(order).collect();
    assert_eq!(orders, (0..20).map(order).collect::<Vec<_>>());
    let mut different = orders;
    different.sort();
    different.dedup();
    assert!(different.len() > 15, "{}", different.len());
}

#[test]
fn with_threads_nobody_steps() {
    let digits = Digits::with(Threads::Host, 10, None);
    assert_eq!(digits.engine.step_many(1), None);
    assert!(!digits.engine.advance(Duration::from_secs(1)));
    digits.close();
    let digits = Digits::with(system(), 10, None);
    assert!(!digits.engine.advance(Duration::from_secs(1)));
    digits.close();
}

#[test]
fn closing_returns_at_its_deadline_whatever_is_left() {
    let digits = Digits::with(system(), 10, None);
    let mut sender = Sender::new(digits.engine.clone(), 0);
    let admitted = sender.admit(1, Tokens::None, &Wait::not_at_all());
    assert_eq!(admitted, Ok(1));
    let engine = digits.engine.clone();
    let (answer, answered) = mpsc::channel();
    thread::spawn(move || {
        let closed = engine.close(&Wait::at_most(Duration::from_millis(20)));
        answer.send(closed).expect("somebody waits for it");
    });
    let closed = answered.recv_timeout(Duration::from_secs(60));
    assert_eq!(closed, Ok(Err(Refusal::Timeout)));
    let nothing = Pushed {
        done: 1,
        values: &[],
        keys: BatchKeys::Ask,
        completed: &[],
        failed: None,
        waiting: &[],
        given_up: 0,
        from: &[],
        ends: true,
    };
    sender.push(&nothing).unwrap();
    digits.close();
}

#[test]
fn who_sleeps_in_a_wait_runs_what_another_thread_sends() {
    const ROUNDS: u64 = 300;
    let digits = Digits::with(system(), 10, Some(4));
    let (engine, messages) = (digits.engine.clone(), digits.messages.clone());
    let (polled, next) = mpsc::channel();
    let polling = thread::spawn(move || {
        let mut out = [Value(0); 1];
        for _ in 0..ROUNDS {
            let count = engine.poll(0, 0, &mut out, &Wait::at_most(Duration::from_secs(20)));
            assert_eq!(count, Some(Ok(1)));
            messages.take_all(&out);
            polled.send(()).expect("somebody sends the next");
        }
    });
    for round in 0..ROUNDS {
        digits.send([round], &Wait::not_at_all()).unwrap();
        next.recv().expect("it was polled");
    }
    polling.join().expect("it polls");
    digits.close();
}

#[test]
fn who_sleeps_in_a_wait_runs_what_another_thread_makes_room_for() {
    for _ in 0..50 {
        let digits = Digits::with(system(), 10, Some(4));
        digits.send(0..10, &Wait::not_at_all()).unwrap();
        let engine = digits.engine.clone();
        let draining = thread::spawn(move || engine.drain(&Wait::at_most(Duration::from_secs(20))));
        let (mut out, mut left) = ([Value(0); 4], 10);
        while left > 0 && !draining.is_finished() {
            // This runs nothing.
            if let Some(Ok(count)) = digits.engine.poll(0, 0, &mut out, &Wait::not_at_all()) {
                digits.messages.take_all(&out[..count]);
                left -= count;
            }
            thread::yield_now();
        }
        assert_eq!(draining.join().expect("it drains"), Ok(()));
        digits.close();
    }
}

/// Something that goes on when it is let.
struct Gate {
    entered: mpsc::Sender<()>,
    on: Mutex<mpsc::Receiver<()>>,
}

impl Gate {
    /// One, with what tells that somebody is at it, and what lets it on.
    fn new() -> (Gate, mpsc::Receiver<()>, mpsc::Sender<()>) {
        let ((entered, enters), (let_on, on)) = (mpsc::channel(), mpsc::channel());
        let on = Mutex::new(on);
        (Gate { entered, on }, enters, let_on)
    }

    fn pass(&self) {
        self.entered.send(()).expect("somebody waits for it");
        let on = self.on.lock().expect("nobody panics");
        on.recv().expect("it is let");
    }
}

/// Builds one state in each call, and waits in the first if it is to.
struct OneByOne {
    states: Arc<Slots>,
    calls: Arc<AtomicUsize>,
    gate: Option<Gate>,
}

impl Host for OneByOne {}

impl Build for OneByOne {
    fn build(&self, batch: &mut BuildBatch<'_>) -> Verdict {
        if self.calls.fetch_add(1, SeqCst) == 0
            && let Some(gate) = &self.gate
        {
            gate.pass();
        }
        batch.states.push(self.states.give(0));
        Verdict::Done
    }

    fn drop_states(&self, states: &[Value]) {
        self.states.take_all(states);
    }
}

/// Closes while a callback is at a gate, the builder's or else that of a computation that fails then;
/// tells how often the builder was called.
fn builds_when_closed_inside(build: bool, keys: Option<Vec<u64>>) -> usize {
    let (messages, states) = (Slots::new(10), Slots::new(10));
    let calls = Arc::new(AtomicUsize::new(0));
    let (gate, entered, let_on) = Gate::new();
    let (build_gate, gate) = if build {
        (Some(gate), None)
    } else {
        (None, Some(gate))
    };
    let compute = each(&messages, move |_, _| {
        gate.as_ref().map_or(Ok(None), |gate| {
            gate.pass();
            Err("it was to".into())
        })
    });
    let mut meet = step("meet", "keys", &messages, |data| data, compute);
    meet.policy = Policy::Reset;
    let keys = topology::Partition {
        build: Arc::new(OneByOne {
            states: states.clone(),
            calls: calls.clone(),
            gate: build_gate,
        }),
        ..partition("keys", &states, keys)
    };
    // What `partition` lent is not used.
    states.let_host_go();
    let pipelines = vec![pipeline("meet", &messages, 10, vec![meet], vec![])];
    let declared = Application {
        threads: system(),
        key_groups: 2,
        ..application(1, 4, vec![keys], pipelines)
    };
    let engine = Engine::new(declared).map_err(|rejected| rejected.mistakes);
    let engine = engine.expect("no mistakes");
    let values: Vec<Value> = (0..if build { 9 } else { 1 })
        .map(|d| messages.give(d))
        .collect();
    let mut sender = Sender::new(engine.clone(), 0);
    let sent = sender.send(&Batch::new(&values), &Wait::not_at_all());
    assert_eq!(sent.1, Ok(()));
    let other = engine.clone();
    let stepping = thread::spawn(move || other.step_many(100));
    entered.recv().expect("it is called");
    let closed = engine.close(&Wait::not_at_all());
    assert_eq!(closed, Err(Refusal::WouldBlock));
    let_on.send(()).expect("it waits");
    assert!(stepping.join().expect("it steps").is_some());
    assert_eq!(engine.close(&Wait::forever()), Ok(()));
    messages.assert_all_is_back();
    states.assert_all_is_back();
    assert_eq!(engine.metrics().parts, 0);
    calls.load(SeqCst)
}

#[test]
fn no_state_is_built_once_it_closes() {
    assert_eq!(builds_when_closed_inside(true, None), 1);
    assert_eq!(builds_when_closed_inside(true, Some((0..9).collect())), 1);
    // That of the message; it is not built anew.
    assert_eq!(builds_when_closed_inside(false, None), 1);
}
