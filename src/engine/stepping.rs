//! Running without threads: whoever steps the application, or waits for something of it, runs its actors.
//!
//! That is one thread at a time, and it has the place of worker 0 meanwhile: should one that steps end
//! inside a callback, `worker_lost` frees the place and what it ran. Another thread that waits takes
//! turns with it; another that steps is refused.
//!
//! When no actor is ready, only time can go on: to the next timer, or to the deadline of who waits. The
//! system's passes by itself: who waits sleeps, and is woken for what another thread makes ready. The stepper's clock belongs to who waits, and is moved.
//! The host's cannot pass while the host waits here: the wait is over at once. Where there is no time
//! to wait for, it is a deadlock.

use std::time::Duration;

use super::Engine;
use super::callback;
use super::clock::after;
use super::event::{Event, Wait, WaitError};
use super::life::Refusal;
use crate::sync::{Arc, Ordering};

/// What stepping came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stepped {
    /// How many turns of actors were run.
    pub turns: usize,
    /// How long until there is something to run again, if nothing comes from outside: zero if there is
    /// at once, none if there never is.
    pub idle: Option<Duration>,
}

/// What a thread found that wanted to run an actor.
enum Turn {
    /// One, and has run it.
    Ran,
    /// None is ready.
    Idle,
    /// Another thread is at it.
    Taken,
}

impl Engine {
    /// Runs one ready actor on this thread, if there is one and nobody else does.
    pub fn step(&self) -> bool {
        if self.seam.has_threads() {
            return self.run_next(None);
        }
        matches!(self.turn(), Turn::Ran)
    }

    /// Runs up to `budget` turns of actors on this thread; `None` if there are threads for that.
    pub fn step_many(&self, budget: usize) -> Option<Result<Stepped, Refusal>> {
        if self.seam.has_threads() {
            return None;
        }
        if let Err(refusal) = self.outside() {
            return Some(Err(refusal));
        }
        if self.is_closed() {
            return Some(Err(Refusal::Closed));
        }
        if !self.enter_loop() {
            return Some(Err(Refusal::Busy));
        }
        let turns = (0..budget).take_while(|_| self.run_in_loop(Some(0)));
        let turns = turns.count();
        let idle = self.idle_for();
        self.leave_loop();
        Some(Ok(Stepped { turns, idle }))
    }

    /// How long until there is something to run, if nothing comes from outside.
    fn idle_for(&self) -> Option<Duration> {
        if self.pools.has_ready() {
            return Some(Duration::ZERO);
        }
        self.next_timer()
    }

    /// Lets this much time pass under the stepper; tells whether the clock is the stepper's. Who
    /// becomes ready by that is run by the next steps.
    pub fn advance(&self, by: Duration) -> bool {
        let clock = self.seam.clock();
        clock.move_to(after(clock.now(), by))
    }

    /// Runs one ready actor on this thread, which is in the loop.
    fn run_in_loop(&self, place: Option<usize>) -> bool {
        // Who closes waits for the loop before it lets the host go: the host is still there.
        if !self.pools.is_closed() {
            self.seam.clock().ask();
        }
        self.run_next(place)
    }

    fn turn(&self) -> Turn {
        if !self.enter_loop() {
            return Turn::Taken;
        }
        let ran = self.run_in_loop(None);
        self.leave_loop();
        if ran { Turn::Ran } else { Turn::Idle }
    }

    /// Takes the place of who runs the loop, unless another thread has it.
    fn enter_loop(&self) -> bool {
        let place = &self.workers[0];
        let free = !place.inside.swap(true, Ordering::SeqCst);
        if free {
            place
                .thread
                .store(callback::this_thread(), Ordering::Relaxed);
        }
        free
    }

    fn leave_loop(&self) {
        // No store: loom lets a load read an older value than the last one stored.
        self.workers[0].inside.swap(false, Ordering::SeqCst);
        self.changed.notify();
    }

    /// Waits until `condition` gives something, and runs actors meanwhile.
    pub(super) fn step_until<T>(
        &self,
        event: &Arc<Event>,
        wait: &Wait,
        mut condition: impl FnMut() -> Option<T>,
    ) -> Result<T, WaitError> {
        let (mut deadline, mut rested) = (None, false);
        loop {
            if let Some(found) = condition() {
                return Ok(found);
            }
            if wait.timeout == Some(Duration::ZERO) {
                return Err(WaitError::WouldBlock);
            }
            if wait.cancel.as_ref().is_some_and(|cancel| cancel.is_fired()) {
                return Err(WaitError::Cancelled);
            }
            let over = deadline.is_some_and(|deadline| deadline <= self.seam.now());
            // Who has waited until now looks once more for what became ready last.
            if over && !std::mem::take(&mut rested) {
                return Err(WaitError::Timeout);
            }
            let turn = self.turn();
            // Not before: then the host was not asked for the time.
            let from_now = |timeout| after(self.seam.now(), timeout);
            deadline = deadline.or_else(|| wait.timeout.map(from_now));
            match turn {
                Turn::Ran => {}
                Turn::Taken => self.wait_for_turn(deadline, wait)?,
                Turn::Idle if over => {
                    return condition().ok_or(WaitError::Timeout);
                }
                Turn::Idle => {
                    if let Some(found) = self.idle(event, deadline, wait, &mut condition)? {
                        return Ok(found);
                    }
                    // A clock that was moved has not gone beyond it.
                    rested = self.seam.clock().runs();
                }
            }
        }
    }

    /// Waits until the thread that runs actors lets others have a turn.
    fn wait_for_turn(&self, deadline: Option<Duration>, wait: &Wait) -> Result<(), WaitError> {
        let clock = self.seam.clock();
        let wait = Wait {
            timeout: deadline
                .filter(|_| clock.runs())
                .map(|deadline| deadline.saturating_sub(clock.now())),
            cancel: wait.cancel.clone(),
        };
        let place = &self.workers[0].inside;
        self.changed
            .wait_until(&wait, || (!place.load(Ordering::SeqCst)).then_some(()))
            .map_err(|error| match error {
                // The time is over just now.
                WaitError::WouldBlock => WaitError::Timeout,
                other => other,
            })
    }

    /// Nothing is ready: lets time pass to the next timer or to the deadline, if it does.
    fn idle<T>(
        &self,
        event: &Arc<Event>,
        deadline: Option<Duration>,
        wait: &Wait,
        mut condition: impl FnMut() -> Option<T>,
    ) -> Result<Option<T>, WaitError> {
        // Another thread may have had a turn since the last look.
        if let Some(found) = condition() {
            return Ok(Some(found));
        }
        let clock = self.seam.clock();
        let until = match (self.pools.next_timer(), deadline) {
            (Some(timer), Some(deadline)) => Some(timer.min(deadline)),
            (timer, deadline) => timer.or(deadline),
        };
        let until = until.ok_or(WaitError::Deadlock)?;
        if clock.runs() {
            let wait = Wait {
                timeout: Some(until.saturating_sub(clock.now())),
                cancel: wait.cancel.clone(),
            };
            let _asleep = self.seam.alarm().map(|alarm| alarm.set(event));
            let stirs = || {
                let sooner = |timer| timer < until;
                self.pools.has_ready() || self.pools.next_timer().is_some_and(sooner)
            };
            let found = || match condition() {
                None => stirs().then_some(None),
                found => Some(found),
            };
            return match event.wait_until(&wait, found) {
                // There may be something to run now; and the last look is for who waits to take.
                Err(WaitError::Timeout | WaitError::WouldBlock) => Ok(None),
                other => other,
            };
        }
        if clock.move_to(until) {
            return Ok(None);
        }
        Err(deadline.map_or(WaitError::Deadlock, |_| WaitError::Timeout))
    }
}
