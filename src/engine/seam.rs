//! Time, threads and randomness, as far as the engine's decisions hang on them. What only threads do is
//! elsewhere: `event` sleeps until a deadline, `worker` starts them.
//!
//! The same engine runs under real threads, or under a stepper: one thread, which runs the actors one
//! after the other in an order that a seed decides, and owns the clock.

use std::time::{Duration, Instant};

use once_cell::sync::Lazy;

use super::Engine;
use super::event::{Event, Wait, WaitError};
use super::schedule::{Claim, Schedule};
use crate::sync::{Arc, Mutex, lock};

/// What time is counted from.
static START: Lazy<Instant> = Lazy::new(Instant::now);

pub(crate) enum Seam {
    Threads,
    Stepper(Mutex<Stepper>),
}

pub(crate) struct Stepper {
    random: fastrand::Rng,
    clock: Duration,
}

impl Seam {
    pub(crate) fn stepper(seed: u64) -> Seam {
        let random = fastrand::Rng::with_seed(seed);
        Seam::Stepper(Mutex::new(Stepper {
            random,
            clock: Duration::ZERO,
        }))
    }

    /// The time since some moment in the past.
    pub(crate) fn now(&self) -> Duration {
        match self {
            Seam::Threads => START.elapsed(),
            Seam::Stepper(stepper) => lock(stepper).clock,
        }
    }

    /// How many messages the next run has, of `most` that are allowed.
    pub(crate) fn run_length(&self, most: usize) -> usize {
        match self {
            Seam::Threads => most,
            Seam::Stepper(stepper) => lock(stepper).random.usize(1..=most),
        }
    }

    /// The actor to run next, if one is ready.
    pub(crate) fn choose(&self, schedule: &Schedule) -> Option<Claim> {
        match self {
            Seam::Threads => schedule.try_take(),
            Seam::Stepper(stepper) => {
                schedule.try_take_nth(|ready| lock(stepper).random.usize(..ready))
            }
        }
    }

    /// Waits until `condition` gives something. Under the stepper that means to run other actors;
    /// when none is left to run, a wait with a deadline lets the time pass, and one without is a
    /// deadlock.
    pub(crate) fn wait_until<T>(
        &self,
        engine: &Engine,
        event: &Arc<Event>,
        wait: &Wait,
        mut condition: impl FnMut() -> Option<T>,
    ) -> Result<T, WaitError> {
        let Seam::Stepper(stepper) = self else {
            return event.wait_until(wait, condition);
        };
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
            if !engine.step() {
                let Some(timeout) = wait.timeout else {
                    return Err(WaitError::Deadlock);
                };
                lock(stepper).clock += timeout;
                return Err(WaitError::Timeout);
            }
        }
    }

    /// The stepper's clock; none under threads.
    pub(crate) fn clock(&self) -> Option<Duration> {
        match self {
            Seam::Threads => None,
            Seam::Stepper(stepper) => Some(lock(stepper).clock),
        }
    }
}
