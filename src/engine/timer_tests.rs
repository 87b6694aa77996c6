//! Timers wake workers that sleep, in the engine's way or the host's; and under the stepper they are
//! when time passes.

use std::sync::mpsc;
use std::time::Duration;

use super::clock::{Clock, LAST, after};
use super::event::Wait;
use super::schedule::{ActorId, Schedule};
use super::{Engine, Refusal, Stepped};
use crate::host::{self, Host, Sleep, Values};
use crate::sync::{Arc, Condvar, Mutex, lock};
use crate::topology::{self, Application, Pipeline, Source, Threads};

const ACTOR: ActorId = ActorId(0);
const MS: Duration = Duration::from_millis(1);
const HOUR: Duration = Duration::from_secs(3600);

/// Where a worker sleeps in the host's way, with the permit to wake.
#[derive(Default)]
struct Bed(Mutex<bool>, Condvar);

impl Host for Bed {}

impl Sleep for Bed {
    fn park(&self, _worker: usize, most: Option<Duration>) {
        let permit = lock(&self.0);
        let most = most.unwrap_or(HOUR);
        let slept = self.1.wait_timeout_while(permit, most, |permit| !*permit);
        *slept.unwrap().0 = false;
    }

    fn unpark(&self, _worker: usize) {
        *lock(&self.0) = true;
        self.1.notify_all();
    }
}

/// A schedule of two actors and a worker that is asleep in it, and tells when it has run an actor.
fn asleep(hosted: bool) -> (Arc<Schedule>, Arc<Clock>, mpsc::Receiver<(usize, Duration)>) {
    let clock = Arc::new(Clock::System);
    let sleep = hosted.then(|| Arc::new(Bed::default()) as Arc<dyn Sleep>);
    let schedule = Schedule::new(2).with_sleep(sleep).with_clock(clock.clone());
    let schedule = Arc::new(schedule);
    let (ran, runs) = mpsc::channel();
    std::thread::spawn({
        let (schedule, clock) = (schedule.clone(), clock.clone());
        move || {
            let mut awake = false;
            while let Some(claim) = schedule.take(0, awake) {
                awake = true;
                let actor = claim.actor().0;
                schedule.give_back(claim, false);
                ran.send((actor, clock.now())).unwrap();
            }
        }
    });
    while schedule.parked() == 0 {
        std::thread::yield_now();
    }
    (schedule, clock, runs)
}

#[test]
fn a_sleeping_worker_runs_an_actor_once_its_time_has_come() {
    for hosted in [false, true] {
        let (schedule, clock, runs) = asleep(hosted);
        let time = clock.now() + 5 * MS;
        schedule.notify_at(ACTOR, time);
        assert_eq!(schedule.next_timer(), Some(time));
        let (actor, ran) = runs.recv().unwrap();
        assert_eq!(actor, 0);
        assert!(ran >= time, "it ran {:?} too early", time - ran);
        assert_eq!(schedule.next_timer(), None);
        schedule.close();
        assert!(runs.recv().is_err());
    }
}

#[test]
fn an_earlier_timer_of_another_actor_is_not_slept_through() {
    for hosted in [false, true] {
        let (schedule, clock, runs) = asleep(hosted);
        schedule.notify_at(ACTOR, clock.now() + HOUR);
        schedule.notify_at(ActorId(1), clock.now() + 5 * MS);
        assert_eq!(runs.recv().unwrap().0, 1);
        // What is left is not forgotten, nor is it early.
        assert!(schedule.next_timer().unwrap() > clock.now() + HOUR / 2);
        schedule.close();
        assert!(runs.recv().is_err());
    }
}

#[test]
fn an_actor_that_is_notified_before_its_time_is_notified_again_then() {
    let (schedule, clock, runs) = asleep(false);
    let time = clock.now() + 5 * MS;
    schedule.notify_at(ACTOR, time);
    schedule.notify(ACTOR);
    while runs.recv().unwrap().1 < time {}
    schedule.close();
}

#[test]
fn a_schedule_that_closes_forgets_timers_and_takes_no_more() {
    let (schedule, clock, runs) = asleep(false);
    schedule.notify_at(ACTOR, clock.now() + HOUR);
    schedule.close();
    assert!(runs.recv().is_err());
    assert_eq!(schedule.next_timer(), None);
    schedule.notify_at(ACTOR, clock.now() + HOUR);
    assert_eq!(schedule.next_timer(), None);
}

struct Nothing;

impl Host for Nothing {}

impl Values for Nothing {}

/// An application of one actor that has nothing to do, under the stepper.
fn stepped() -> Arc<Engine> {
    without_threads(Threads::Stepped(1))
}

fn without_threads(threads: Threads) -> Arc<Engine> {
    let mut pipeline = Pipeline::new("p".into());
    pipeline.from_source(Source {
        credits: 1,
        values: Arc::new(Nothing),
        listen: None,
    });
    pipeline.done();
    let declared = Application {
        name: "a".into(),
        workers: 1,
        threads,
        key_groups: 64,
        run_length: 1,
        stack_size: 0,
        dead_letters: None,
        completions: None,
        log: None,
        sleep: None,
        partitions: Vec::new(),
        pipelines: vec![pipeline],
    };
    let engine = Engine::new(declared);
    let engine = engine.unwrap_or_else(|rejected| panic!("{:?}", rejected.mistakes));
    while engine.step() {}
    engine
}

#[test]
fn when_nothing_can_run_time_passes_to_the_next_timer_or_to_the_deadline() {
    let engine = stepped();
    let wait = |most| engine.wait(&Wait::at_most(most));
    engine.pools.notify_at(ACTOR, 10 * MS);
    assert_eq!(engine.next_timer(), Some(10 * MS));
    assert_eq!(wait(4 * MS), Err(Refusal::Timeout));
    assert_eq!(engine.clock(), Some(4 * MS));
    assert_eq!(engine.next_timer(), Some(6 * MS));
    // Beyond the timer: the actor runs, and the wait goes on to its deadline.
    assert_eq!(wait(20 * MS), Err(Refusal::Timeout));
    assert_eq!(engine.clock(), Some(24 * MS));
    assert_eq!(engine.next_timer(), None);
    // Without a deadline, the next timer is all there is to wait for.
    engine.pools.notify_at(ACTOR, 30 * MS);
    assert_eq!(engine.wait(&Wait::forever()), Err(Refusal::Deadlock));
    assert_eq!(engine.clock(), Some(30 * MS));
}

/// The clock stands at the end of time. A deadline beyond it was never reached: the wait moved the clock again and
/// again.
#[test]
fn a_wait_that_would_go_beyond_the_end_of_time_ends_there() {
    let engine = stepped();
    engine.advance(LAST - 5 * MS);
    assert_eq!(engine.wait(&Wait::at_most(10 * MS)), Err(Refusal::Timeout));
    assert_eq!(engine.clock(), Some(LAST));
    assert_eq!(engine.wait(&Wait::at_most(10 * MS)), Err(Refusal::Timeout));
    // What an actor is to do later than that, it does then.
    engine.pools.notify_at(ACTOR, after(engine.seam.now(), MS));
    assert!(engine.step());
}

#[test]
fn an_actor_is_run_once_time_was_made_to_pass() {
    let engine = stepped();
    engine.pools.notify_at(ACTOR, 10 * MS);
    assert!(!engine.step());
    engine.advance(9 * MS);
    assert!(!engine.step());
    engine.advance(MS);
    assert_eq!(engine.next_timer(), Some(Duration::ZERO));
    assert!(engine.step());
    assert!(!engine.step());
}

#[test]
fn a_loop_is_told_how_long_it_may_sleep() {
    #[derive(Default)]
    struct Watch(std::sync::atomic::AtomicU64);
    impl Host for Watch {}
    impl host::Clock for Watch {
        fn now(&self) -> Duration {
            Duration::from_millis(self.0.load(std::sync::atomic::Ordering::SeqCst))
        }
    }
    let watch = Arc::new(Watch::default());
    let clock = topology::Clock::Host(watch.clone());
    let engine = without_threads(Threads::None(clock));
    let stepped = |budget| engine.step_many(budget).unwrap().unwrap();
    let told = |turns, idle| Stepped { turns, idle };
    assert_eq!(stepped(9), told(0, None));
    engine.pools.notify_at(ACTOR, 10 * MS);
    assert_eq!(stepped(9), told(0, Some(10 * MS)));
    watch.0.store(9, std::sync::atomic::Ordering::SeqCst);
    assert_eq!(stepped(9), told(0, Some(MS)));
    // It stands still while the host waits.
    assert_eq!(engine.wait(&Wait::at_most(20 * MS)), Err(Refusal::Timeout));
    watch.0.store(11, std::sync::atomic::Ordering::SeqCst);
    assert_eq!(stepped(9), told(1, None));
}

#[test]
fn a_wait_in_a_loop_runs_the_actor_whose_time_comes_meanwhile() {
    let engine = without_threads(Threads::None(topology::Clock::System));
    engine.pools.notify_at(ACTOR, engine.seam.now() + 5 * MS);
    // Without a deadline, the timer is all there is to wait for.
    assert_eq!(engine.wait(&Wait::forever()), Err(Refusal::Deadlock));
    assert_eq!(engine.next_timer(), None);
}

#[test]
fn a_wait_in_a_loop_is_woken_for_a_timer_that_is_set_meanwhile() {
    let engine = without_threads(Threads::None(topology::Clock::System));
    let other = engine.clone();
    let waiting = std::thread::spawn(move || other.wait(&Wait::at_most(20_000 * MS)));
    for _ in 0..100 {
        engine.pools.notify_at(ACTOR, engine.seam.now() + MS);
        while engine.next_timer().is_some() {
            assert!(!waiting.is_finished());
            std::thread::yield_now();
        }
    }
    engine.stop().unwrap();
    assert_eq!(waiting.join().unwrap(), Ok(()));
}
