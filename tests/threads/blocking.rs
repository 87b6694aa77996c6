//! Steps that block have threads of their own, and nothing else waits for them.

use partita::host::{ChainRun, Host, Transform};
use partita::model::DeadReason;
use partita::topology::{Computation, Pipeline};

use super::*;

/// An application in which each key is the only one of its group.
fn spacious(parts: Vec<partita::topology::Partition>, pipelines: Vec<Pipeline>) -> Application {
    let mut declared = application(2, 64, parts, pipelines);
    declared.key_groups = 65_536;
    declared
}

fn blocking(mut step: Step, threads: u32) -> Step {
    step.blocking = threads;
    step
}

/// Sends all of `data`.
#[track_caller]
fn send_all(
    engine: &Arc<Engine>,
    pipeline: usize,
    messages: &Slots,
    data: impl IntoIterator<Item = u64>,
) {
    let mut sender = Sender::new(engine.clone(), pipeline);
    let sent = send(&mut sender, messages, data, &Wait::forever());
    assert_eq!(sent.1, Ok(()));
}

#[test]
fn as_many_keys_are_computed_at_once_as_a_step_has_threads() {
    let _alarm = Alarm::set();
    const THREADS: u64 = 12;
    const ROUNDS: u64 = 50;
    for declared in [None, Some((0..THREADS).collect())] {
        let messages = Slots::new((THREADS * ROUNDS) as usize);
        let states = Slots::new(THREADS as usize);
        let meeting = Count::default();
        // Each message waits for one of every other key.
        let compute = each(&messages, move |_, _| {
            meeting.meet(THREADS);
            Ok(None)
        });
        let step = step("meet", "keys", &messages, |data| data, compute);
        let steps = vec![blocking(step, THREADS as u32)];
        let engine = started(spacious(
            vec![partition("keys", &states, declared)],
            vec![pipeline("all", &messages, 1000, steps, vec![])],
        ));
        assert_eq!(engine.threads(), 2 + THREADS as usize);
        let rounds = (0..ROUNDS).flat_map(|_| 0..THREADS);
        send_all(&engine, 0, &messages, rounds);
        assert_eq!(engine.drain(&Wait::forever()), Ok(()));
        close(&engine, &messages, &states);
    }
}

#[test]
fn steps_that_block_keep_the_order_of_each_key_and_its_state_to_one_thread() {
    let _alarm = Alarm::set();
    const SENDERS: u64 = 4;
    const KEYS: u64 = 40;
    const EACH: u64 = 100;
    let all = (SENDERS * KEYS * EACH) as usize;
    let (messages, states) = (Slots::new(4 * all), Slots::new(KEYS as usize * 2));
    let (wrong, overlaps) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let passing = |name: &str, partition: &str| {
        let (look, count) = (
            in_order(SENDERS, KEYS, &wrong),
            counting(&states, &overlaps),
        );
        let compute = each(&messages, move |data, state| {
            look(data);
            count(state);
            Ok(Some(data))
        });
        step(name, partition, &messages, key_of, compute)
    };
    // The second one shares its partition, and so its threads, with the last one, which does not block.
    let steps = vec![
        passing("plain", "plain"),
        blocking(passing("blocking", "shared"), 7),
        passing("behind", "shared"),
    ];
    let engine = started(application(
        2,
        16,
        vec![
            partition("plain", &states, None),
            partition("shared", &states, None),
        ],
        vec![pipeline("numbers", &messages, 256, steps, vec![])],
    ));
    thread::scope(|scope| {
        for sender in 0..SENDERS {
            let (engine, messages) = (&engine, &messages);
            scope.spawn(move || {
                let numbers = (0..EACH)
                    .flat_map(|number| (0..KEYS).map(move |key| numbered(sender, key, number)));
                send_all(engine, 0, messages, numbers);
            });
        }
    });
    assert_eq!(engine.drain(&Wait::forever()), Ok(()));
    assert_eq!((wrong.load(SeqCst), overlaps.load(SeqCst)), (0, 0));
    assert_eq!(engine.metrics().computed, 3 * all as u64);
    close(&engine, &messages, &states);
}

/// An application of which one pipeline has a step with 3 threads that blocks until `gate` opens, and
/// the other one has none.
struct Held {
    engine: Arc<Engine>,
    messages: Arc<Slots>,
    states: Arc<Slots>,
    /// Counts callbacks that block.
    inside: Arc<Count>,
    gate: Arc<Count>,
}

impl Held {
    fn new() -> Held {
        let (messages, states) = (Slots::new(20_000), Slots::new(64));
        let (inside, gate) = (Arc::new(Count::default()), Arc::new(Count::default()));
        let (come, wait) = (inside.clone(), gate.clone());
        let block = each(&messages, move |data, _| {
            come.add();
            wait.reach(1);
            Ok(Some(data))
        });
        let pass = each(&messages, |data, _| Ok(Some(data)));
        let held = blocking(step("block", "slow", &messages, |data| data, block), 3);
        let plain = step("pass", "fast", &messages, |data| data % 20, pass);
        let engine = started(spacious(
            vec![
                partition("slow", &states, None),
                partition("fast", &states, None),
            ],
            vec![
                pipeline("slow", &messages, 1000, vec![held], vec![]),
                pipeline("fast", &messages, 100, vec![plain], vec![]),
            ],
        ));
        send_all(&engine, 0, &messages, 0..20);
        inside.reach(3);
        Held {
            engine,
            messages,
            states,
            inside,
            gate,
        }
    }
}

#[test]
fn the_rest_is_not_held_up_by_callbacks_that_block() {
    let _alarm = Alarm::set();
    let held = Held::new();
    // Far more than its credits: they come back only if it is computed.
    send_all(&held.engine, 1, &held.messages, 0..4_000);
    assert_eq!(held.inside.add(), 4, "more than 3 callbacks run at once");
    held.gate.add();
    assert_eq!(held.engine.drain(&Wait::forever()), Ok(()));
    close(&held.engine, &held.messages, &held.states);
}

#[test]
fn closing_waits_for_callbacks_that_block_until_its_deadline() {
    let _alarm = Alarm::set();
    let held = Held::new();
    let soon = Wait::at_most(Duration::from_millis(5));
    assert_eq!(held.engine.close(&soon), Err(Refusal::Timeout));
    let why = held.engine.waiting_for();
    assert!(why.contains("step 1 \"block\" has"), "{why}");
    held.gate.add();
    close(&held.engine, &held.messages, &held.states);
    // What waited behind them was dropped.
    let metrics = held.engine.metrics();
    let closed = metrics.dead[DeadReason::Closed as usize];
    assert!(closed > 0, "all was computed");
    assert_eq!(metrics.computed + closed, 20);
}

#[test]
fn a_failure_and_a_stop_reach_steps_that_block() {
    let _alarm = Alarm::set();
    let held = Held::new();
    assert_eq!(held.engine.stop(), Ok(()));
    let soon = Wait::at_most(Duration::from_millis(5));
    assert_eq!(held.engine.wait(&soon), Err(Refusal::Timeout));
    held.gate.add();
    // All that was accepted is computed.
    assert_eq!(held.engine.wait(&Wait::forever()), Ok(()));
    assert_eq!(held.engine.metrics().computed, 20);
    assert_eq!(held.engine.read(0).map(|reader| reader.count()), Ok(20));
    close(&held.engine, &held.messages, &held.states);

    let (messages, states) = (Slots::new(100), Slots::new(64));
    let fails = each(&messages, |data, _| match data {
        7 => Err("seven".into()),
        _ => Ok(None),
    });
    let step = blocking(step("fail", "keys", &messages, |data| data, fails), 4);
    let parts = vec![partition("keys", &states, None)];
    let pipelines = vec![pipeline("all", &messages, 100, vec![step], vec![])];
    let engine = started(spacious(parts, pipelines));
    let mut sender = Sender::new(engine.clone(), 0);
    send(&mut sender, &messages, 0..20, &Wait::forever()).1.ok();
    assert_eq!(engine.wait(&Wait::forever()), Err(Refusal::Failed));
    close(&engine, &messages, &states);
}

/// A stateless computation of which so many must run at once.
struct Meet(Count, u64, Arc<Slots>);

impl Host for Meet {
    fn release(&self) {
        self.2.let_host_go();
    }
}

impl Transform for Meet {
    fn transform(&self, run: &mut ChainRun<'_>) -> Verdict {
        for &value in run.values {
            self.0.meet(self.1);
            self.2.take(value);
            run.completed[0] += 1;
        }
        Verdict::Done
    }
}

#[test]
fn a_parallel_step_that_blocks_uses_all_of_its_threads() {
    let _alarm = Alarm::set();
    const THREADS: u64 = 6;
    let (messages, states) = (Slots::new(600), Slots::new(1));
    // Lends what takes its outputs back.
    let with_values = step("", "", &messages, |data| data, |_| Verdict::Done);
    messages.lend_host();
    with_values.keys.iter().for_each(|keys| keys.release());
    with_values.compute.release();
    let mut pipeline = pipeline("all", &messages, 1000, vec![], vec![]);
    pipeline.done = false;
    pipeline.to(Computation {
        name: "meet".into(),
        transform: Arc::new(Meet(Count::default(), THREADS, messages.clone())),
        parallel: true,
        values: with_values.values,
        policy: Policy::Stop,
        blocking: THREADS as u32,
    });
    pipeline.done();
    let engine = started(spacious(vec![], vec![pipeline]));
    // As one batch, and in batches of one.
    for round in 0..100 {
        match round % 2 {
            0 => send_all(&engine, 0, &messages, 0..THREADS),
            _ => (0..THREADS).for_each(|data| send_all(&engine, 0, &messages, [data])),
        }
        assert_eq!(engine.drain(&Wait::forever()), Ok(()));
    }
    close(&engine, &messages, &states);
}

#[test]
fn threads_of_the_host_run_steps_that_block_and_may_end_inside_them() {
    let _alarm = Alarm::set();
    let (messages, states) = (Slots::new(100), Slots::new(100));
    let me: Arc<Mutex<Option<Arc<Engine>>>> = Arc::default();
    let (of_worker, slots) = (me.clone(), messages.clone());
    let lost = Arc::new(Count::default());
    let tells = lost.clone();
    let compute = move |run: &mut Run<'_>| {
        for index in 0..run.values.len() {
            let value = run.values[index];
            if slots.data(value).load(SeqCst) == 5 {
                let engine = of_worker.lock().expect("nobody panics").take();
                let engine = engine.expect("it comes here once");
                let verdict = Verdict::Failed("the thread is gone".into());
                // The one worker is 0, and this is the first thread behind it, or the second.
                let first = engine.worker_lost(1, verdict.clone());
                if first != Ok(()) {
                    assert_eq!(engine.worker_lost(2, verdict), Ok(()));
                }
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
    let mut step = blocking(step("lose", "keys", &messages, |data| data, compute), 2);
    step.policy = Policy::Skip;
    let mut declared = spacious(
        vec![partition("keys", &states, None)],
        vec![pipeline("numbers", &messages, 64, vec![step], vec![])],
    );
    declared.workers = 1;
    let engine = engine(declared);
    *me.lock().expect("nobody panics") = Some(engine.clone());
    assert_eq!(engine.threads(), 3);
    assert_eq!(engine.run_worker(3), Err(Refusal::NoSuchWorker));
    let enter = |index| {
        let engine = engine.clone();
        thread::spawn(move || engine.run_worker(index))
    };
    // A worker does nothing of what blocks.
    let worker = enter(0);
    send_all(&engine, 0, &messages, 0..50);
    let soon = Wait::at_most(Duration::from_millis(5));
    assert_eq!(engine.drain(&soon), Err(Refusal::Timeout));
    assert_eq!(engine.metrics().computed, 0);
    let (_one, _two) = (enter(1), enter(2));
    lost.reach(1);
    assert_eq!(engine.drain(&Wait::forever()), Ok(()));
    assert_eq!(engine.metrics().computed, 49);
    close(&engine, &messages, &states);
    assert_eq!(worker.join().expect("it returns"), Ok(()));
}

#[test]
fn who_closes_drops_what_waits_for_threads_that_never_came() {
    let _alarm = Alarm::set();
    let (messages, states) = (Slots::new(100), Slots::new(100));
    let compute = each(&messages, |_, _| Ok(None));
    let step = blocking(step("none", "keys", &messages, |data| data, compute), 2);
    let engine = engine(spacious(
        vec![partition("keys", &states, Some(vec![1, 2, 3]))],
        vec![pipeline("numbers", &messages, 64, vec![step], vec![])],
    ));
    let worker = thread::spawn({
        let engine = engine.clone();
        move || engine.run_worker(0)
    });
    send_all(&engine, 0, &messages, 0..50);
    close(&engine, &messages, &states);
    assert_eq!(worker.join().expect("it returns"), Ok(()));
}

#[test]
fn threads_of_steps_that_block_are_checked() {
    let (messages, states) = (Slots::new(1), Slots::new(1));
    let with = |threads: [u32; 3]| {
        let names = ["one", "two", "three"];
        let steps = names.iter().zip(threads).map(|(name, threads)| {
            let partition = if *name == "three" { "other" } else { "keys" };
            let compute = each(&messages, |_, _| Ok(None));
            blocking(
                step(name, partition, &messages, |data| data, compute),
                threads,
            )
        });
        let mut numbers = pipeline("numbers", &messages, 64, steps.collect(), vec![]);
        if threads[0] == 1 {
            numbers.done = false;
            numbers.to(Computation {
                name: "ordered".into(),
                transform: Arc::new(Meet(Count::default(), 1, messages.clone())),
                parallel: false,
                values: step("", "", &messages, |data| data, |_| Verdict::Done).values,
                policy: Policy::Stop,
                blocking: 1,
            });
            numbers.done();
        }
        let parts = ["keys", "other"].map(|name| partition(name, &states, None));
        let mistakes = application(1, 1, parts.into(), vec![numbers]).check();
        mistakes
            .into_iter()
            .map(|mistake| format!("{}: {}", mistake.path, mistake.message))
            .collect::<Vec<_>>()
    };
    assert_eq!(with([512, 512, 512]), Vec::<String>::new());
    assert_eq!(with([512, 0, 0]), Vec::<String>::new());
    let all = "application \"threads\": threads of blocking steps: expected 0 to 1024, got 1025";
    assert_eq!(with([512, 512, 513]), [all]);
    let numbers = "application \"threads\" / pipeline \"numbers\"";
    let differ = "it is blocking with 3 threads, and another step of partition \"keys\" with 2: expected the same";
    assert_eq!(
        with([2, 3, 0]),
        [format!("{numbers} / step 2 \"two\": {differ}")]
    );
    let ordered = "it is blocking, and neither parallel nor has it a state: expected a parallel step, where order is given up, or one with a state";
    assert_eq!(
        with([1, 1, 1]),
        [format!("{numbers} / step 4 \"ordered\": {ordered}")]
    );
}
