//! Time, threads and randomness, as far as the engine's decisions hang on them. What only threads do is
//! elsewhere: `event` sleeps until a deadline, `worker` starts them.
//!
//! The same engine runs under real threads, or under a stepper: one thread, which runs the actors one
//! after the other in an order that a seed decides, and owns the clock.

use std::time::Duration;

use super::Engine;
use super::clock::Clock;
use super::event::{Event, Wait, WaitError};
use super::schedule::{Claim, Schedule};
use crate::sync::{Arc, Mutex, lock};

pub(crate) struct Seam {
    clock: Arc<Clock>,
    /// Chance, if there is a stepper.
    stepper: Option<Mutex<fastrand::Rng>>,
}

impl Seam {
    pub(crate) fn threads() -> Seam {
        Seam {
            clock: Arc::new(Clock::System),
            stepper: None,
        }
    }

    pub(crate) fn stepper(seed: u64) -> Seam {
        Seam {
            clock: Arc::new(Clock::own()),
            stepper: Some(Mutex::new(fastrand::Rng::with_seed(seed))),
        }
    }

    /// The time since some moment in the past.
    pub(crate) fn now(&self) -> Duration {
        self.clock.now()
    }

    /// How many messages the next run has, of `most` that are allowed.
    pub(crate) fn run_length(&self, most: usize) -> usize {
        match &self.stepper {
            None => most,
            Some(random) => lock(random).usize(1..=most),
        }
    }

    /// The actor to run next, if one is ready.
    pub(crate) fn choose(&self, schedule: &Schedule) -> Option<Claim> {
        match &self.stepper {
            None => schedule.try_take(),
            Some(random) => schedule.try_take_nth(|ready| lock(random).usize(..ready)),
        }
    }

    /// Waits until `condition` gives something. Under the stepper that means to run other actors.
    /// When none is left to run, time passes: to the next timer or to the deadline, whichever is
    /// earlier. Without either it is a deadlock.
    pub(crate) fn wait_until<T>(
        &self,
        engine: &Engine,
        event: &Arc<Event>,
        wait: &Wait,
        mut condition: impl FnMut() -> Option<T>,
    ) -> Result<T, WaitError> {
        if self.stepper.is_none() {
            return event.wait_until(wait, condition);
        }
        let deadline = wait
            .timeout
            .map(|timeout| self.now().saturating_add(timeout));
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
            if engine.step() {
                continue;
            }
            match (engine.schedule.next_timer(), deadline) {
                (None, None) => return Err(WaitError::Deadlock),
                (Some(timer), deadline) if deadline.is_none_or(|deadline| timer < deadline) => {
                    self.clock.move_to(timer);
                }
                (_, deadline) => {
                    deadline
                        .into_iter()
                        .for_each(|deadline| self.clock.move_to(deadline));
                    return Err(WaitError::Timeout);
                }
            }
        }
    }

    /// What tells the time.
    pub(crate) fn clock(&self) -> &Arc<Clock> {
        &self.clock
    }

    /// Lets time pass, if it does not by itself.
    pub(crate) fn advance(&self, by: Duration) {
        self.clock.move_to(self.now().saturating_add(by));
    }

    /// Whether time and order are the stepper's.
    pub(crate) fn is_stepped(&self) -> bool {
        self.stepper.is_some()
    }
}
