//! Waiting for something to become true, with a deadline or until cancelled.
//!
//! A thread that waits counts itself in, then looks at its condition, then sleeps until the
//! generation it saw has passed. A thread that makes a condition true looks at the count afterwards,
//! and only takes the lock if somebody waits. Both orders are made total by a fence: either the
//! waiter sees the change, or the changer sees the waiter.
//!
//! Who waits for other things as well leaves a waker instead of sleeping, and looks at its condition
//! afterwards: it counts as one that waits until it is woken.

use std::task::Waker;
use std::time::{Duration, Instant};

use crate::sync::{Arc, AtomicBool, AtomicUsize, Condvar, Mutex, Ordering, fence, lock};

/// How long a call may wait.
#[derive(Clone, Default)]
pub struct Wait {
    /// The longest wait; none for as long as it takes, zero for not at all.
    pub timeout: Option<Duration>,
    /// Ends the wait when fired.
    pub cancel: Option<Arc<Cancel>>,
}

impl Wait {
    /// As long as it takes.
    pub fn forever() -> Wait {
        Wait::default()
    }

    /// Not at all.
    pub fn not_at_all() -> Wait {
        Wait::at_most(Duration::ZERO)
    }

    /// At most this long.
    pub fn at_most(timeout: Duration) -> Wait {
        Wait {
            timeout: Some(timeout),
            cancel: None,
        }
    }
}

/// Why a wait ended without what it waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WaitError {
    /// The call was asked not to wait.
    WouldBlock,
    /// The time is over.
    Timeout,
    /// The wait was cancelled.
    Cancelled,
    /// Without threads: nothing is left that could end the wait.
    Deadlock,
}

/// What threads wait at.
#[derive(Default)]
pub(crate) struct Event {
    waiters: AtomicUsize,
    state: Mutex<State>,
    passed: Condvar,
}

#[derive(Default)]
struct State {
    generation: u64,
    wakers: Vec<Waker>,
}

impl Event {
    /// Wakes all that wait, to look at their conditions again.
    pub(crate) fn notify(&self) {
        // Pairs with the fence in `wait_until`: what was changed before is seen by a waiter that
        // is not seen here.
        fence(Ordering::SeqCst);
        if self.waiters.load(Ordering::Relaxed) > 0 {
            let wakers = {
                let mut state = lock(&self.state);
                state.generation += 1;
                // Under the lock: the count of those that sleep is never taken for it.
                self.waiters
                    .fetch_sub(state.wakers.len(), Ordering::Relaxed);
                std::mem::take(&mut state.wakers)
            };
            self.passed.notify_all();
            wakers.into_iter().for_each(Waker::wake);
        }
    }

    /// Has this waker woken once, the next time that threads are woken; the caller looks at its condition
    /// after this call.
    pub(crate) fn watch(&self, waker: &Waker) {
        {
            let mut state = lock(&self.state);
            if !state.wakers.iter().any(|other| other.will_wake(waker)) {
                state.wakers.push(waker.clone());
                self.waiters.fetch_add(1, Ordering::Relaxed);
            }
        }
        // Pairs with the fence in `notify`.
        fence(Ordering::SeqCst);
    }

    /// This waker is not to be woken after all, if it was not yet.
    pub(crate) fn unwatch(&self, waker: &Waker) {
        let mut state = lock(&self.state);
        let before = state.wakers.len();
        state.wakers.retain(|other| !other.will_wake(waker));
        self.waiters
            .fetch_sub(before - state.wakers.len(), Ordering::Relaxed);
    }

    /// Waits until `condition` gives something. It is called without a lock, at least once.
    pub(crate) fn wait_until<T>(
        self: &Arc<Self>,
        wait: &Wait,
        mut condition: impl FnMut() -> Option<T>,
    ) -> Result<T, WaitError> {
        if let Some(found) = condition() {
            return Ok(found);
        }
        if wait.timeout == Some(Duration::ZERO) {
            return Err(WaitError::WouldBlock);
        }
        let deadline = wait
            .timeout
            .and_then(|timeout| Instant::now().checked_add(timeout));
        if let Some(cancel) = &wait.cancel {
            cancel.register(self);
        }
        self.waiters.fetch_add(1, Ordering::Relaxed);
        // Pairs with the fence in `notify`.
        fence(Ordering::SeqCst);
        let result = loop {
            let seen = lock(&self.state).generation;
            if let Some(found) = condition() {
                break Ok(found);
            }
            if wait.cancel.as_ref().is_some_and(|cancel| cancel.is_fired()) {
                break Err(WaitError::Cancelled);
            }
            // Each time: something may wake it again and again.
            if deadline.is_some_and(|deadline| deadline <= Instant::now()) {
                break Err(WaitError::Timeout);
            }
            self.sleep(seen, deadline);
        };
        self.waiters.fetch_sub(1, Ordering::Relaxed);
        if let Some(cancel) = &wait.cancel {
            cancel.unregister(self);
        }
        result
    }

    /// Sleeps until the generation is no longer `seen`, or until the deadline.
    fn sleep(&self, seen: u64, deadline: Option<Instant>) {
        let mut state = lock(&self.state);
        while state.generation == seen {
            let Some(deadline) = deadline else {
                state = self
                    .passed
                    .wait(state)
                    .unwrap_or_else(|error| error.into_inner());
                continue;
            };
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return;
            }
            let woken = self.passed.wait_timeout(state, left);
            state = woken.unwrap_or_else(|error| error.into_inner()).0;
        }
    }
}

/// A means to end waits from another thread. Once fired it stays so.
#[derive(Default)]
pub struct Cancel {
    fired: AtomicBool,
    events: Mutex<Vec<Arc<Event>>>,
}

impl Cancel {
    /// Ends every wait that has this cancel, now and from now on.
    pub fn fire(&self) {
        self.fired.store(true, Ordering::SeqCst);
        let events = lock(&self.events).clone();
        events.iter().for_each(|event| event.notify());
    }

    pub(crate) fn is_fired(&self) -> bool {
        self.fired.load(Ordering::SeqCst)
    }

    fn register(&self, event: &Arc<Event>) {
        lock(&self.events).push(event.clone());
    }

    fn unregister(&self, event: &Arc<Event>) {
        let mut events = lock(&self.events);
        if let Some(index) = events.iter().position(|known| Arc::ptr_eq(known, event)) {
            events.swap_remove(index);
        }
    }
}
