//! Models of every hand-off between threads in this room, for loom: all orders in which they can meet, within a
//! bound on preemptions. What `src/ffi` and `src/connect` have is not modelled. A wake-up that is lost is a deadlock, which loom reports.
//!
//! `RUSTFLAGS="--cfg loom" cargo test --release --lib --target-dir target/loom`. More preemptions than a
//! model asks for: `LOOM_MAX_PREEMPTIONS=5`.

use std::sync::atomic::{
    AtomicI64, AtomicUsize,
    Ordering::{Relaxed, SeqCst},
};

use loom::cell::UnsafeCell;
use loom::thread;

use super::buffer::{Hopper, Watches};
use super::clock::Clock;
use super::event::{Cancel, Event, Wait, WaitError};
use super::flow::Flow;
use super::intake::Intake;
use super::mailbox::Mailbox;
use super::quarantine::Quarantine;
use super::queue::SinkQueue;
use super::schedule::{ActorId, Claim, Schedule};
use super::segment::{Origin, Spans};
use super::ticket::{Ticket, Tickets};
use super::{Batch, Engine, Failure, Refusal, Sender, Tokens};
use crate::host::{
    self, Build, BuildBatch, Compute, Deliver, Host, KeyBatch, Output, Run, Sleep, Values, Verdict,
};
use crate::model::{KeyKind, Policy, Retry, Value};
use crate::state::KeyRef;
use crate::sync::{Arc, Condvar, Mutex, lock};
use crate::topology::{
    self, Application, Partition, Pipeline, Sink, SinkKind, Source, Step, Threads,
};

/// Checks a model in all orders that have up to so many preemptions.
fn check(preemptions: usize, model: impl Fn() + Sync + Send + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound.get_or_insert(preemptions);
    builder.max_branches = 20_000;
    builder.check(model);
}

// ---- mailbox and schedule ----

const ACTOR: ActorId = ActorId(0);

/// The next actor for a worker, which was `awake` if it had one before.
fn next(schedule: &Schedule, worker: usize, awake: &mut bool) -> Option<Claim> {
    schedule.take(worker, std::mem::replace(awake, true))
}

/// An actor's mailbox, and its contents: what it has taken out of it. Loom tells if two threads
/// reach the contents without an order between them.
struct Post {
    schedule: Schedule,
    mailbox: Mailbox<u32>,
    taken: UnsafeCell<Vec<u32>>,
}

// SAFETY: the contents are reached with the actor's claim only: loom checks that.
#[allow(unsafe_code)]
unsafe impl Sync for Post {}

/// Where workers sleep in the host's way: one permit for each, as a channel of one would be.
struct Beds {
    permits: Mutex<[bool; 3]>,
    woken: Condvar,
}

impl Beds {
    fn some() -> Option<std::sync::Arc<dyn Sleep>> {
        Some(Arc::new(Beds {
            permits: Mutex::new([false; 3]),
            woken: Condvar::new(),
        }))
    }
}

impl Host for Beds {}

impl Sleep for Beds {
    fn park(&self, worker: usize, most: Option<std::time::Duration>) {
        let mut permits = lock(&self.permits);
        if most.is_some() {
            // Loom knows no time: it is over whenever others have run.
            drop(permits);
            thread::yield_now();
            permits = lock(&self.permits);
        } else {
            while !permits[worker] {
                permits = self.woken.wait(permits).unwrap();
            }
        }
        permits[worker] = false;
    }

    fn unpark(&self, worker: usize) {
        lock(&self.permits)[worker] = true;
        self.woken.notify_all();
    }
}

/// A schedule whose workers sleep in the engine's way or in the host's.
fn schedule(actors: usize, hosted: bool) -> Schedule {
    Schedule::new(actors).with_sleep(if hosted { Beds::some() } else { None })
}

impl Post {
    fn new() -> Arc<Post> {
        Post::sleeping(false)
    }

    fn sleeping(hosted: bool) -> Arc<Post> {
        Arc::new(Post {
            schedule: schedule(1, hosted),
            mailbox: Mailbox::default(),
            taken: UnsafeCell::new(Vec::new()),
        })
    }

    fn leave(&self, message: u32) {
        self.mailbox.push(message);
        self.schedule.notify(ACTOR);
    }

    /// The contents, for the holder of the claim.
    #[allow(unsafe_code)]
    fn contents<T>(&self, _claim: &Claim, look: impl FnOnce(&mut Vec<u32>) -> T) -> T {
        // SAFETY: the claim is the only one: loom checks that.
        self.taken.with_mut(|taken| look(unsafe { &mut *taken }))
    }

    /// Runs the actor as this worker until it has taken `enough`, then closes.
    fn work(&self, worker: usize, enough: usize) {
        let mut awake = false;
        while let Some(claim) = next(&self.schedule, worker, &mut awake) {
            let over = self.contents(&claim, |taken| {
                let mut mail = Vec::new();
                self.mailbox.take(&mut mail);
                taken.append(&mut mail);
                taken.len() == enough
            });
            self.schedule.give_back(claim, false);
            if over {
                self.schedule.close();
            }
        }
    }
}

#[test]
fn what_is_left_in_a_mailbox_is_taken_once_in_order_by_one_worker_at_a_time() {
    for hosted in [false, true] {
        check(2, move || {
            let post = Post::sleeping(hosted);
            let mut threads: Vec<_> = (0..2)
                .map(|worker| {
                    let post = post.clone();
                    thread::spawn(move || post.work(worker, 3))
                })
                .collect();
            let other = post.clone();
            threads.push(thread::spawn(move || other.leave(10)));
            post.leave(1);
            post.leave(2);
            threads
                .into_iter()
                .for_each(|thread| thread.join().unwrap());
            let claim = Claim::reclaim(ACTOR);
            let taken = post.contents(&claim, std::mem::take);
            let own: Vec<u32> = taken
                .iter()
                .copied()
                .filter(|&message| message < 10)
                .collect();
            assert_eq!((taken.len(), own), (3, vec![1, 2]));
        });
    }
}

#[test]
fn an_actor_that_has_more_to_do_is_run_again() {
    check(3, || {
        let post = Post::new();
        let worker = post.clone();
        let worker = thread::spawn(move || {
            let (mut mail, mut awake) = (Vec::new(), false);
            while let Some(claim) = next(&worker.schedule, 0, &mut awake) {
                let mut arrived = Vec::new();
                worker.mailbox.take(&mut arrived);
                mail.append(&mut arrived);
                // One message for each turn.
                let done = worker.contents(&claim, |taken| {
                    taken.extend(mail.pop());
                    taken.len()
                });
                worker.schedule.give_back(claim, !mail.is_empty());
                if done == 3 {
                    worker.schedule.close();
                }
            }
        });
        let other = post.clone();
        let other = thread::spawn(move || other.leave(10));
        post.leave(1);
        post.leave(2);
        other.join().unwrap();
        worker.join().unwrap();
    });
}

#[test]
fn who_claims_an_actor_has_it_alone_and_keeps_no_message_from_it() {
    check(3, || {
        let post = Post::new();
        let (worker, reader) = (post.clone(), post.clone());
        let worker = thread::spawn(move || worker.work(0, 1));
        let reader = thread::spawn(move || {
            if let Some(claim) = reader.schedule.try_claim(ACTOR) {
                reader.contents(&claim, |taken| assert!(taken.len() <= 1));
                reader.schedule.give_back(claim, true);
            }
        });
        post.leave(1);
        reader.join().unwrap();
        worker.join().unwrap();
    });
}

/// Two workers, each of which waits inside its actor until the other is inside one.
fn two_actors_that_meet(
    hosted: bool,
    eager: bool,
    notify: impl Fn(&Schedule) + Send + Sync + 'static,
) {
    check(3, move || {
        let schedule = Arc::new(schedule(2, hosted).eager(eager));
        let meeting = Arc::new((Mutex::new(0), Condvar::new()));
        let workers: Vec<_> = (0..2)
            .map(|worker| {
                let (schedule, meeting) = (schedule.clone(), meeting.clone());
                thread::spawn(move || {
                    let claim = schedule.take(worker, false).unwrap();
                    let mut here = lock(&meeting.0);
                    *here += 1;
                    meeting.1.notify_all();
                    while *here < 2 {
                        here = meeting.1.wait(here).unwrap();
                    }
                    drop(here);
                    schedule.give_back(claim, false);
                })
            })
            .collect();
        notify(&schedule);
        workers
            .into_iter()
            .for_each(|worker| worker.join().unwrap());
    });
}

#[test]
fn two_ready_actors_run_at_once_if_two_workers_are_free() {
    for (hosted, eager) in [(false, false), (false, true), (true, false), (true, true)] {
        two_actors_that_meet(hosted, eager, |schedule| {
            schedule.notify(ActorId(0));
            schedule.notify(ActorId(1));
        });
        two_actors_that_meet(hosted, eager, |schedule| {
            schedule.notify_many(&[ActorId(0), ActorId(1)]);
        });
    }
}

#[test]
fn all_workers_leave_when_the_schedule_closes() {
    for hosted in [false, true] {
        check(2, move || {
            let post = Post::sleeping(hosted);
            let workers: Vec<_> = (0..3)
                .map(|worker| {
                    let post = post.clone();
                    thread::spawn(move || post.work(worker, usize::MAX))
                })
                .collect();
            post.leave(1);
            post.schedule.close();
            workers
                .into_iter()
                .for_each(|worker| worker.join().unwrap());
            // Nobody can enter any more, though work may be left.
            assert!(post.schedule.take(0, false).is_none());
            assert!(post.schedule.try_take().is_none());
        });
    }
}

#[test]
fn the_actor_of_a_lost_worker_is_run_on_by_another() {
    check(3, || {
        let post = Post::new();
        let lost = post.clone();
        let lost = thread::spawn(move || {
            if let Some(claim) = lost.schedule.take(0, false) {
                lost.contents(&claim, |taken| {
                    let mut mail = Vec::new();
                    lost.mailbox.take(&mut mail);
                    taken.append(&mut mail);
                });
                // The thread ends here, and says so.
                lost.schedule.worker_gone();
                lost.schedule.give_back(Claim::reclaim(ACTOR), true);
            }
        });
        let worker = post.clone();
        let worker = thread::spawn(move || worker.work(1, 2));
        post.leave(1);
        post.leave(2);
        lost.join().unwrap();
        worker.join().unwrap();
    });
}

// ---- timers ----

use std::time::Duration;

/// When the timers of these models are.
const LATER: Duration = Duration::from_nanos(1);

#[test]
fn a_worker_that_sleeps_wakes_for_a_timer() {
    for hosted in [false, true] {
        check(3, move || {
            let clock = Arc::new(Clock::own());
            let schedule = Arc::new(schedule(1, hosted).with_clock(clock.clone()));
            let worker = {
                let schedule = schedule.clone();
                thread::spawn(move || {
                    let claim = schedule.take(0, false).unwrap();
                    schedule.give_back(claim, false);
                })
            };
            // Gives the worker another moment to fall asleep in.
            assert_eq!(schedule.next_timer(), None);
            schedule.notify_at(ACTOR, LATER);
            clock.move_to(LATER);
            worker.join().unwrap();
        });
    }
}

#[test]
fn a_timer_does_not_wait_for_a_worker_that_is_held_up_while_another_sleeps() {
    check(2, || {
        let clock = Arc::new(Clock::own());
        let schedule = Arc::new(Schedule::new(2).with_clock(clock.clone()));
        let ran = Arc::new((Mutex::new(false), Condvar::new()));
        schedule.notify(ACTOR);
        let workers: Vec<_> = (0..2)
            .map(|worker| {
                let (schedule, clock, ran) = (schedule.clone(), clock.clone(), ran.clone());
                thread::spawn(move || {
                    let claim = schedule.take(worker, false).unwrap();
                    if claim.actor() == ACTOR {
                        // It is held up until the other actor has run.
                        schedule.notify_at(ActorId(1), LATER);
                        clock.move_to(LATER);
                        let mut over = lock(&ran.0);
                        while !*over {
                            over = ran.1.wait(over).unwrap();
                        }
                    } else {
                        *lock(&ran.0) = true;
                        ran.1.notify_all();
                    }
                    schedule.give_back(claim, false);
                })
            })
            .collect();
        workers
            .into_iter()
            .for_each(|worker| worker.join().unwrap());
    });
}

#[test]
fn who_sleeps_until_a_timer_leaves_when_the_schedule_closes() {
    for hosted in [false, true] {
        check(3, move || {
            let clock = Arc::new(Clock::own());
            let schedule = Arc::new(schedule(1, hosted).with_clock(clock));
            schedule.notify_at(ACTOR, LATER);
            let worker = {
                let schedule = schedule.clone();
                thread::spawn(move || assert!(schedule.take(0, false).is_none()))
            };
            schedule.close();
            worker.join().unwrap();
        });
    }
}

// ---- quarantine ----

#[test]
fn a_key_that_is_set_aside_stays_so_until_it_is_released() {
    check(3, || {
        let quarantine = Arc::new(Quarantine::default());
        let theirs = quarantine.clone();
        let releases = thread::spawn(move || theirs.release(KeyRef::Word(1)));
        let has = |quarantine: &Quarantine, word| {
            !quarantine.is_empty() && quarantine.look(|keys| keys.contains(KeyRef::Word(word)))
        };
        quarantine.add(KeyRef::Word(1));
        quarantine.add(KeyRef::Word(2));
        let seen = has(&quarantine, 1);
        assert!(has(&quarantine, 2));
        let released = releases.join().expect("it does not panic");
        assert!(seen || released);
        assert_eq!(has(&quarantine, 1), !released);
    });
}

// ---- events ----

#[test]
fn a_change_wakes_all_who_wait_for_it() {
    check(3, || {
        let event = Arc::new(Event::default());
        let changed = Arc::new(loom::sync::atomic::AtomicBool::new(false));
        let waiters: Vec<_> = (0..2)
            .map(|_| {
                let (event, changed) = (event.clone(), changed.clone());
                thread::spawn(move || {
                    event
                        .wait_until(&Wait::forever(), || changed.load(Relaxed).then_some(()))
                        .unwrap();
                })
            })
            .collect();
        changed.store(true, Relaxed);
        event.notify();
        waiters
            .into_iter()
            .for_each(|waiter| waiter.join().unwrap());
    });
}

/// What a waker wakes.
struct Woken(loom::sync::Notify);

impl std::task::Wake for Woken {
    fn wake(self: std::sync::Arc<Self>) {
        self.0.notify();
    }
}

#[test]
fn a_change_wakes_who_watches_for_it_and_who_sleeps_beside() {
    check(3, || {
        let event = Arc::new(Event::default());
        let changed = Arc::new(loom::sync::atomic::AtomicBool::new(false));
        let watcher = {
            let (event, changed) = (event.clone(), changed.clone());
            thread::spawn(move || {
                let woken = Arc::new(Woken(loom::sync::Notify::new()));
                event.watch(&woken.clone().into());
                // A wait may be over for no reason.
                while !changed.load(Relaxed) {
                    woken.0.wait();
                }
            })
        };
        let sleeper = {
            let (event, changed) = (event.clone(), changed.clone());
            thread::spawn(move || {
                let waited =
                    event.wait_until(&Wait::forever(), || changed.load(Relaxed).then_some(()));
                waited.unwrap();
            })
        };
        changed.store(true, Relaxed);
        event.notify();
        watcher.join().unwrap();
        sleeper.join().unwrap();
    });
}

#[test]
fn a_change_wakes_all_who_watch_for_it() {
    check(3, || {
        let event = Arc::new(Event::default());
        let changed = Arc::new(loom::sync::atomic::AtomicBool::new(false));
        let watchers: Vec<_> = (0..2)
            .map(|_| {
                let (event, changed) = (event.clone(), changed.clone());
                thread::spawn(move || {
                    let woken = Arc::new(Woken(loom::sync::Notify::new()));
                    while !changed.load(Relaxed) {
                        event.watch(&woken.clone().into());
                        if !changed.load(Relaxed) {
                            woken.0.wait();
                        }
                    }
                })
            })
            .collect();
        changed.store(true, Relaxed);
        event.notify();
        watchers
            .into_iter()
            .for_each(|watcher| watcher.join().unwrap());
    });
}

#[test]
fn a_fired_cancel_ends_every_wait_that_has_it() {
    check(3, || {
        let (event, cancel) = (Arc::new(Event::default()), Arc::new(Cancel::default()));
        let waiters: Vec<_> = (0..2)
            .map(|_| {
                let (event, cancel) = (event.clone(), cancel.clone());
                thread::spawn(move || {
                    let wait = Wait {
                        timeout: None,
                        cancel: Some(cancel),
                    };
                    let waited: Result<(), _> = event.wait_until(&wait, || None);
                    assert_eq!(waited, Err(WaitError::Cancelled));
                })
            })
            .collect();
        cancel.fire();
        waiters
            .into_iter()
            .for_each(|waiter| waiter.join().unwrap());
    });
}

// ---- credits ----

fn return_credits(flow: &Flow, schedule: &Schedule, stage: usize, count: usize) {
    let returned = flow.consumed(stage, count, 0);
    flow.take_gated()
        .into_iter()
        .for_each(|actor| schedule.notify(actor));
    if returned.wake_senders {
        flow.room.notify();
    }
}

#[test]
fn senders_that_wait_get_the_credits_that_come_back() {
    check(3, || {
        let flow = Arc::new(Flow::new(1, 1));
        let schedule = Arc::new(Schedule::new(1));
        assert_eq!(flow.admit(2), 1);
        let senders: Vec<_> = (0..2)
            .map(|_| {
                let (flow, schedule) = (flow.clone(), schedule.clone());
                thread::spawn(move || {
                    let admitted = flow
                        .room
                        .wait_until(&Wait::forever(), || Some(flow.admit(1)).filter(|&n| n > 0));
                    assert_eq!(admitted, Ok(1));
                    assert!(
                        flow.in_flight() <= 1,
                        "more is in flight than there are credits"
                    );
                    return_credits(&flow, &schedule, 0, 1);
                })
            })
            .collect();
        return_credits(&flow, &schedule, 0, 1);
        senders
            .into_iter()
            .for_each(|sender| sender.join().unwrap());
        assert_eq!(flow.in_flight(), 0);
    });
}

#[test]
fn a_lane_held_back_by_the_gate_is_notified_when_it_opens() {
    check(4, || {
        let flow = Arc::new(Flow::new(1, 1));
        let schedule = Arc::new(Schedule::new(1));
        // Two messages at the end, where one credit was: overdrawn.
        assert_eq!(flow.admit(1), 1);
        flow.emit(1, 1, 2);
        assert!(!flow.consumed(0, 1, 2).quiet);
        schedule.notify(ACTOR);
        let worker = {
            let (flow, schedule) = (flow.clone(), schedule.clone());
            thread::spawn(move || {
                let mut awake = false;
                while let Some(claim) = next(&schedule, 0, &mut awake) {
                    let passed = flow.pass_gate(0, ACTOR);
                    schedule.give_back(claim, false);
                    if passed {
                        schedule.close();
                    }
                }
            })
        };
        let other = {
            let (flow, schedule) = (flow.clone(), schedule.clone());
            thread::spawn(move || return_credits(&flow, &schedule, 1, 1))
        };
        return_credits(&flow, &schedule, 1, 1);
        other.join().unwrap();
        worker.join().unwrap();
    });
}

// ---- buffers ----

/// A hopper, and what came out of it.
struct Gathering {
    flow: Flow,
    hopper: Hopper,
    out: Mutex<Vec<Value>>,
}

impl Gathering {
    fn new(limit: usize) -> Arc<Gathering> {
        Arc::new(Gathering {
            flow: Flow::new(8, 1),
            hopper: Hopper::new(0, 0, limit, None),
            out: Mutex::new(Vec::new()),
        })
    }

    /// Puts a message in, as a thread does that sends it.
    fn put(&self, message: u64) {
        assert_eq!(self.flow.admit(1), 1);
        let filled = self.hopper.fill(&[Value(message)], &self.flow, || LATER);
        if filled.full || self.flow.is_idle() {
            self.empty();
        }
    }

    /// Lets messages out: again if that is asked for meanwhile, as the flusher does.
    fn empty(&self) {
        while let Some(mut spout) = self.hopper.open(usize::MAX, &self.flow) {
            lock(&self.out).append(&mut spout.values);
            if !self.hopper.close(spout) {
                break;
            }
        }
    }

    fn came_out(&self) -> Vec<u64> {
        lock(&self.out).iter().map(|value| value.0).collect()
    }
}

#[test]
fn what_is_put_in_while_a_timer_empties_a_hopper_keeps_its_order_and_is_not_left_behind() {
    check(4, || {
        let gathering = Gathering::new(2);
        let timer = gathering.clone();
        let timer = thread::spawn(move || {
            timer.hopper.ask();
            timer.empty();
        });
        (1..=4).for_each(|message| gathering.put(message));
        timer.join().unwrap();
        // At most the first was let out for itself: then one is left that nobody waits for yet.
        gathering.hopper.ask();
        gathering.empty();
        assert_eq!(gathering.came_out(), [1, 2, 3, 4]);
    });
}

#[test]
fn what_fills_a_hopper_while_another_thread_empties_it_is_let_out() {
    check(4, || {
        let gathering = Gathering::new(1);
        let other = gathering.clone();
        let other = thread::spawn(move || other.put(1));
        gathering.put(2);
        other.join().unwrap();
        let mut came_out = gathering.came_out();
        came_out.sort();
        assert_eq!(came_out, [1, 2]);
    });
}

#[test]
fn a_message_that_comes_as_the_pipeline_falls_idle_is_let_out() {
    check(4, || {
        let gathering = Gathering::new(8);
        assert_eq!(gathering.flow.admit(1), 1);
        let worker = gathering.clone();
        let worker = thread::spawn(move || {
            worker.flow.consumed(0, 1, 0);
            assert!(worker.flow.take_gated().is_empty());
            if worker.flow.leaves_hoppers() {
                worker.empty();
            }
        });
        gathering.put(1);
        worker.join().unwrap();
        assert_eq!(gathering.came_out(), [1]);
    });
}

#[test]
fn a_watch_that_begins_as_the_pipeline_falls_idle_is_over() {
    check(4, || {
        let shared = Arc::new((Flow::new(8, 1), Watches::default()));
        assert_eq!(shared.0.admit(1), 1);
        let worker = shared.clone();
        let worker = thread::spawn(move || {
            let (flow, watches) = &*worker;
            flow.consumed(0, 1, 0);
            assert!(flow.take_gated().is_empty());
            let over = flow.leaves_hoppers();
            over.then(|| watches.take_over(true, LATER, flow).0)
        });
        let (flow, watches) = &*shared;
        watches.begin(1, None, flow);
        let mut over = match flow.is_idle() {
            true => watches.take_over(true, LATER, flow).0,
            false => Vec::new(),
        };
        over.extend(worker.join().unwrap().into_iter().flatten());
        assert_eq!(over, [1]);
    });
}

// ---- the queue of a sink ----

#[test]
fn an_actor_stalled_by_a_full_queue_is_notified_when_there_is_room() {
    check(3, || {
        let queue = Arc::new(SinkQueue::new(1));
        let schedule = Arc::new(Schedule::new(1));
        schedule.notify(ACTOR);
        let worker = {
            let (queue, schedule) = (queue.clone(), schedule.clone());
            thread::spawn(move || {
                let origin = Origin {
                    pipeline: 0,
                    batch: 0,
                    epoch: 0,
                };
                let (mut left, mut awake) = (&[Value(1), Value(2), Value(3)][..], false);
                let mut spans = Spans::default();
                spans.push(origin, left.len());
                while let Some(claim) = next(&schedule, 0, &mut awake) {
                    left = &left[queue.push(spans.from(0), left, ACTOR)..];
                    schedule.give_back(claim, false);
                    if left.is_empty() {
                        schedule.close();
                    }
                }
            })
        };
        for expected in 1..=3 {
            let mut out = [Value(0); 2];
            let polled = queue.arrived.wait_until(&Wait::forever(), || {
                let taken = queue.take(&mut out);
                let stalled = taken.stalled.into_iter();
                stalled.for_each(|actor| schedule.notify(actor));
                (taken.count > 0).then_some(taken.count)
            });
            assert_eq!((polled, out[0]), (Ok(1), Value(expected)));
        }
        worker.join().unwrap();
    });
}

// ---- the whole engine ----

/// A message that comes to nothing; its key cannot be found.
const NOTHING: Value = Value(0);
/// A message that becomes three.
const THREE: Value = Value(3);
/// A message that is passed on.
const ONE: Value = Value(1);

/// The host: counts the values that are out of its hands, and that did not come back yet.
#[derive(Default)]
struct Ledger {
    held: AtomicI64,
    released: AtomicI64,
}

impl Ledger {
    fn given(&self, values: usize) {
        self.held.fetch_add(values as i64, Relaxed);
    }
}

impl Host for Ledger {
    fn release(&self) {
        self.released.fetch_add(1, Relaxed);
    }
}

impl Values for Ledger {
    fn drop_values(&self, values: &[Value]) {
        self.held.fetch_sub(values.len() as i64, Relaxed);
    }
}

impl host::Partition for Ledger {
    fn keys(&self, batch: &mut KeyBatch<'_>) -> Verdict {
        for &value in batch.values {
            if value == NOTHING {
                return Verdict::Failed("nothing".into());
            }
            batch.words.push(value.0);
        }
        Verdict::Done
    }
}

impl Compute for Ledger {
    fn compute(&self, run: &mut Run<'_>) -> Verdict {
        for (from, &value) in (0..).zip(run.values) {
            let outputs = match value {
                NOTHING => 0,
                THREE => 3,
                _ => 1,
            };
            run.outputs
                .extend((0..outputs).map(|_| Output { value: ONE, from }));
            self.given(outputs);
        }
        *run.done = run.values.len();
        self.drop_values(run.values);
        Verdict::Done
    }
}

impl Build for Ledger {
    fn build(&self, batch: &mut BuildBatch<'_>) -> Verdict {
        self.given(batch.len);
        batch.states.extend((0..batch.len).map(|_| Value(7)));
        Verdict::Done
    }

    fn drop_states(&self, states: &[Value]) {
        self.drop_values(states);
    }
}

impl Deliver for Ledger {
    fn deliver(&self, values: &[Value], done: &mut usize) -> Verdict {
        *done = values.len();
        self.drop_values(values);
        Verdict::Done
    }
}

/// How a model's pipeline ends.
enum End {
    Done,
    Callback,
    /// A queue of eight.
    Queue,
}

/// An application of one pipeline.
#[derive(Clone)]
struct Model {
    engine: Arc<Engine>,
    ledger: Arc<Ledger>,
}

impl Model {
    /// With a step for each kind of key, each with a partition of its own.
    fn new(workers: u32, credits: u64, steps: &[KeyKind], end: End) -> Model {
        Model::with_runs_of(16, workers, credits, steps, end)
    }

    /// One message at one step, and completions that are told to this.
    fn reporting(told: Arc<Told>) -> Model {
        Model::of(
            Threads::Host,
            1,
            1,
            1,
            &[KeyKind::Single],
            End::Done,
            Some(told),
        )
    }

    fn with_runs_of(
        run_length: u32,
        workers: u32,
        credits: u64,
        steps: &[KeyKind],
        end: End,
    ) -> Model {
        Model::run_by(Threads::Host, run_length, workers, credits, steps, end)
    }

    fn run_by(
        threads: Threads,
        run_length: u32,
        workers: u32,
        credits: u64,
        steps: &[KeyKind],
        end: End,
    ) -> Model {
        Model::of(threads, run_length, workers, credits, steps, end, None)
    }

    fn of(
        threads: Threads,
        run_length: u32,
        workers: u32,
        credits: u64,
        steps: &[KeyKind],
        end: End,
        told: Option<Arc<Told>>,
    ) -> Model {
        let ledger = Arc::new(Ledger::default());
        let mut pipeline = Pipeline::new("p".into());
        pipeline.from_source(Source {
            credits,
            values: ledger.clone(),
            listen: None,
        });
        for (number, kind) in steps.iter().enumerate() {
            let keyed = *kind != KeyKind::Single;
            pipeline.to_state_partition(Step {
                name: number.to_string(),
                partition: number.to_string(),
                keys: keyed.then(|| ledger.clone() as Arc<dyn host::Partition>),
                key_kind: None,
                compute: ledger.clone(),
                values: ledger.clone(),
                policy: Policy::Skip,
                blocking: 0,
                retry: Retry::default(),
            });
        }
        let partition = |(number, &key_kind): (usize, &KeyKind)| Partition {
            name: number.to_string(),
            key_kind,
            keys: None,
            build: ledger.clone(),
            build_id: 0,
        };
        let kind = match end {
            End::Done => None,
            End::Callback => Some(SinkKind::Callback(ledger.clone())),
            End::Queue => Some(SinkKind::Queue(8)),
        };
        match kind {
            None => pipeline.done(),
            Some(kind) => pipeline.to_sink(Sink {
                name: "sink".into(),
                policy: Policy::Skip,
                retry: Retry::default(),
                kind,
            }),
        }
        let declared = Application {
            name: "model".into(),
            workers,
            threads,
            key_groups: 16,
            run_length,
            stack_size: 0,
            dead_letters: None,
            completions: told.map(|told| told as _),
            log: None,
            sleep: None,
            partitions: steps.iter().enumerate().map(partition).collect(),
            pipelines: vec![pipeline],
        };
        let engine =
            Engine::new(declared).unwrap_or_else(|rejected| panic!("{:?}", rejected.mistakes));
        let model = Model { engine, ledger };
        model.store_all();
        model
    }

    /// Loom lets a SeqCst load read the first value of an atomic though there is a newer SeqCst
    /// store. So what is meant to be SeqCst is stored to once.
    fn store_all(&self) {
        let engine = &self.engine;
        engine.life.fetch_add(0, SeqCst);
        engine.readers.fetch_add(0, SeqCst);
        engine.reporting.fetch_or(false, SeqCst);
        engine.starting.fetch_add(0, SeqCst);
        for pipeline in &engine.pipelines {
            let credits = pipeline.flow.admit(1);
            pipeline.flow.consumed(0, credits, 0);
        }
    }

    /// Runs what there is to run on this thread.
    fn run(&self) {
        while self.engine.step() {}
    }

    /// A worker on a thread of its own.
    fn worker(&self, index: usize) -> thread::JoinHandle<()> {
        let engine = self.engine.clone();
        thread::spawn(move || engine.run_worker(index).unwrap())
    }

    /// Does something on a thread of its own.
    fn spawn<T: 'static>(&self, act: impl FnOnce(&Model) -> T + 'static) -> thread::JoinHandle<T> {
        let model = self.clone();
        thread::spawn(move || act(&model))
    }

    /// Sends messages, and tells how many were accepted.
    fn send(&self, values: &[Value], wait: &Wait) -> (usize, Result<(), Refusal>) {
        let mut sender = Sender::new(self.engine.clone(), 0);
        self.ledger.given(values.len());
        let (accepted, result) = sender.send(&Batch::new(values), wait);
        self.ledger.drop_values(&values[accepted..]);
        (accepted, result)
    }

    fn send_all(&self, values: &[Value]) {
        assert_eq!(self.send(values, &Wait::forever()), (values.len(), Ok(())));
    }

    /// Polls the queue until so many have come.
    fn poll(&self, mut count: usize) {
        while count > 0 {
            let mut out = [Value(0); 8];
            let polled = self.engine.poll(0, 0, &mut out[..count], &Wait::forever());
            let taken = polled.unwrap().unwrap();
            self.ledger.drop_values(&out[..taken]);
            count -= taken;
        }
    }

    /// Closes, waits for the others, and checks that nothing is left.
    fn close(&self, others: impl IntoIterator<Item = thread::JoinHandle<()>>) {
        self.engine.close(&Wait::forever()).unwrap();
        others.into_iter().for_each(|other| other.join().unwrap());
        assert_eq!(self.engine.metrics().values_held, 0);
        assert_eq!(self.ledger.held.load(Relaxed), 0);
        assert!(self.ledger.released.load(Relaxed) > 0);
    }
}

/// A wait that was cancelled before it began.
fn cancelled() -> Wait {
    let cancel = Arc::new(Cancel::default());
    cancel.fire();
    Wait {
        timeout: None,
        cancel: Some(cancel),
    }
}

#[test]
fn what_is_admitted_while_intake_ends_is_seen_by_who_closes() {
    for steps in [&[][..], &[KeyKind::Single]] {
        check(5, || {
            let model = Model::new(1, 1, steps, End::Callback);
            let sender = model.spawn(|model| match model.send(&[ONE], &Wait::forever()) {
                (1, Ok(())) | (0, Err(Refusal::Closed)) => {}
                other => panic!("{other:?}"),
            });
            model.close([sender]);
        });
    }
}

#[test]
fn all_workers_leave_when_the_application_closes_and_nothing_is_left() {
    check(2, || {
        let model = Model::new(2, 1, &[KeyKind::Single], End::Callback);
        let workers = [model.worker(0), model.worker(1)];
        model.send_all(&[ONE]);
        model.close(workers);
    });
}

#[test]
fn who_enters_as_a_worker_while_the_application_closes_finds_nothing_to_run() {
    check(2, || {
        let model = Model::new(1, 1, &[KeyKind::Single], End::Done);
        let worker = model.worker(0);
        // Whoever begins to close notifies all actors.
        let closer = model.spawn(|model| model.engine.close(&Wait::forever()).unwrap());
        model.close([worker, closer]);
    });
}

#[test]
fn who_gives_up_closing_leaves_it_to_another() {
    check(2, || {
        let model = Model::new(1, 1, &[KeyKind::Single], End::Done);
        let worker = model.worker(0);
        let other = model.spawn(|model| drop(model.engine.close(&cancelled())));
        model.close([worker, other]);
    });
}

#[test]
fn what_is_emitted_to_a_queue_while_the_application_closes_is_seen_by_who_closes() {
    check(3, || {
        let model = Model::new(1, 2, &[KeyKind::Single], End::Queue);
        let worker = model.worker(0);
        model.send_all(&[ONE]);
        model.close([worker]);
    });
}

#[test]
fn a_failure_ends_all_waits() {
    check(5, || {
        let model = Model::new(1, 1, &[KeyKind::Single], End::Queue);
        model.run();
        model.send_all(&[ONE]);
        let sender = model.spawn(|model| {
            let sent = model.send(&[ONE], &Wait::forever());
            assert_eq!(sent, (0, Err(Refusal::Failed)));
        });
        let waiter = model.spawn(|model| {
            assert_eq!(model.engine.wait(&Wait::forever()), Err(Refusal::Failed));
        });
        model.engine.fail(Failure::internal("here", "a test"));
        sender.join().unwrap();
        waiter.join().unwrap();
    });
}

#[test]
fn who_polls_learns_that_nothing_can_come_any_more() {
    check(3, || {
        let model = Model::new(1, 1, &[KeyKind::Single], End::Queue);
        // Its one state is built while intake ends.
        let worker = model.worker(0);
        model.engine.stop().unwrap();
        let polled = model.engine.poll(0, 0, &mut [Value(0)], &Wait::forever());
        assert_eq!(polled, Some(Err(Refusal::Stopped)));
        model.close([worker]);
    });
}

#[test]
fn a_drain_returns_when_all_is_computed_and_read() {
    check(2, || {
        let model = Model::new(1, 4, &[KeyKind::Single], End::Queue);
        let worker = model.worker(0);
        model.send_all(&[ONE, ONE]);
        let reading = model.spawn(|model| model.poll(2));
        model.engine.drain(&Wait::forever()).unwrap();
        model.close([worker, reading]);
    });
}

/// A service counts what is done by the watermark, and the close that follows a drain is its last look.
#[test]
fn a_drain_returns_when_the_watermark_has_risen() {
    check(2, || {
        let model = Model::new(1, 4, &[KeyKind::Single], End::Done);
        let worker = model.worker(0);
        let mut intake = Intake::new(0);
        assert_eq!(intake.admit(&model.engine, 1, true), Ok(1));
        let service = model.spawn(move |model| intake.forgo(&model.engine, 1));
        model.engine.drain(&Wait::forever()).unwrap();
        assert_eq!(model.engine.watermark(0), 1);
        model.close([worker, service]);
    });
}

#[test]
fn what_is_sent_to_several_shards_is_computed() {
    check(2, || {
        let model = Model::new(1, 4, &[KeyKind::Word], End::Done);
        let worker = model.worker(0);
        model.send_all(&[ONE, THREE]);
        model.engine.drain(&Wait::forever()).unwrap();
        model.close([worker]);
    });
}

#[test]
fn fan_out_beyond_the_credits_ends() {
    check(1, || {
        let steps = [KeyKind::Single, KeyKind::Single];
        let model = Model::with_runs_of(1, 2, 2, &steps, End::Done);
        model.run();
        let workers = [model.worker(0), model.worker(1)];
        model.send_all(&[THREE, NOTHING]);
        model.engine.drain(&Wait::forever()).unwrap();
        model.close(workers);
    });
}

/// Eight credits, of which seven are held by messages that nobody reads. The last one coming back is
/// less than a quarter, so that it wakes no sender by itself.
fn one_credit_left(workers: u32, step: KeyKind) -> Model {
    let model = Model::new(workers, 8, &[step], End::Queue);
    model.run();
    model.send_all(&[ONE; 7]);
    model.run();
    model
}

#[test]
fn a_sender_gets_the_last_credit_when_the_worker_runs_out_of_work() {
    check(3, || {
        let model = one_credit_left(1, KeyKind::Single);
        let worker = model.worker(0);
        model.send_all(&[NOTHING, ONE]);
        model.close([worker]);
    });
}

#[test]
fn a_sender_gets_the_last_credit_when_a_message_dies_on_another_sender() {
    check(5, || {
        let model = one_credit_left(1, KeyKind::Word);
        let other = model.spawn(|model| model.send_all(&[NOTHING]));
        model.send_all(&[ONE]);
        // If this one came first, the other needs a credit.
        model.run();
        model.poll(1);
        other.join().unwrap();
        model.close([]);
    });
}

#[test]
fn a_sender_gets_the_last_credit_when_a_reader_came_and_went() {
    check(5, || {
        let model = one_credit_left(1, KeyKind::Single);
        let sender = model.spawn(|model| model.send_all(&[ONE]));
        assert_eq!(model.engine.read(0).err(), Some(Refusal::Busy));
        sender.join().unwrap();
        model.close([]);
    });
}

#[test]
fn a_sender_gets_the_last_credit_when_another_gave_it_back() {
    check(5, || {
        let model = one_credit_left(1, KeyKind::Single);
        let other = model.spawn(|model| model.send(&[ONE], &Wait::not_at_all()).0);
        let sender = model.spawn(|model| model.send_all(&[ONE]));
        assert_eq!(model.engine.read(0).err(), Some(Refusal::Busy));
        if other.join().unwrap() == 1 {
            model.run();
            model.poll(1);
        }
        sender.join().unwrap();
        model.close([]);
    });
}

#[test]
fn while_a_reader_is_open_nothing_is_admitted() {
    check(5, || {
        let model = Model::new(1, 1, &[KeyKind::Single], End::Done);
        model.run();
        let sender = model.spawn(|model| model.send_all(&[NOTHING]));
        match model.engine.read(0) {
            Ok(reader) => {
                assert_eq!(model.engine.metrics().sent, 0);
                assert_eq!(reader.count(), 1);
            }
            Err(refusal) => assert_eq!(refusal, Refusal::Busy),
        }
        sender.join().unwrap();
        model.close([]);
    });
}

#[test]
fn without_threads_all_who_wait_take_turns_until_all_is_done() {
    check(3, || {
        let threads = Threads::None(topology::Clock::System);
        let model = Model::run_by(threads, 16, 1, 2, &[KeyKind::Single], End::Callback);
        model.send_all(&[ONE, ONE]);
        let other = model.spawn(|model| model.engine.drain(&Wait::forever()).unwrap());
        model.engine.drain(&Wait::forever()).unwrap();
        assert_eq!(model.engine.metrics().delivered, 2);
        other.join().unwrap();
        model.close([]);
    });
}

#[test]
fn without_threads_one_that_steps_or_waits_runs_what_another_sends() {
    check(3, || {
        let threads = Threads::None(topology::Clock::System);
        let model = Model::run_by(threads, 16, 1, 1, &[], End::Callback);
        let sender = model.spawn(|model| {
            // Each has room only when the one before is delivered.
            model.send_all(&[ONE]);
            model.send_all(&[ONE]);
        });
        match model.engine.step_many(1) {
            Some(Ok(_) | Err(Refusal::Busy)) => {}
            other => panic!("{other:?}"),
        }
        sender.join().unwrap();
        model.close([]);
    });
}

// ---- tickets ----

/// Settles a ticket by so much.
fn settle(tickets: &Tickets, ticket: Ticket, change: i64) -> bool {
    tickets.settle(std::iter::once((ticket, change)))
}

#[test]
fn the_last_of_a_batch_and_the_end_of_its_send_finish_it_once() {
    check(3, || {
        let tickets = Arc::new(Tickets::default());
        // Of two messages one is admitted, and its send goes on.
        let (ticket, _) = tickets.open(7, 1, true);
        let first = {
            let tickets = tickets.clone();
            thread::spawn(move || settle(&tickets, ticket, -1))
        };
        tickets.extend(ticket, 1);
        let second = {
            let tickets = tickets.clone();
            thread::spawn(move || settle(&tickets, ticket, -1))
        };
        let mut finished = usize::from(settle(&tickets, ticket, -1));
        finished += usize::from(first.join().unwrap());
        finished += usize::from(second.join().unwrap());
        assert_eq!(finished, 1);
        assert_eq!((tickets.watermark(), tickets.is_any_open()), (2, false));
        let mut completions = Vec::new();
        tickets.take(8, &mut completions);
        assert_eq!(completions.len(), 1);
    });
}

/// Counts what is reported to it.
#[derive(Default)]
struct Told(AtomicUsize);

impl host::Host for Told {}

impl host::Completions for Told {
    fn completed(&self, completions: &[host::Completion]) -> Verdict {
        self.0.fetch_add(completions.len(), Relaxed);
        Verdict::Done
    }
}

#[test]
fn a_completion_is_reported_before_who_closes_is_done() {
    check(2, || {
        let told = Arc::new(Told::default());
        let model = Model::reporting(told.clone());
        let worker = model.worker(0);
        let mut sender = Sender::new(model.engine.clone(), 0);
        model.ledger.given(1);
        let mut batch = Batch::new(&[NOTHING]);
        batch.tokens = Tokens::Batch(7);
        assert_eq!(sender.send(&batch, &Wait::forever()), (1, Ok(())));
        model.close([worker]);
        assert_eq!(told.0.load(Relaxed), 1);
    });
}

#[test]
fn without_threads_who_waits_sees_what_another_did_at_the_last_moment() {
    check(3, || {
        let threads = Threads::None(topology::Clock::System);
        let model = Model::run_by(threads, 16, 1, 1, &[], End::Callback);
        model.send_all(&[ONE]);
        let other = model.spawn(|model| model.engine.drain(&Wait::forever()).unwrap());
        // Until nothing is ready: then nobody could end the wait of who has not looked since.
        model.run();
        other.join().unwrap();
        model.close([]);
    });
}
