//! Every completion that was asked for is reported once, under real threads, however the application
//! ends.

#[path = "common/hosts.rs"]
#[allow(dead_code)]
mod hosts;
#[path = "common/meeting.rs"]
#[allow(dead_code)]
mod meeting;
#[path = "common/seeds.rs"]
mod seeds;
#[path = "common/slots.rs"]
#[allow(dead_code)]
mod slots;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use fastrand::Rng;
use hosts::{application, callback, each, partition, pipeline, queue, step};
use meeting::{Alarm, Count};
use partita::engine::{Batch, BatchKeys, Engine, Pushed, Refusal, Sender, Tokens, Wait};
use partita::host::{Completion, Completions, Host, Verdict};
use partita::model::{Policy, Retry, Value};
use slots::Slots;

/// What was reported, by token.
#[derive(Default)]
struct Reported {
    dead: Mutex<BTreeMap<u64, u64>>,
    count: Count,
}

impl Reported {
    fn note(&self, completions: &[Completion]) {
        for completion in completions {
            let mut dead = self.dead.lock().unwrap();
            let before = dead.insert(completion.token, completion.dead);
            assert_eq!(before, None, "{completion:?} was reported twice");
            assert_eq!(completion.dead > 0, completion.first.is_some());
            drop(dead);
            self.count.add();
        }
    }

    fn dead(&self) -> BTreeMap<u64, u64> {
        self.dead.lock().unwrap().clone()
    }
}

struct Reporter(Arc<Reported>);

impl Host for Reporter {}

impl Completions for Reporter {
    fn completed(&self, completions: &[Completion]) -> Verdict {
        self.0.note(completions);
        Verdict::Done
    }
}

/// Two steps, one that fails now and then, in front of a queue and a callback.
fn engine(
    messages: &Arc<Slots>,
    states: &Arc<Slots>,
    random: &mut Rng,
    reported: Option<&Arc<Reported>>,
) -> Arc<Engine> {
    let fatal = random.bool();
    let first = each(messages, |data, _| match data % 16 {
        0 => Ok(None),
        1 => Err("an odd one".into()),
        _ => Ok(Some(data)),
    });
    let second = each(messages, move |data, _| match data % 1000 {
        999 if fatal => Err("the last one".into()),
        _ => Ok(Some(data)),
    });
    let mut first = step("first", "keys", messages, |data| data % 13, first);
    first.policy = Policy::Skip;
    let second = step("second", "keys", messages, |data| data % 7, second);
    let sinks = vec![queue("read", 20), callback("taken", messages, |_| {})];
    let credits = random.u64(1..200);
    let mut declared = application(
        random.u32(1..4),
        16,
        vec![partition("keys", states, None)],
        vec![pipeline(
            "one",
            messages,
            credits,
            vec![first, second],
            sinks,
        )],
    );
    declared.completions = reported.map(|reported| Arc::new(Reporter(reported.clone())) as _);
    let engine = Engine::new(declared).map_err(|rejected| rejected.mistakes);
    let engine = engine.expect("no mistakes");
    engine.start_threads().expect("threads");
    engine
}

/// What threads share that send until they are refused.
struct Feed<'a> {
    engine: &'a Arc<Engine>,
    messages: &'a Slots,
    /// The tokens of which something was accepted.
    asked: Mutex<Vec<u64>>,
    tokens: AtomicU64,
    sent: Count,
}

impl Feed<'_> {
    fn send(&self, mut random: Rng) {
        let mut sender = Sender::new(self.engine.clone(), 0);
        let mut last = 0;
        loop {
            let count = random.usize(1..60);
            let values: Vec<Value> = (0..count)
                .map(|_| self.messages.give(random.u64(..100_000)))
                .collect();
            let tokens: Vec<u64> = (0..count)
                .map(|_| self.tokens.fetch_add(1, SeqCst))
                .collect();
            let whole = random.bool();
            let mut batch = Batch::new(&values);
            batch.tokens = match whole {
                true => Tokens::Batch(tokens[0]),
                false => Tokens::Each(&tokens),
            };
            let wait = match random.bool() {
                true => Wait::forever(),
                false => Wait::not_at_all(),
            };
            let (accepted, sent) = sender.send(&batch, &wait);
            self.messages.take_all(&values[accepted..]);
            let asked = if whole { accepted.min(1) } else { accepted };
            self.asked.lock().unwrap().extend(&tokens[..asked]);
            if accepted > 0 {
                assert!(sender.position() >= last + accepted as u64);
                last = sender.position();
                self.sent.add();
            }
            if sent.is_err_and(|refusal| refusal != Refusal::WouldBlock) {
                return self.sent.end();
            }
        }
    }

    fn read(&self) {
        let mut out = [Value(0); 16];
        while let Some(polled) = self.engine.poll(0, 0, &mut out, &Wait::forever()) {
            let Ok(count) = polled else { return };
            self.messages.take_all(&out[..count]);
        }
    }

    fn poll_completions(&self, reported: &Reported) {
        let mut taken = Vec::new();
        while let Some(Ok(())) = self
            .engine
            .poll_completions(7, &Wait::forever(), &mut taken)
        {
            reported.note(&taken);
            taken.clear();
        }
    }

    fn watch(&self) {
        let mut watermark = 0;
        while let Ok(reached) = self
            .engine
            .wait_watermark(0, watermark + 1, &Wait::forever())
        {
            assert!(reached > watermark);
            watermark = reached;
        }
    }
}

#[test]
fn every_completion_is_reported_once_however_the_application_ends() {
    let _alarm = Alarm::set();
    for seed in seeds::all(40) {
        println!("PARTITA_SEED={seed}");
        let random = &mut Rng::with_seed(seed);
        let (messages, states) = (Slots::new(2_000_000), Slots::new(100));
        let (reported, calls_back) = (Arc::new(Reported::default()), random.bool());
        let engine = engine(&messages, &states, random, calls_back.then_some(&reported));
        let feed = Feed {
            engine: &engine,
            messages: &messages,
            asked: Mutex::default(),
            tokens: AtomicU64::new(1),
            sent: Count::default(),
        };
        let (sends, stops) = (random.u64(1..200), random.bool());
        thread::scope(|scope| {
            for _ in 0..3 {
                let (feed, random) = (&feed, random.fork());
                scope.spawn(move || feed.send(random));
            }
            scope.spawn(|| feed.read());
            scope.spawn(|| feed.watch());
            if !calls_back {
                scope.spawn(|| feed.poll_completions(&reported));
            }
            feed.sent.reach(sends);
            if stops {
                assert!(engine.stop().is_ok());
            }
            let closed = engine.close(&Wait::forever());
            assert_eq!(closed, Ok(()), "{}", engine.waiting_for());
        });
        let asked = feed.asked.into_inner().unwrap();
        let told = reported.dead();
        assert_eq!(told.len(), asked.len());
        assert!(asked.iter().all(|token| told.contains_key(token)));
        let metrics = engine.metrics();
        assert_eq!(told.values().sum::<u64>(), metrics.dead.iter().sum::<u64>());
        assert_eq!(engine.watermark(0), metrics.sent);
        assert_eq!(metrics.values_held, 0);
        messages.assert_all_is_back();
        states.assert_all_is_back();
    }
}

#[test]
fn a_completion_is_reported_before_close_returns() {
    let _alarm = Alarm::set();
    for seed in seeds::all(200) {
        let random = &mut Rng::with_seed(seed);
        let (messages, states) = (Slots::new(1000), Slots::new(100));
        let reported = Arc::new(Reported::default());
        let engine = engine(&messages, &states, random, Some(&reported));
        let values = [messages.give(0)];
        let mut batch = Batch::new(&values);
        batch.tokens = Tokens::Batch(7);
        let mut sender = Sender::new(engine.clone(), 0);
        assert_eq!(sender.send(&batch, &Wait::forever()), (1, Ok(())));
        assert_eq!(engine.close(&Wait::forever()), Ok(()));
        assert_eq!(reported.dead().len(), 1, "seed {seed}");
    }
}

#[test]
fn who_waits_for_the_watermark_finds_all_before_it_done() {
    let _alarm = Alarm::set();
    const BATCHES: u64 = 2_000;
    let (messages, states) = (Slots::new(8 * BATCHES as usize), Slots::new(10));
    let done = Arc::new(AtomicU64::new(0));
    let counted = done.clone();
    let compute = each(&messages, move |_, _| {
        counted.fetch_add(1, SeqCst);
        Ok(None)
    });
    let steps = vec![step("count", "keys", &messages, |data| data % 5, compute)];
    let declared = application(
        2,
        16,
        vec![partition("keys", &states, None)],
        vec![pipeline("one", &messages, 100, steps, vec![])],
    );
    let engine = Engine::new(declared).map_err(|rejected| rejected.mistakes);
    let engine = engine.expect("no mistakes");
    engine.start_threads().expect("threads");
    let mut sender = Sender::new(engine.clone(), 0);
    for batch in 0..BATCHES {
        let values: Vec<Value> = (0..1 + batch % 7).map(|data| messages.give(data)).collect();
        let mut tracked = Batch::new(&values);
        tracked.tokens = Tokens::Batch(batch);
        assert!(sender.send(&tracked, &Wait::forever()).1.is_ok());
        if batch % 3 == 0 {
            let position = sender.position();
            let reached = engine.wait_watermark(0, position, &Wait::forever());
            assert_eq!(reached, Ok(position));
            assert_eq!(done.load(SeqCst), position);
        }
    }
    assert_eq!(engine.close(&Wait::forever()), Ok(()));
    assert_eq!(engine.watermark(0), sender.position());
}

#[test]
fn what_is_admitted_after_messages_were_given_up_is_reported_as_its_own() {
    let (messages, states) = (Slots::new(100), Slots::new(10));
    let count = each(&messages, |_, _| Ok(None));
    let steps = vec![step("count", "keys", &messages, |data| data % 10, count)];
    let declared = application(
        1,
        16,
        vec![partition("keys", &states, None)],
        vec![pipeline("p", &messages, 100, steps, vec![])],
    );
    let engine = Engine::stepped(declared, 1).unwrap_or_else(|_| panic!("no mistakes"));
    let mut sender = Sender::new(engine.clone(), 0);
    let nothing = |done, given_up| Pushed {
        done,
        values: &[],
        keys: BatchKeys::Ask,
        completed: &[],
        failed: None,
        waiting: &[],
        given_up,
        from: &[],
        ends: true,
    };
    let none = Wait::not_at_all();
    assert_eq!(sender.admit(10, Tokens::Batch(1), &none), Ok(10));
    sender.push(&nothing(3, 2)).unwrap();
    assert_eq!(sender.admit(5, Tokens::Batch(2), &none), Ok(5));
    sender.push(&nothing(5, 0)).unwrap();
    let mut reported = Vec::new();
    let _ = engine.poll_completions(10, &none, &mut reported);
    let tokens = |reported: &[Completion]| reported.iter().map(|c| c.token).collect::<Vec<_>>();
    assert_eq!(tokens(&reported), [1]);
    sender.push(&nothing(5, 0)).unwrap();
    let _ = engine.poll_completions(10, &none, &mut reported);
    assert_eq!(tokens(&reported), [1, 2]);
    engine.close(&Wait::forever()).unwrap();
}

/// Another token was taken for more of the batch before, which no push had ended, and never told of.
#[test]
fn an_admission_with_another_token_ends_the_batch_before() {
    let (engine, _) = watched(false);
    let mut sender = Sender::new(engine.clone(), 0);
    let over = |done, ends| Pushed {
        done,
        values: &[],
        keys: BatchKeys::Ask,
        completed: &[],
        failed: None,
        waiting: &[],
        given_up: 0,
        from: &[],
        ends,
    };
    let none = Wait::not_at_all();
    assert_eq!(sender.admit(2, Tokens::Batch(1), &none), Ok(2));
    sender.push(&over(2, false)).unwrap();
    // The same one goes on.
    assert_eq!(sender.admit(1, Tokens::Batch(1), &none), Ok(1));
    assert_eq!(sender.admit(3, Tokens::Batch(2), &none), Ok(3));
    let mut reported = Vec::new();
    let mut tokens = || {
        let _ = engine.poll_completions(10, &none, &mut reported);
        reported.iter().map(|c| c.token).collect::<Vec<_>>()
    };
    assert!(tokens().is_empty());
    sender.push(&over(1, false)).unwrap();
    assert_eq!(tokens(), [1]);
    sender.push(&over(3, true)).unwrap();
    assert_eq!(tokens(), [1, 2]);
    engine.close(&Wait::forever()).unwrap();
}

/// A stepped application of one pipeline, whose messages are tried again after a second if they are `failing`.
fn watched(failing: bool) -> (Arc<Engine>, Arc<Slots>) {
    let (messages, states) = (Slots::new(100), Slots::new(10));
    let count = each(&messages, move |_, _| match failing {
        true => Err("not yet".into()),
        false => Ok(None),
    });
    let mut slow = step("count", "keys", &messages, |data| data % 10, count);
    slow.retry = Retry {
        times: 1000,
        pause: Duration::from_secs(1),
    };
    let declared = application(
        1,
        16,
        vec![partition("keys", &states, None)],
        vec![pipeline("p", &messages, 100, vec![slow], vec![])],
    );
    let engine = Engine::stepped(declared, 1).unwrap_or_else(|_| panic!("no mistakes"));
    (engine, messages)
}

/// The tokens that are reported when nothing is left to run.
fn told_at_rest(engine: &Engine) -> Vec<u64> {
    while engine.step() {}
    let mut reported = Vec::new();
    let _ = engine.poll_completions(10, &Wait::not_at_all(), &mut reported);
    reported.iter().map(|one| one.token).collect()
}

#[test]
fn who_watches_is_told_when_nothing_is_under_way() {
    let (engine, messages) = watched(false);
    engine.watch(0, 1, None).unwrap();
    assert_eq!(told_at_rest(&engine), [1], "nothing was under way");
    let mut sender = Sender::new(engine.clone(), 0);
    let values = [messages.give(3)];
    let sent = sender.send(&Batch::new(&values), &Wait::forever());
    assert_eq!(sent, (1, Ok(())));
    engine.watch(0, 2, None).unwrap();
    engine.watch(0, 3, Some(Duration::from_secs(3600))).unwrap();
    assert_eq!(told_at_rest(&engine), [2, 3]);
    assert_eq!(
        told_at_rest(&engine),
        [] as [u64; 0],
        "each is told of once"
    );
    engine.close(&Wait::forever()).unwrap();
    assert_eq!(engine.watch(0, 4, None), Err(Refusal::Closed));
}

#[test]
fn who_watches_is_told_at_its_time_while_something_is_under_way_and_when_intake_ends() {
    let (engine, messages) = watched(true);
    let mut sender = Sender::new(engine.clone(), 0);
    let values = [messages.give(3)];
    let sent = sender.send(&Batch::new(&values), &Wait::forever());
    assert_eq!(sent, (1, Ok(())));
    let ms = Duration::from_millis(1);
    for (token, most) in [(1, Some(2 * ms)), (2, Some(ms)), (3, None)] {
        engine.watch(0, token, most).unwrap();
    }
    assert_eq!(told_at_rest(&engine), [] as [u64; 0]);
    for expected in [2, 1] {
        engine.advance(ms);
        assert_eq!(told_at_rest(&engine), [expected]);
    }
    // Of what was sent without a completion nothing waits for a position.
    assert_eq!(engine.watermark(0), 0);
    engine.stop().unwrap();
    assert_eq!(told_at_rest(&engine), [3]);
    engine.close(&Wait::forever()).unwrap();
}
