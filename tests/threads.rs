//! What is promised under real threads. Nothing here sleeps: tests wait for what they wait for.

#[path = "threads/blocking.rs"]
mod blocking;
#[path = "common/hosts.rs"]
mod hosts;
#[path = "common/meeting.rs"]
mod meeting;
#[path = "common/seeds.rs"]
mod seeds;
#[path = "common/slots.rs"]
mod slots;

use std::collections::BTreeMap;
use std::panic::resume_unwind;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use fastrand::Rng;
use hosts::{Beds, application, callback, each, partition, pipeline, queue, step};
use meeting::{Alarm, Count};
use partita::engine::{Batch, Cancel, Engine, Refusal, Sender, Wait};
use partita::host::{Output, Run, Verdict};
use partita::model::{Policy, Value};
use partita::topology::{Application, Step};
use slots::Slots;

fn engine(declared: Application) -> Arc<Engine> {
    Engine::new(declared)
        .map_err(|rejected| rejected.mistakes)
        .expect("no mistakes")
}

fn started(declared: Application) -> Arc<Engine> {
    let engine = engine(declared);
    engine.start_threads().expect("threads");
    engine
}

/// Sends messages that stand for `data`, and gives what was not accepted back to the host.
fn send(
    sender: &mut Sender,
    messages: &Slots,
    data: impl IntoIterator<Item = u64>,
    wait: &Wait,
) -> (usize, Result<(), Refusal>) {
    let values: Vec<Value> = data.into_iter().map(|data| messages.give(data)).collect();
    let (accepted, sent) = sender.send(&Batch::new(&values), wait);
    messages.take_all(&values[accepted..]);
    (accepted, sent)
}

/// Closes, and looks whether everything was handed back.
#[track_caller]
fn close(engine: &Engine, messages: &Slots, states: &Slots) {
    assert_eq!(
        engine.close(&Wait::forever()),
        Ok(()),
        "{}",
        engine.waiting_for()
    );
    let metrics = engine.metrics();
    assert_eq!(metrics.values_held, 0);
    let died: u64 = metrics.dead.iter().sum();
    let emitted: u64 = metrics.stages.iter().map(|stage| stage.emitted).sum();
    let done = metrics.computed + metrics.delivered + metrics.discarded;
    assert_eq!(emitted, done + died, "{metrics:?}");
    messages.assert_all_is_back();
    states.assert_all_is_back();
}

/// Counts messages in the state of their key; whoever finds another there before it is done tells.
fn counting(
    states: &Arc<Slots>,
    overlaps: &Arc<AtomicUsize>,
) -> impl Fn(Value) + Send + Sync + use<> {
    const INSIDE: u64 = 1 << 63;
    let (states, overlaps) = (states.clone(), overlaps.clone());
    move |state| {
        let state = states.data(state);
        let before = state.fetch_or(INSIDE, SeqCst);
        overlaps.fetch_add(usize::from(before & INSIDE != 0), SeqCst);
        thread::yield_now();
        state.store((before & !INSIDE) + 1, SeqCst);
    }
}

#[test]
fn the_computations_of_two_keys_run_at_the_same_time() {
    let _alarm = Alarm::set();
    const ROUNDS: u64 = 200;
    let (messages, states) = (Slots::new(2 * ROUNDS as usize), Slots::new(2));
    let meeting = Arc::new(Count::default());
    let met = meeting.clone();
    // Each message waits for one of the other key.
    let compute = each(&messages, move |_, _| {
        met.meet(2);
        Ok(None)
    });
    let steps = vec![step("meet", "keys", &messages, |data| data, compute)];
    let engine = started(application(
        2,
        16,
        vec![partition("keys", &states, Some(vec![1, 2]))],
        vec![pipeline("pairs", &messages, 1000, steps, vec![])],
    ));
    let mut sender = Sender::new(engine.clone(), 0);
    let pairs = (0..ROUNDS).flat_map(|_| [1, 2]);
    assert_eq!(
        send(&mut sender, &messages, pairs, &Wait::forever()).1,
        Ok(())
    );
    assert_eq!(
        engine.drain(&Wait::forever()),
        Ok(()),
        "{:?}",
        engine.failure()
    );
    close(&engine, &messages, &states);
}

#[test]
fn two_messages_of_one_key_never_overlap() {
    let _alarm = Alarm::set();
    const EACH: u64 = 3_000;
    const KEYS: u64 = 3;
    let (messages, states) = (Slots::new(4 * EACH as usize), Slots::new(KEYS as usize));
    let overlaps = Arc::new(AtomicUsize::new(0));
    let pipelines = ["one", "other"].map(|name| {
        let count = counting(&states, &overlaps);
        let compute = each(&messages, move |_, state| {
            count(state);
            Ok(None)
        });
        let steps = vec![step(
            "count",
            "keys",
            &messages,
            |data| data % KEYS,
            compute,
        )];
        pipeline(name, &messages, 64, steps, vec![])
    });
    let parts = vec![partition("keys", &states, None)];
    let engine = started(application(4, 8, parts, pipelines.into()));
    thread::scope(|scope| {
        for number in 0..4 {
            let (engine, messages) = (&engine, &messages);
            scope.spawn(move || {
                let mut sender = Sender::new(engine.clone(), number % 2);
                assert_eq!(
                    send(&mut sender, messages, 0..EACH, &Wait::forever()).1,
                    Ok(())
                );
            });
        }
    });
    assert_eq!(engine.drain(&Wait::forever()), Ok(()));
    assert_eq!(overlaps.load(SeqCst), 0);
    let parts = engine.read(0).expect("nothing is in flight");
    let counts: Vec<u64> = parts
        .map(|part| states.data(part.state).load(SeqCst))
        .collect();
    assert_eq!(counts, vec![4 * EACH / KEYS; KEYS as usize]);
    close(&engine, &messages, &states);
}

/// A message of a sender, for a key, with its number.
fn numbered(sender: u64, key: u64, number: u64) -> u64 {
    sender << 48 | key << 32 | number
}

fn key_of(data: u64) -> u64 {
    data >> 32 & 0xffff
}

/// Looks whether the messages of each sender and key come in the order of their numbers.
fn in_order(
    senders: u64,
    keys: u64,
    wrong: &Arc<AtomicUsize>,
) -> impl Fn(u64) + Send + Sync + use<> {
    let next: Vec<AtomicU64> = (0..senders * keys).map(|_| AtomicU64::new(0)).collect();
    let wrong = wrong.clone();
    move |data| {
        let next = &next[((data >> 48) * keys + key_of(data)) as usize];
        // No more is needed than loading and storing: one message of a key at a time.
        if data as u32 as u64 != next.load(SeqCst) {
            wrong.fetch_add(1, SeqCst);
        }
        next.store((data as u32 as u64) + 1, SeqCst);
    }
}

#[test]
fn messages_of_one_key_keep_their_order_with_8_senders_and_8_workers() {
    let _alarm = Alarm::set();
    const SENDERS: u64 = 8;
    const KEYS: u64 = 13;
    const EACH: u64 = 500;
    let seed = seeds::only().unwrap_or(1);
    println!("PARTITA_SEED={seed}");
    let all = (SENDERS * KEYS * EACH) as usize;
    let (messages, states) = (Slots::new(3 * all), Slots::new(2 * KEYS as usize));
    let wrong = Arc::new(AtomicUsize::new(0));
    let passing = |partition: &str| {
        let look = in_order(SENDERS, KEYS, &wrong);
        let compute = each(&messages, move |data, _| {
            look(data);
            Ok(Some(data))
        });
        step(partition, partition, &messages, key_of, compute)
    };
    let (delivered, look) = (
        Arc::new(AtomicUsize::new(0)),
        in_order(SENDERS, KEYS, &wrong),
    );
    let count = delivered.clone();
    let sink = callback("results", &messages, move |data| {
        look(data);
        count.fetch_add(1, SeqCst);
    });
    let steps = vec![passing("first"), passing("second")];
    let parts = ["first", "second"].map(|name| partition(name, &states, None));
    let pipelines = vec![pipeline("numbers", &messages, 500, steps, vec![sink])];
    let engine = started(application(8, 32, parts.into(), pipelines));
    thread::scope(|scope| {
        for number in 0..SENDERS {
            let (engine, messages) = (&engine, &messages);
            let mut random = Rng::with_seed(seed + number);
            scope.spawn(move || {
                let mut sender = Sender::new(engine.clone(), 0);
                let mut left: Vec<(u64, u64)> = (0..KEYS).map(|key| (key, 0)).collect();
                while !left.is_empty() {
                    let mut batch = Vec::new();
                    for _ in 0..random.usize(1..200) {
                        if left.is_empty() {
                            break;
                        }
                        let index = random.usize(..left.len());
                        let (key, next) = &mut left[index];
                        batch.push(numbered(number, *key, *next));
                        *next += 1;
                        if *next == EACH {
                            left.swap_remove(index);
                        }
                    }
                    assert_eq!(
                        send(&mut sender, messages, batch, &Wait::forever()).1,
                        Ok(())
                    );
                }
            });
        }
    });
    assert_eq!(engine.drain(&Wait::forever()), Ok(()));
    assert_eq!((wrong.load(SeqCst), delivered.load(SeqCst)), (0, all));
    close(&engine, &messages, &states);
}

#[test]
fn order_is_kept_when_very_many_messages_wait() {
    let _alarm = Alarm::set();
    const MANY: u64 = 50_000;
    let (messages, states) = (Slots::new(2 * MANY as usize + 2), Slots::new(1));
    let wrong = Arc::new(AtomicUsize::new(0));
    let (all_sent, look, at_sink) = (
        Arc::new(Count::default()),
        in_order(1, 1, &wrong),
        in_order(1, 1, &wrong),
    );
    let wait_for_all = all_sent.clone();
    let compute = each(&messages, move |data, _| {
        look(data);
        if data == 0 {
            wait_for_all.reach(1);
        }
        Ok(Some(data))
    });
    let steps = vec![step("pass", "keys", &messages, key_of, compute)];
    let sink = callback("results", &messages, at_sink);
    let engine = started(application(
        2,
        64,
        vec![partition("keys", &states, None)],
        vec![pipeline("numbers", &messages, MANY, steps, vec![sink])],
    ));
    let mut sender = Sender::new(engine.clone(), 0);
    for start in (0..MANY).step_by(1000) {
        let batch = (start..start + 1000).map(|number| numbered(0, 0, number));
        assert_eq!(
            send(&mut sender, &messages, batch, &Wait::not_at_all()).1,
            Ok(())
        );
    }
    all_sent.add();
    assert_eq!(engine.drain(&Wait::forever()), Ok(()));
    assert_eq!(wrong.load(SeqCst), 0);
    assert_eq!(engine.metrics().delivered, MANY);
    close(&engine, &messages, &states);
}

/// One message becomes very many, unless it is one of those.
fn fan_out(
    messages: &Arc<Slots>,
    wide: u64,
) -> impl Fn(&mut Run<'_>) -> Verdict + Send + Sync + use<> {
    let messages = messages.clone();
    move |run| {
        for (index, &value) in run.values.iter().enumerate() {
            let outputs = match messages.data(value).load(SeqCst) {
                0 => wide,
                _ => 1,
            };
            let room = run.outputs.capacity() - run.outputs.len();
            if room < outputs as usize {
                return Verdict::OutputsFull;
            }
            messages.take(value);
            run.outputs.extend((0..outputs).map(|number| Output {
                value: messages.give(number + 1),
                from: index as u64,
            }));
            *run.done += 1;
        }
        Verdict::Done
    }
}

#[test]
fn fan_out_far_beyond_the_credits_ends_in_bounded_memory() {
    let _alarm = Alarm::set();
    const WIDE: u64 = 100_000;
    const CREDITS: u64 = 1_024;
    const RUN: u64 = 64;
    const WORKERS: u64 = 2;
    const TIMES: u64 = 4;
    const BATCH: u64 = 100;
    let room = 3 * (TIMES * (WIDE + 4000)) as usize;
    let (messages, states) = (Slots::new(room), Slots::new(128));
    let delivered = Arc::new(AtomicU64::new(0));
    let count = delivered.clone();
    let sink = callback("results", &messages, move |_| {
        count.fetch_add(1, SeqCst);
    });
    let pass = each(&messages, |data, _| Ok(Some(data)));
    let steps = vec![
        step(
            "widen",
            "first",
            &messages,
            |data| data % 8,
            fan_out(&messages, WIDE),
        ),
        step("pass", "second", &messages, |data| data % 64, pass),
    ];
    let parts = ["first", "second"].map(|name| partition(name, &states, None));
    let pipelines = vec![pipeline("wide", &messages, CREDITS, steps, vec![sink])];
    let engine = started(application(
        WORKERS as u32,
        RUN as u32,
        parts.into(),
        pipelines,
    ));
    let over = AtomicBool::new(false);
    let most_seen = thread::scope(|scope| {
        let watch = scope.spawn(|| {
            let mut most = 0;
            while !over.load(SeqCst) {
                most = engine.metrics().in_flight.max(most);
                thread::yield_now();
            }
            most
        });
        let mut sender = Sender::new(engine.clone(), 0);
        // Now and then one that is wide, in the midst of many that are not.
        for number in 0..TIMES * 4000 / BATCH {
            let wide = number % (4000 / BATCH) == 20;
            let batch = (1..=BATCH).map(|data| if wide && data == 50 { 0 } else { data });
            assert_eq!(
                send(&mut sender, &messages, batch, &Wait::forever()).1,
                Ok(())
            );
        }
        let drained = engine.drain(&Wait::forever());
        over.store(true, SeqCst);
        assert_eq!(drained, Ok(()));
        watch.join().expect("the watch counts")
    });
    assert_eq!(delivered.load(SeqCst), TIMES * (WIDE + 3999));
    // All that are wide have one key: one shard has one output array of them. Others may have one
    // of a run each, in both steps.
    let shards = 2 * 2 * WORKERS;
    let most = CREDITS + WIDE + shards * 2 * RUN;
    assert!(most_seen <= most, "{most_seen} in flight, of {most}");
    // The host has what it is about to send besides.
    let held = messages.most() as u64;
    assert!(
        (WIDE..=most + BATCH).contains(&held),
        "{held} held, of {most}"
    );
    close(&engine, &messages, &states);
}

#[test]
fn one_wide_message_does_not_raise_the_overdraft_of_those_after_it() {
    let _alarm = Alarm::set();
    const WIDE: u64 = 10_000;
    const RUN: u64 = 64;
    let (messages, states) = (Slots::new(2 * WIDE as usize), Slots::new(1));
    let lent = Arc::new(AtomicUsize::new(0));
    let (sees, widen) = (lent.clone(), fan_out(&messages, WIDE));
    let compute = move |run: &mut Run<'_>| {
        sees.store(run.outputs.capacity(), SeqCst);
        widen(run)
    };
    let engine = started(application(
        1,
        RUN as u32,
        vec![partition("keys", &states, None)],
        vec![pipeline(
            "wide",
            &messages,
            RUN,
            vec![step("widen", "keys", &messages, |_| 0, compute)],
            vec![],
        )],
    ));
    let mut sender = Sender::new(engine.clone(), 0);
    for (data, expected) in [(0, WIDE..4 * WIDE), (1, RUN..2 * RUN + 1)] {
        let sent = send(&mut sender, &messages, [data], &Wait::forever());
        assert_eq!(sent.1, Ok(()));
        assert_eq!(engine.drain(&Wait::forever()), Ok(()));
        let lent = lent.load(SeqCst);
        assert!(expected.contains(&(lent as u64)), "room for {lent} outputs");
    }
    close(&engine, &messages, &states);
}

#[test]
fn a_drain_tells_which_sink_it_waits_for() {
    let _alarm = Alarm::set();
    let (messages, states) = (Slots::new(40), Slots::new(4));
    let pass = each(&messages, |data, _| Ok(Some(data)));
    let steps = vec![step("pass", "keys", &messages, |data| data % 4, pass)];
    let sinks = vec![queue("unread", 3), callback("taken", &messages, |_| {})];
    let engine = started(application(
        2,
        4,
        vec![partition("keys", &states, None)],
        vec![pipeline("numbers", &messages, 16, steps, sinks)],
    ));
    let mut sender = Sender::new(engine.clone(), 0);
    assert_eq!(
        send(&mut sender, &messages, 0..8, &Wait::forever()).1,
        Ok(())
    );
    while !engine
        .waiting_for()
        .contains("sink \"unread\" has 3 unread messages")
    {
        let drained = engine.drain(&Wait::at_most(Duration::from_millis(1)));
        assert_eq!(drained, Err(Refusal::Timeout));
    }
    let mut out = [Value(0); 2];
    for _ in 0..4 {
        let mut polled = 0;
        while polled < 2 {
            let some = engine
                .poll(0, 0, &mut out[polled..], &Wait::forever())
                .expect("a queue");
            polled += some.expect("there is more");
        }
        messages.take_all(&out);
    }
    assert_eq!(
        engine.drain(&Wait::forever()),
        Ok(()),
        "{}",
        engine.waiting_for()
    );
    close(&engine, &messages, &states);
}

/// An application whose only message is being computed until a gate opens, and fails then if told
/// to. Its credit is the only one, and nothing is in its queue.
struct Stuck {
    engine: Arc<Engine>,
    messages: Arc<Slots>,
    states: Arc<Slots>,
    gate: Arc<Count>,
    fails: Arc<AtomicBool>,
}

impl Stuck {
    fn new() -> Stuck {
        let (messages, states) = (Slots::new(16), Slots::new(1));
        let (gate, fails) = (Arc::new(Count::default()), Arc::new(AtomicBool::new(false)));
        let (opens, told) = (gate.clone(), fails.clone());
        let begun = Arc::new(Count::default());
        let begins = begun.clone();
        let compute = each(&messages, move |data, _| {
            begins.add();
            opens.reach(1);
            match told.load(SeqCst) {
                false => Ok(Some(data)),
                true => Err("it was told to".into()),
            }
        });
        let steps = vec![step("wait", "keys", &messages, |_| 7, compute)];
        let engine = started(application(
            2,
            4,
            vec![partition("keys", &states, None)],
            vec![pipeline(
                "stuck",
                &messages,
                1,
                steps,
                vec![queue("results", 4)],
            )],
        ));
        let mut sender = Sender::new(engine.clone(), 0);
        let sent = send(&mut sender, &messages, [1], &Wait::not_at_all());
        assert_eq!(sent, (1, Ok(())));
        begun.reach(1);
        Stuck {
            engine,
            messages,
            states,
            gate,
            fails,
        }
    }

    fn open(&self) {
        self.gate.add();
    }

    fn poll(&self, wait: &Wait) -> Result<(), Refusal> {
        let mut out = [Value(0)];
        let polled = self.engine.poll(0, 0, &mut out, wait).expect("a queue");
        polled.map(|count| self.messages.take_all(&out[..count]))
    }

    /// Waits in another thread while `wake` runs, and gives how the wait ended. Whether it had begun
    /// by then is left to chance, and to many rounds.
    fn waits(
        &self,
        wait: impl FnOnce(&Stuck, &Wait) -> Result<(), Refusal> + Send,
        wake: impl FnOnce(&Stuck, &Cancel),
    ) -> Result<(), Refusal> {
        let (about_to, cancel) = (Count::default(), Arc::new(Cancel::default()));
        let how = Wait {
            cancel: Some(cancel.clone()),
            ..Wait::forever()
        };
        thread::scope(|scope| {
            let waiter = scope.spawn(|| {
                about_to.add();
                wait(self, &how)
            });
            about_to.reach(1);
            wake(self, &cancel);
            let ended = waiter.join().expect("a wait does not panic");
            self.open();
            ended
        })
    }

    fn close(self) {
        close(&self.engine, &self.messages, &self.states);
    }
}

fn send_one(stuck: &Stuck, wait: &Wait) -> Result<(), Refusal> {
    let mut sender = Sender::new(stuck.engine.clone(), 0);
    send(&mut sender, &stuck.messages, [2], wait).1
}

fn poll(stuck: &Stuck, wait: &Wait) -> Result<(), Refusal> {
    stuck.poll(wait)
}

fn drain(stuck: &Stuck, wait: &Wait) -> Result<(), Refusal> {
    stuck.engine.drain(wait)
}

fn wait_for_the_end(stuck: &Stuck, wait: &Wait) -> Result<(), Refusal> {
    stuck.engine.wait(wait)
}

/// Begins to close, from a thread of its own: it can end only when the waiter is gone.
fn begin_to_close(stuck: &Stuck) {
    let closed = stuck.engine.close(&Wait::at_most(Duration::from_millis(1)));
    assert_eq!(closed, Err(Refusal::Timeout));
}

fn fail(stuck: &Stuck) {
    stuck.fails.store(true, SeqCst);
    stuck.open();
}

const ROUNDS: usize = 40;

type Waits = fn(&Stuck, &Wait) -> Result<(), Refusal>;

#[test]
fn every_wait_is_ended_by_a_failure() {
    let _alarm = Alarm::set();
    let waits: [Waits; 4] = [send_one, poll, drain, wait_for_the_end];
    for wait in waits.into_iter().cycle().take(ROUNDS) {
        let stuck = Stuck::new();
        assert_eq!(
            stuck.waits(wait, |stuck, _| fail(stuck)),
            Err(Refusal::Failed)
        );
        let failure = stuck.engine.failure().expect("it failed").to_string();
        let path = r#"application "threads" / pipeline "stuck" / step 1 "wait""#;
        assert_eq!(
            failure,
            format!("{path}: the computation failed for key 7: it was told to")
        );
        stuck.close();
    }
}

#[test]
fn every_wait_is_ended_by_closing() {
    let _alarm = Alarm::set();
    let waits: [Waits; 4] = [send_one, poll, drain, wait_for_the_end];
    for wait in waits.into_iter().cycle().take(ROUNDS) {
        let stuck = Stuck::new();
        let ended = stuck.waits(wait, |stuck, _| begin_to_close(stuck));
        assert_eq!(ended, Err(Refusal::Closed));
        stuck.close();
    }
}

#[test]
fn every_wait_is_ended_by_its_cancel() {
    let _alarm = Alarm::set();
    let waits: [Waits; 4] = [send_one, poll, drain, wait_for_the_end];
    for wait in waits.into_iter().cycle().take(ROUNDS) {
        let stuck = Stuck::new();
        let ended = stuck.waits(wait, |_, cancel| cancel.fire());
        assert_eq!(ended, Err(Refusal::Cancelled));
        stuck.close();
    }
}

#[test]
fn every_wait_ends_at_its_deadline() {
    let _alarm = Alarm::set();
    let waits: [Waits; 4] = [send_one, poll, drain, wait_for_the_end];
    let short = Duration::from_millis(3);
    for wait in waits {
        let stuck = Stuck::new();
        let begun = Instant::now();
        assert_eq!(wait(&stuck, &Wait::at_most(short)), Err(Refusal::Timeout));
        assert!(begun.elapsed() >= short);
        let closed = stuck.engine.close(&Wait::at_most(short));
        assert_eq!(closed, Err(Refusal::Timeout), "a computation still runs");
        stuck.open();
        stuck.close();
    }
}

#[test]
fn a_stop_ends_what_can_bring_nothing_any_more() {
    let _alarm = Alarm::set();
    for _ in 0..ROUNDS {
        let stuck = Stuck::new();
        let ended = stuck.waits(send_one, |stuck, _| assert_eq!(stuck.engine.stop(), Ok(())));
        assert_eq!(ended, Err(Refusal::Stopped));
        // What was accepted is still computed and read.
        assert_eq!(stuck.poll(&Wait::forever()), Ok(()));
        assert_eq!(stuck.poll(&Wait::forever()), Err(Refusal::Stopped));
        assert_eq!(stuck.engine.wait(&Wait::forever()), Ok(()));
        stuck.close();
    }
}

#[test]
fn a_poll_that_waits_is_ended_by_a_stop_when_nothing_is_left() {
    let _alarm = Alarm::set();
    for _ in 0..ROUNDS {
        let stuck = Stuck::new();
        let ended = stuck.waits(
            |stuck, wait| stuck.poll(wait).and_then(|()| stuck.poll(wait)),
            |stuck, _| {
                assert_eq!(stuck.engine.stop(), Ok(()));
                stuck.open();
            },
        );
        assert_eq!(ended, Err(Refusal::Stopped));
        stuck.close();
    }
}

#[test]
fn every_wait_gets_what_it_waits_for() {
    let _alarm = Alarm::set();
    for _ in 0..ROUNDS {
        let stuck = Stuck::new();
        assert_eq!(stuck.waits(poll, |stuck, _| stuck.open()), Ok(()));
        assert_eq!(drain(&stuck, &Wait::forever()), Ok(()));
        stuck.close();
        let stuck = Stuck::new();
        let sent = stuck.waits(send_one, |stuck, _| {
            stuck.open();
            assert_eq!(stuck.poll(&Wait::forever()), Ok(()));
        });
        assert_eq!(sent, Ok(()));
        let drained = stuck.waits(drain, |stuck, _| {
            assert_eq!(stuck.poll(&Wait::forever()), Ok(()))
        });
        assert_eq!(drained, Ok(()));
        stuck.close();
    }
}

#[test]
fn a_sender_gets_the_credit_of_a_message_that_died_on_another_senders_thread() {
    let _alarm = Alarm::set();
    for _ in 0..ROUNDS {
        a_message_dies_at_another_sender();
    }
}

fn a_message_dies_at_another_sender() {
    const CREDITS: u64 = 16;
    let (messages, states) = (Slots::new(64), Slots::new(1));
    let (asked, gate) = (Arc::new(Count::default()), Arc::new(Count::default()));
    let (asks, opens) = (asked.clone(), gate.clone());
    let key = move |data| {
        if data > 0 {
            return 1;
        }
        asks.add();
        opens.reach(1);
        resume_unwind(Box::new("there is no key"));
    };
    let pass = each(&messages, |data, _| Ok(Some(data)));
    let mut step = step("pass", "keys", &messages, key, pass);
    step.policy = Policy::Skip;
    let sinks = vec![queue("results", CREDITS)];
    let engine = started(application(
        1,
        4,
        vec![partition("keys", &states, None)],
        vec![pipeline("numbers", &messages, CREDITS, vec![step], sinks)],
    ));
    // All credits but one are at the sink, and stay there.
    let mut sender = Sender::new(engine.clone(), 0);
    let sent = send(&mut sender, &messages, 1..CREDITS, &Wait::forever());
    assert_eq!(sent.1, Ok(()));
    thread::scope(|scope| {
        let dying = scope.spawn(|| {
            let mut sender = Sender::new(engine.clone(), 0);
            send(&mut sender, &messages, [0], &Wait::forever())
        });
        asked.reach(1);
        let waiting = scope.spawn(|| {
            let refused = send(&mut sender, &messages, [1], &Wait::not_at_all());
            assert_eq!(refused, (0, Err(Refusal::WouldBlock)));
            gate.add();
            send(&mut sender, &messages, [1], &Wait::forever())
        });
        assert_eq!(dying.join().expect("it is sent"), (1, Ok(())));
        assert_eq!(waiting.join().expect("it is sent"), (1, Ok(())));
    });
    close(&engine, &messages, &states);
}

#[test]
fn closing_goes_on_when_one_of_two_who_close_gives_up() {
    let _alarm = Alarm::set();
    for _ in 0..ROUNDS {
        let stuck = Stuck::new();
        thread::scope(|scope| {
            let patient = scope.spawn(|| stuck.engine.close(&Wait::forever()));
            for _ in 0..10 {
                let gave_up = stuck
                    .engine
                    .close(&Wait::at_most(Duration::from_micros(20)));
                assert_eq!(gave_up, Err(Refusal::Timeout));
            }
            scope.spawn(|| {
                stuck
                    .engine
                    .close(&Wait::at_most(Duration::from_micros(20)))
            });
            stuck.open();
            assert_eq!(patient.join().expect("it returns"), Ok(()));
        });
        stuck.close();
    }
}

/// What the threads of a race share.
struct Race {
    engine: Arc<Engine>,
    messages: Arc<Slots>,
    accepted: AtomicU64,
    /// How many batches were sent.
    enough: Count,
}

impl Race {
    fn send(&self, pipeline: usize, mut random: Rng) {
        let mut sender = Sender::new(self.engine.clone(), pipeline);
        loop {
            let data: Vec<u64> = (0..random.usize(1..40)).map(|_| random.u64(..)).collect();
            let wait = match random.u32(..3) {
                0 => Wait::not_at_all(),
                1 => Wait::at_most(Duration::from_micros(50)),
                _ => Wait::forever(),
            };
            let (accepted, sent) = send(&mut sender, &self.messages, data, &wait);
            self.accepted.fetch_add(accepted as u64, SeqCst);
            self.enough.add();
            match sent {
                Ok(()) | Err(Refusal::WouldBlock | Refusal::Timeout) => {}
                Err(Refusal::Closed | Refusal::Failed | Refusal::Stopped) => break,
                Err(refusal) => panic!("send: {refusal:?}"),
            }
        }
        // If it failed, there will be no more.
        self.enough.end();
    }

    fn poll(&self, pipeline: usize) {
        let mut out = [Value(0); 16];
        loop {
            match self
                .engine
                .poll(pipeline, 0, &mut out, &Wait::forever())
                .expect("a queue")
            {
                Ok(count) => self.messages.take_all(&out[..count]),
                Err(Refusal::Closed | Refusal::Failed | Refusal::Stopped) => return,
                Err(refusal) => panic!("poll: {refusal:?}"),
            }
        }
    }

    fn drain(&self) {
        loop {
            match self
                .engine
                .drain(&Wait::at_most(Duration::from_micros(200)))
            {
                Ok(()) | Err(Refusal::Timeout) => {}
                Err(Refusal::Closed | Refusal::Failed) => return,
                Err(refusal) => panic!("drain: {refusal:?}"),
            }
        }
    }

    fn read(&self) {
        loop {
            match self.engine.read(0) {
                Ok(reader) => assert!(reader.count() <= 20),
                Err(Refusal::Busy) => thread::yield_now(),
                Err(Refusal::Closed) => return,
                Err(refusal) => panic!("read: {refusal:?}"),
            }
        }
    }
}

/// Two pipelines that share a partition; the second has two sinks. A message in `fails` fails.
fn race(seed: u64, random: &mut Rng) -> (Race, Arc<Slots>) {
    let (messages, states) = (Slots::new(2_000_000), Slots::new(100));
    let fails = if random.bool() {
        random.u64(2000..20_000)
    } else {
        u64::MAX
    };
    let steps = |name: &str| -> Vec<Step> {
        let (slots, count) = (messages.clone(), AtomicU64::new(0));
        let spread = move |run: &mut Run<'_>| {
            for (index, &value) in run.values.iter().enumerate() {
                if count.fetch_add(1, SeqCst) == fails {
                    return Verdict::Failed("its number is up".into());
                }
                let data = slots.take(value);
                run.outputs.extend((0..data % 4).map(|number| Output {
                    value: slots.give(data >> 2 ^ number),
                    from: index as u64,
                }));
                *run.done += 1;
            }
            Verdict::Done
        };
        let pass = each(&messages, |data, _| Ok((data % 5 > 0).then_some(data)));
        let mut second = step("pass", "other", &messages, |data| data % 7, pass);
        second.policy = Policy::Skip;
        vec![
            step(name, "shared", &messages, |data| data % 13, spread),
            second,
        ]
    };
    let pipelines = vec![
        pipeline(
            "one",
            &messages,
            random.u64(1..200),
            steps("a"),
            vec![queue("read", 5)],
        ),
        pipeline(
            "two",
            &messages,
            random.u64(1..200),
            steps("b"),
            vec![queue("read", 30), callback("taken", &messages, |_| {})],
        ),
    ];
    let parts = ["shared", "other"].map(|name| partition(name, &states, None));
    let mut declared = application(random.u32(1..4), 16, parts.into(), pipelines);
    if random.bool() {
        Beds::lend_to(&mut declared, &messages);
    }
    println!("PARTITA_SEED={seed}");
    let race = Race {
        engine: started(declared),
        messages,
        accepted: AtomicU64::new(0),
        enough: Count::default(),
    };
    (race, states)
}

#[test]
fn closing_may_race_with_everything_and_every_value_comes_back_once() {
    let _alarm = Alarm::set();
    for seed in seeds::all(30) {
        let random = &mut Rng::with_seed(seed);
        let (race, states) = race(seed, random);
        let sends = random.u64(1..400);
        let stops = random.bool();
        thread::scope(|scope| {
            for number in 0..4 {
                let (race, random) = (&race, random.fork());
                scope.spawn(move || race.send(number % 2, random));
            }
            for pipeline in [0, 1, 1] {
                let race = &race;
                scope.spawn(move || race.poll(pipeline));
            }
            scope.spawn(|| race.drain());
            scope.spawn(|| race.read());
            race.enough.reach(sends);
            if stops {
                assert_eq!(race.engine.stop(), Ok(()));
            }
            scope.spawn(|| assert_eq!(race.engine.close(&Wait::forever()), Ok(())));
            assert_eq!(
                race.engine.close(&Wait::forever()),
                Ok(()),
                "{}",
                race.engine.waiting_for()
            );
        });
        assert_eq!(race.engine.metrics().sent, race.accepted.load(SeqCst));
        close(&race.engine, &race.messages, &states);
    }
}

#[test]
fn a_reader_sees_all_that_was_accepted_and_nothing_moves_meanwhile() {
    let _alarm = Alarm::set();
    const EACH: u64 = 4_000;
    let (messages, states) = (Slots::new(3 * EACH as usize), Slots::new(16));
    let overlaps = Arc::new(AtomicUsize::new(0));
    let count = counting(&states, &overlaps);
    let compute = each(&messages, move |_, state| {
        count(state);
        Ok(None)
    });
    let steps = vec![step("count", "keys", &messages, |data| data % 16, compute)];
    let engine = started(application(
        2,
        8,
        vec![partition("keys", &states, None)],
        vec![pipeline("numbers", &messages, 64, steps, vec![])],
    ));
    let sending = AtomicUsize::new(3);
    let reads = thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                let mut sender = Sender::new(engine.clone(), 0);
                for start in (0..EACH).step_by(10) {
                    let sent = send(&mut sender, &messages, start..start + 10, &Wait::forever());
                    assert_eq!(sent.1, Ok(()));
                }
                sending.fetch_sub(1, SeqCst);
            });
        }
        let mut reads = 0;
        loop {
            let last = sending.load(SeqCst) == 0;
            let reader = match engine.read(0) {
                Ok(reader) => reader,
                Err(Refusal::Busy) => {
                    let drained = engine.drain(&Wait::at_most(Duration::from_millis(1)));
                    assert!(matches!(drained, Ok(()) | Err(Refusal::Timeout)));
                    continue;
                }
                Err(refusal) => panic!("read: {refusal:?}"),
            };
            let sent = engine.metrics().sent;
            let refused = engine.read(0).map(drop);
            assert_eq!(refused, Err(Refusal::Busy), "the partition is being read");
            // The reader lends parts as long as it lives.
            let mut reader = reader;
            let counted: u64 = reader
                .by_ref()
                .map(|part| states.data(part.state).load(SeqCst))
                .sum();
            assert_eq!(counted, sent);
            assert_eq!(
                engine.metrics().sent,
                sent,
                "messages were admitted meanwhile"
            );
            drop(reader);
            reads += 1;
            if last {
                break reads;
            }
        }
    });
    println!("{reads} reads");
    assert_eq!(overlaps.load(SeqCst), 0);
    assert_eq!(engine.metrics().computed, 3 * EACH);
    close(&engine, &messages, &states);
}

#[test]
fn a_worker_that_ends_inside_a_callback_takes_nothing_with_it() {
    let _alarm = Alarm::set();
    let (messages, states) = (Slots::new(100), Slots::new(4));
    let lost = Arc::new(Count::default());
    let (tells, slots) = (lost.clone(), messages.clone());
    let me: Arc<Mutex<Option<Arc<Engine>>>> = Arc::default();
    let of_worker = me.clone();
    let compute = move |run: &mut Run<'_>| {
        for index in 0..run.values.len() {
            let value = run.values[index];
            if slots.data(value).load(SeqCst) == 5 {
                let engine = of_worker.lock().expect("nobody panics").take();
                let engine = engine.expect("it comes here once");
                let verdict = Verdict::Failed("the thread is gone".into());
                assert_eq!(engine.worker_lost(0, verdict), Ok(()));
                drop(engine);
                tells.add();
                // This thread is as good as gone: it never returns to the engine.
                loop {
                    thread::park();
                }
            }
            slots.take(value);
            *run.done += 1;
        }
        Verdict::Done
    };
    let mut step = step("lose", "keys", &messages, |data| data % 4, compute);
    step.policy = Policy::Skip;
    let engine = engine(application(
        1,
        8,
        vec![partition("keys", &states, None)],
        vec![pipeline("numbers", &messages, 64, vec![step], vec![])],
    ));
    *me.lock().expect("nobody panics") = Some(engine.clone());
    let mut sender = Sender::new(engine.clone(), 0);
    assert_eq!(
        send(&mut sender, &messages, 0..20, &Wait::forever()).1,
        Ok(())
    );
    let first = engine.clone();
    thread::spawn(move || first.run_worker(0));
    lost.reach(1);
    let second = engine.clone();
    let second = thread::spawn(move || second.run_worker(0));
    assert_eq!(
        engine.drain(&Wait::forever()),
        Ok(()),
        "{}",
        engine.waiting_for()
    );
    assert_eq!(engine.metrics().computed, 19);
    close(&engine, &messages, &states);
    assert_eq!(second.join().expect("it returns"), Ok(()));
}

#[test]
fn threads_of_the_host_work_until_it_is_closed() {
    let _alarm = Alarm::set();
    let (messages, states) = (Slots::new(3000), Slots::new(16));
    let threads = Arc::new(Mutex::new(BTreeMap::new()));
    let seen = threads.clone();
    let compute = each(&messages, move |_, _| {
        let mut seen = seen.lock().expect("nobody panics");
        *seen
            .entry(format!("{:?}", thread::current().id()))
            .or_insert(0) += 1;
        Ok(None)
    });
    let steps = vec![step("count", "keys", &messages, |data| data % 16, compute)];
    let engine = engine(application(
        2,
        8,
        vec![partition("keys", &states, None)],
        vec![pipeline("numbers", &messages, 64, steps, vec![])],
    ));
    assert_eq!(engine.run_worker(2), Err(Refusal::NoSuchWorker));
    thread::scope(|scope| {
        let workers = [0, 1].map(|index| {
            let engine = &engine;
            scope.spawn(move || engine.run_worker(index))
        });
        let mut sender = Sender::new(engine.clone(), 0);
        assert_eq!(
            send(&mut sender, &messages, 0..3000, &Wait::forever()).1,
            Ok(())
        );
        assert_eq!(engine.drain(&Wait::forever()), Ok(()));
        close(&engine, &messages, &states);
        for worker in workers {
            assert_eq!(worker.join().expect("it returns"), Ok(()));
        }
    });
    assert_eq!(
        threads.lock().expect("nobody panics").values().sum::<u64>(),
        3000
    );
    assert_eq!(engine.run_worker(0), Ok(()), "there is nothing left to do");
}

#[test]
fn workers_that_sleep_in_the_hosts_way_miss_nothing() {
    let _alarm = Alarm::set();
    let (messages, states) = (Slots::new(10_000), Slots::new(16));
    let compute = each(&messages, |_, _| Ok(None));
    let steps = vec![step("take", "keys", &messages, |data| data % 16, compute)];
    let mut declared = application(
        3,
        8,
        vec![partition("keys", &states, None)],
        vec![pipeline("numbers", &messages, 64, steps, vec![])],
    );
    Beds::lend_to(&mut declared, &messages);
    let engine = started(declared);
    let mut sender = Sender::new(engine.clone(), 0);
    let mut random = Rng::with_seed(3);
    let mut all = 0;
    while all < 9_000 {
        // Now and then there is much to do, and mostly so little that all go back to sleep.
        let some = if random.u32(..8) == 0 {
            60
        } else {
            random.u64(1..4)
        };
        let sent = send(&mut sender, &messages, 0..some, &Wait::forever());
        assert_eq!(sent.1, Ok(()));
        assert_eq!(engine.drain(&Wait::forever()), Ok(()));
        all += some;
    }
    assert_eq!(engine.metrics().computed, all);
    close(&engine, &messages, &states);
}
