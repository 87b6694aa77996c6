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
//! Shutdown: (1) `close` marks the queue; (2) parked workers wake and leave, working ones leave when
//! they come for more, even if actors are ready; (3) work that arrives meanwhile stays where it is, for
//! whoever closes to drop.

use std::collections::VecDeque;

use crate::sync::{AtomicU8, Condvar, Mutex, MutexGuard, Ordering, lock};

const IDLE: u8 = 0;
const READY: u8 = 1;
const RUNNING: u8 = 2;
const NOTIFIED: u8 = 3;

/// The number of an actor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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

#[derive(Default)]
struct Queue {
    ready: VecDeque<ActorId>,
    parked: usize,
    /// Whether a worker was woken that has not come yet. It wakes the next one if there is more to
    /// do, so that a burst of work costs one wake-up and not one for each actor.
    waking: bool,
    closed: bool,
}

pub(crate) struct Schedule {
    states: Box<[AtomicU8]>,
    queue: Mutex<Queue>,
    arrived: Condvar,
}

impl Schedule {
    /// A schedule of this many actors, all idle.
    pub(crate) fn new(actors: usize) -> Schedule {
        Schedule {
            states: (0..actors).map(|_| AtomicU8::new(IDLE)).collect(),
            queue: Mutex::default(),
            arrived: Condvar::new(),
        }
    }

    pub(crate) fn actors(&self) -> impl Iterator<Item = ActorId> {
        (0..self.states.len()).map(ActorId)
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

    /// Wakes a worker if one sleeps and none is on its way.
    fn wake(&self, mut queue: MutexGuard<'_, Queue>) {
        let wake = queue.parked > 0 && !queue.waking && !queue.ready.is_empty();
        queue.waking |= wake;
        drop(queue);
        if wake {
            self.arrived.notify_one();
        }
    }

    /// Takes the actor that is ready longest, if there is one.
    pub(crate) fn try_take(&self) -> Option<Claim> {
        self.try_take_nth(|_| 0)
    }

    /// Takes the ready actor that `choose` points out, given how many there are.
    pub(crate) fn try_take_nth(&self, choose: impl FnOnce(usize) -> usize) -> Option<Claim> {
        let mut queue = lock(&self.queue);
        let ready = queue.ready.len();
        if ready == 0 {
            return None;
        }
        let actor = queue.ready.remove(choose(ready))?;
        Some(self.start(actor))
    }

    /// Takes the actor that is ready longest, and waits for one; none once closed.
    pub(crate) fn take(&self) -> Option<Claim> {
        let mut queue = lock(&self.queue);
        loop {
            if queue.closed {
                return None;
            }
            if let Some(actor) = queue.ready.pop_front() {
                let claim = self.start(actor);
                self.wake(queue);
                return Some(claim);
            }
            queue.parked += 1;
            queue = self
                .arrived
                .wait(queue)
                .unwrap_or_else(|error| error.into_inner());
            queue.parked -= 1;
            queue.waking = false;
        }
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
        lock(&self.queue).closed = true;
        self.arrived.notify_all();
    }
}
