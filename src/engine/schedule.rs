//! Which actors have something to do, and who runs them.
//!
//! An actor is idle, ready (in the queue, once), running, or running and notified. Whoever gives it
//! work notifies it afterwards: an idle actor becomes ready, a running one notified. A worker that is
//! done with a notified actor makes it ready again. The worker that took an actor from the queue holds
//! its only claim, and with it its contents, until it gives the claim back.
//!
//! No work is overlooked: work is put into a mailbox (under the mailbox's lock) before the state is
//! read, and a worker changes the state to running before it takes from the mailbox. If the worker
//! took too early to see the work, the notifier sees that it was running.
//!
//! Waking is sparing, because a worker too many costs more than it brings where work is light: every
//! switch of threads takes as long as a whole run. As long as a worker is awake, ready actors are left to
//! it, and one sleeping worker is the lookout: it wakes after [`LOOK`], and joins in if fewer than [`FEW`]
//! actors were taken meanwhile, so that no actor waits for a worker that is held up. When nobody is awake,
//! a worker is woken at once, unless another is about to sleep and still watches ([`Watch`]).
//!
//! That is so where callbacks compute, on threads that sleep in the engine. In a pool of threads for what blocks ([`Schedule::eager`]) threads
//! that are awake mostly sleep inside callbacks: every ready actor wakes a thread at once, one after the
//! other, and nobody watches or looks on.
//!
//! Where workers sleep in the host's way ([`Sleep`]), a worker comes out of [`Schedule::next`] to sleep ([`Nap`]), and
//! goes back in with what it slept for. If its thread does that outside of the engine, to wake it is cheap: there,
//! too, every ready actor wakes a worker.
//!
//! An actor may ask to be notified at a time ([`Timers`]). Whoever looks for an actor first makes those
//! ready whose time has come. One sleeping worker is the keeper: it wakes at the earliest time. Who sets
//! an earlier one wakes a worker, which becomes the keeper when it sleeps again; a keeper that takes an
//! actor leaves that to another. So a timer waits for a worker that is held up only if all are. The
//! watch and the lookout will sleep or take an actor soon, and see to it then.
//!
//! Shutdown: (1) `close` marks the queue, and forgets timers; (2) parked workers wake and leave, working
//! ones leave when they come for more, even if actors are ready; (3) work that arrives meanwhile stays
//! where it is, for whoever closes to drop.

use std::collections::VecDeque;
use std::time::Duration;

use std::sync::Arc;

use super::alarm::Alarm;
use super::clock::Clock;
use super::timers::Timers;
use super::watch::Watch;
use crate::host::Sleep;
use crate::sync::{
    AtomicU8, AtomicUsize, Condvar, Mutex, MutexGuard, Ordering, glance, lock, wait_at_most,
};

const IDLE: u8 = 0;
const READY: u8 = 1;
const RUNNING: u8 = 2;
const NOTIFIED: u8 = 3;

/// The number of an actor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct ActorId(pub(crate) usize);

/// The right to an actor's contents. There is at most one for each actor.
#[derive(Debug)]
pub(crate) struct Claim(ActorId);

impl Claim {
    pub(crate) fn actor(&self) -> ActorId {
        self.0
    }

    /// Makes anew the claim of a worker that ended without giving it back.
    pub(crate) fn reclaim(actor: ActorId) -> Claim {
        Claim(actor)
    }
}

/// What a worker is to do next.
pub(crate) enum Next {
    /// Run this actor.
    Run(Claim),
    /// Sleep in the host's way until it is woken or the nap is over, and then ask again, with the nap.
    Sleep(Nap),
    /// Leave: the schedule is closed.
    Leave,
}

/// What a worker sleeps for.
pub(crate) struct Nap {
    /// How long at most.
    pub(crate) most: Option<Duration>,
    /// Whether it is the lookout.
    looks: bool,
    /// The time that it keeps.
    keeps: Option<Duration>,
    /// How many actors had been taken before.
    taken: u64,
}

/// How long a lookout looks on.
const LOOK: Duration = Duration::from_micros(100);

/// How long a keeper sleeps at most: what a host can surely count.
const KEEP_MAX: Duration = Duration::from_secs(24 * 60 * 60);

/// If fewer actors than these were taken while a lookout looked on, it joins in.
const FEW: u64 = if cfg!(loom) { 1 } else { 6 };

/// How often a worker that watches glances: in all about as long as a batch takes to be sent.
const GLANCES: usize = if cfg!(loom) { 1 } else { 400 };

#[derive(Default)]
struct Queue {
    ready: VecDeque<ActorId>,
    watch: Watch,
    /// Workers that have taken an actor and not come back for more in vain.
    awake: usize,
    parked: usize,
    /// Those of them that sleep in the host's way.
    sleepers: Vec<usize>,
    /// How many threads are about to wake one of those, or at it.
    unparking: usize,
    /// Whether a worker was woken that has not come yet.
    waking: bool,
    /// Whether one of the parked workers will wake by itself.
    lookout: bool,
    /// How many actors were taken, ever.
    taken: u64,
    timers: Timers,
    /// When a parked worker will wake by itself for a timer, if one will: the earliest.
    kept: Option<Duration>,
    closed: bool,
    /// Whether every ready actor wakes a worker, even while others are awake.
    eager: bool,
}

impl Queue {
    /// The time of the next timer, if no parked worker wakes for it.
    fn unkept(&self) -> Option<Duration> {
        let next = self.timers.next()?;
        self.kept.is_none_or(|kept| kept > next).then_some(next)
    }
}

pub(crate) struct Schedule {
    states: Box<[AtomicU8]>,
    queue: Mutex<Queue>,
    /// How often something came into the queue: for who watches it without the lock.
    arrivals: AtomicUsize,
    arrived: Condvar,
    sleep: Option<Arc<dyn Sleep>>,
    clock: Arc<Clock>,
    /// Wakes those who are to run what becomes ready, if there are no workers.
    alarm: Option<Arc<Alarm>>,
}

impl Schedule {
    /// A schedule of this many actors, all idle.
    pub(crate) fn new(actors: usize) -> Schedule {
        Schedule {
            states: (0..actors).map(|_| AtomicU8::new(IDLE)).collect(),
            queue: Mutex::default(),
            arrivals: AtomicUsize::new(0),
            arrived: Condvar::new(),
            sleep: None,
            clock: Arc::new(Clock::System),
            alarm: None,
        }
    }

    /// Lets workers sleep in the host's way.
    pub(crate) fn with_sleep(self, sleep: Option<Arc<dyn Sleep>>) -> Schedule {
        Schedule { sleep, ..self }
    }

    /// Lets timers go by this clock.
    pub(crate) fn with_clock(self, clock: Arc<Clock>) -> Schedule {
        Schedule { clock, ..self }
    }

    /// Has those woken who are to run what becomes ready, for want of workers.
    pub(crate) fn with_alarm(self, alarm: Option<Arc<Alarm>>) -> Schedule {
        Schedule { alarm, ..self }
    }

    /// Lets every ready actor wake a worker at once, or not.
    pub(crate) fn eager(self, eager: bool) -> Schedule {
        lock(&self.queue).eager = eager;
        self
    }

    /// Tells an actor that it has work.
    pub(crate) fn notify(&self, actor: ActorId) {
        self.notify_many(&[actor]);
    }

    /// Tells actors that they have work.
    pub(crate) fn notify_many(&self, actors: &[ActorId]) {
        let mut actors = actors
            .iter()
            .copied()
            .filter(|&actor| self.make_ready(actor));
        if let Some(first) = actors.next() {
            let mut queue = lock(&self.queue);
            queue.ready.push_back(first);
            queue.ready.extend(actors);
            self.wake(queue);
        }
    }

    /// Notifies an actor once it is `time`, by the schedule's clock. An actor has one timer: if it has
    /// asked for an earlier time, it is notified then, and asks again if it is too early.
    pub(crate) fn notify_at(&self, actor: ActorId, time: Duration) {
        let mut queue = lock(&self.queue);
        if !queue.closed {
            queue.timers.set(actor, time);
            self.wake(queue);
        }
    }

    /// The time of the next timer.
    pub(crate) fn next_timer(&self) -> Option<Duration> {
        lock(&self.queue).timers.next()
    }

    /// Makes actors ready whose time has come; tells whether there were any.
    fn ring(&self, queue: &mut Queue) -> bool {
        if queue.timers.is_empty() {
            return false;
        }
        let (now, ready) = (self.clock.now(), queue.ready.len());
        while let Some(actor) = queue.timers.take_due(now) {
            if self.make_ready(actor) {
                queue.ready.push_back(actor);
            }
        }
        queue.ready.len() > ready
    }

    /// Changes an actor's state because it has work; tells whether it must be queued.
    fn make_ready(&self, actor: ActorId) -> bool {
        let state = &self.states[actor.0];
        loop {
            // Acquire: pairs with the Release of the worker that let the actor go, so that the next
            // one finds its contents whole. Release: what was done before is seen by that next one.
            let (from, to) = match state.load(Ordering::Acquire) {
                IDLE => (IDLE, READY),
                RUNNING => (RUNNING, NOTIFIED),
                _ => return false,
            };
            if state
                .compare_exchange(from, to, Ordering::AcqRel, Ordering::Relaxed)
                .is_ok()
            {
                return from == IDLE;
            }
        }
    }

    /// Wakes a worker if an actor is ready, or a timer is set, for which nobody is on the way or on the
    /// lookout.
    fn wake(&self, mut queue: MutexGuard<'_, Queue>) {
        // Relaxed: a hint. Who watches takes the lock before it believes it, or sleeps.
        self.arrivals.fetch_add(1, Ordering::Relaxed);
        let watched = queue.watch.is_on() || queue.awake > 0 && queue.lookout;
        let seen = queue.waking || watched;
        let needed = !queue.ready.is_empty() || queue.unkept().is_some();
        let wake = queue.parked > 0 && needed && !seen;
        queue.waking |= wake;
        let sleeper = if wake { queue.sleepers.pop() } else { None };
        queue.unparking += usize::from(sleeper.is_some());
        drop(queue);
        if let Some(alarm) = self.alarm.as_ref().filter(|_| needed) {
            alarm.ring();
        }
        match (&self.sleep, sleeper) {
            (Some(sleep), Some(worker)) => {
                sleep.unpark(worker);
                lock(&self.queue).unparking -= 1;
            }
            _ if wake => self.arrived.notify_one(),
            _ => {}
        }
    }

    /// Takes the actor that is ready longest, if there is one.
    pub(crate) fn try_take(&self) -> Option<Claim> {
        self.try_take_nth(|_| 0)
    }

    /// Takes the ready actor that `choose` points out, given how many there are; none once closed.
    pub(crate) fn try_take_nth(&self, choose: impl FnOnce(usize) -> usize) -> Option<Claim> {
        let mut queue = lock(&self.queue);
        if queue.closed {
            return None;
        }
        let rung = self.ring(&mut queue);
        let ready = queue.ready.len();
        if ready == 0 {
            return None;
        }
        let actor = queue.ready.remove(choose(ready))?;
        queue.taken += 1;
        let claim = self.start(actor);
        if rung {
            self.wake(queue);
        }
        Some(claim)
    }

    /// Whether an actor is ready, and may be taken.
    pub(crate) fn has_ready(&self) -> bool {
        let queue = lock(&self.queue);
        !queue.closed && !queue.ready.is_empty()
    }

    /// What a worker is to do next: it waits for an actor, unless it is to sleep in the host's way.
    /// `awake` says that the worker has taken an actor this way before, and is back for more, `outside` that
    /// its thread sleeps outside of the engine; `slept` is what it slept for.
    pub(crate) fn next(
        &self,
        worker: usize,
        (awake, outside): (bool, bool),
        slept: Option<Nap>,
    ) -> Next {
        let mut queue = lock(&self.queue);
        queue.eager |= outside;
        queue.awake -= usize::from(awake);
        let mut joins = slept.is_none_or(|nap| self.get_up(worker, &mut queue, &nap));
        loop {
            if queue.closed {
                return Next::Leave;
            }
            self.ring(&mut queue);
            if (joins || queue.eager || queue.awake == 0)
                && let Some(actor) = queue.ready.pop_front()
            {
                queue.awake += 1;
                queue.taken += 1;
                let claim = self.start(actor);
                self.wake(queue);
                return Next::Run(claim);
            }
            if !queue.eager && queue.awake == 0 && queue.watch.begin() {
                queue = self.watch(queue);
                continue;
            }
            let nap = self.lie_down(worker, &mut queue);
            if self.sleep.is_some() {
                return Next::Sleep(nap);
            }
            queue = match nap.most {
                Some(most) => wait_at_most(&self.arrived, &self.queue, queue, most),
                None => self
                    .arrived
                    .wait(queue)
                    .unwrap_or_else(|error| error.into_inner()),
            };
            joins = self.get_up(worker, &mut queue, &nap);
        }
    }

    /// Sleeps in the host's way, on the thread of the worker.
    pub(crate) fn sleep(&self, worker: usize, nap: &Nap) {
        if let Some(sleep) = &self.sleep {
            sleep.park(worker, nap.most);
        }
    }

    /// `next`, for threads that only take actors and sleep.
    #[cfg(test)]
    pub(super) fn take(&self, worker: usize, mut awake: bool) -> Option<Claim> {
        let mut slept = None;
        loop {
            match self.next(worker, (awake, false), slept.take()) {
                Next::Run(claim) => return Some(claim),
                Next::Sleep(nap) => {
                    self.sleep(worker, &nap);
                    (awake, slept) = (false, Some(nap));
                }
                Next::Leave => return None,
            }
        }
    }

    /// Watches for a moment whether something comes.
    fn watch<'q>(&'q self, queue: MutexGuard<'q, Queue>) -> MutexGuard<'q, Queue> {
        let before = self.arrivals.load(Ordering::Relaxed);
        drop(queue);
        let seen = (0..GLANCES).any(|_| {
            glance();
            self.arrivals.load(Ordering::Relaxed) != before
        });
        let mut queue = lock(&self.queue);
        queue.watch.end(seen);
        queue
    }

    /// A worker is about to sleep until there may be something to do.
    fn lie_down(&self, worker: usize, queue: &mut Queue) -> Nap {
        queue.parked += 1;
        let looks = !queue.eager && queue.awake > 0 && !queue.lookout && !queue.ready.is_empty();
        queue.lookout |= looks;
        let keeps = queue.unkept();
        queue.kept = keeps.or(queue.kept);
        if self.sleep.is_some() {
            queue.sleepers.push(worker);
        }
        Nap {
            most: self.sleeps_at_most(looks, keeps),
            looks,
            keeps,
            taken: queue.taken,
        }
    }

    /// A worker has slept; tells whether it should join in although others are awake.
    fn get_up(&self, worker: usize, queue: &mut Queue, nap: &Nap) -> bool {
        queue.sleepers.retain(|&sleeper| sleeper != worker);
        queue.parked -= 1;
        queue.waking = false;
        queue.lookout &= !nap.looks;
        if queue.kept == nap.keeps {
            queue.kept = None;
        }
        nap.looks && queue.taken - nap.taken < FEW
    }

    /// How long at most a lookout sleeps, or who keeps a timer.
    fn sleeps_at_most(&self, looks: bool, keeps: Option<Duration>) -> Option<Duration> {
        let keeps = keeps.map(|time| time.saturating_sub(self.clock.now()).min(KEEP_MAX));
        match looks {
            true => Some(keeps.map_or(LOOK, |keeps| keeps.min(LOOK))),
            false => keeps,
        }
    }

    /// A worker that was awake will not come back.
    pub(crate) fn worker_gone(&self) {
        lock(&self.queue).awake -= 1;
    }

    fn start(&self, actor: ActorId) -> Claim {
        // Pairs with the lock of the mailboxes: see the top of this file.
        self.states[actor.0].store(RUNNING, Ordering::Release);
        Claim(actor)
    }

    /// Gives an actor back; `more` if it has work left.
    pub(crate) fn give_back(&self, claim: Claim, more: bool) {
        let actor = claim.actor();
        let state = &self.states[actor.0];
        // Release: pairs with the Acquire in `notify` and `try_claim`.
        let idle = state.compare_exchange(RUNNING, IDLE, Ordering::AcqRel, Ordering::Acquire);
        if more && idle.is_ok() {
            self.notify(actor);
        } else if idle.is_err() {
            state.store(READY, Ordering::Release);
            let mut queue = lock(&self.queue);
            queue.ready.push_back(actor);
            self.wake(queue);
        }
    }

    /// Claims an actor that no worker has, ready or not.
    pub(crate) fn try_claim(&self, actor: ActorId) -> Option<Claim> {
        let mut queue = lock(&self.queue);
        let state = &self.states[actor.0];
        match state.load(Ordering::Acquire) {
            // A notifier may be between making it ready and queueing it: then it is not there yet.
            READY => {
                let index = queue.ready.iter().position(|&ready| ready == actor)?;
                queue.ready.remove(index);
                Some(self.start(actor))
            }
            IDLE => state
                .compare_exchange(IDLE, RUNNING, Ordering::AcqRel, Ordering::Relaxed)
                .ok()
                .map(|_| Claim(actor)),
            _ => None,
        }
    }

    /// Lets all workers leave.
    pub(crate) fn close(&self) {
        let sleepers = {
            let mut queue = lock(&self.queue);
            queue.closed = true;
            queue.timers.clear();
            self.arrivals.fetch_add(1, Ordering::Relaxed);
            queue.unparking += 1;
            std::mem::take(&mut queue.sleepers)
        };
        self.arrived.notify_all();
        if let Some(sleep) = &self.sleep {
            sleepers.iter().for_each(|&worker| sleep.unpark(worker));
        }
        lock(&self.queue).unparking -= 1;
    }

    /// How many actors are ready; none once closed.
    pub(crate) fn ready(&self) -> usize {
        let mut queue = lock(&self.queue);
        match queue.closed {
            true => 0,
            false => {
                self.ring(&mut queue);
                queue.ready.len()
            }
        }
    }

    /// How many workers sleep.
    #[cfg(all(test, not(loom)))]
    pub(super) fn parked(&self) -> usize {
        lock(&self.queue).parked
    }

    /// Whether a thread is still inside the host to wake a worker.
    pub(crate) fn is_unparking(&self) -> bool {
        lock(&self.queue).unparking > 0
    }

    pub(crate) fn is_closed(&self) -> bool {
        lock(&self.queue).closed
    }
}
