//! Time, threads and randomness, as far as the engine's decisions hang on them. What only threads do is
//! elsewhere: `event` sleeps until a deadline, `worker` starts them; and what only those do who have
//! none is in `stepping`.
//!
//! The same engine runs under real threads; in its owner's loop, without any; or under a stepper: that
//! loop in an order that a seed decides, with a clock that only moves when it is moved.

use std::time::Duration;

use super::Engine;
use super::alarm::Alarm;
use super::clock::Clock;
use super::event::{Event, Wait, WaitError};
use super::pools::Pools;
use super::schedule::{Claim, Schedule};
use crate::sync::{Arc, Mutex, lock};
use crate::topology::{self, Threads};

enum Mode {
    Threads,
    Loop,
    /// With chance.
    Stepper(Mutex<fastrand::Rng>),
}

pub(crate) struct Seam {
    clock: Arc<Clock>,
    mode: Mode,
    alarm: Option<Arc<Alarm>>,
}

/// A length of at most `most`; short ones are as likely as long ones.
fn random_length(random: &mut fastrand::Rng, most: usize) -> usize {
    let most = most >> random.u32(..=most.max(1).ilog2());
    random.usize(1..=most)
}

impl Seam {
    pub(crate) fn of(threads: &Threads) -> Seam {
        let (clock, mode) = match threads {
            Threads::Engine | Threads::Host => (Clock::System, Mode::Threads),
            Threads::None(topology::Clock::System) => (Clock::System, Mode::Loop),
            Threads::None(topology::Clock::Host(host)) => (Clock::host(host), Mode::Loop),
            Threads::Stepped(seed) => {
                let random = fastrand::Rng::with_seed(*seed);
                (Clock::own(), Mode::Stepper(Mutex::new(random)))
            }
        };
        let clock = Arc::new(clock);
        // Without threads, and where time passes while one sleeps.
        let sleeps = clock.runs() && !matches!(mode, Mode::Threads);
        let alarm = sleeps.then(Arc::default);
        Seam { clock, mode, alarm }
    }

    /// The time since some moment in the past.
    pub(crate) fn now(&self) -> Duration {
        self.clock.now()
    }

    /// How many messages the next run has, of `most` that are allowed.
    pub(crate) fn run_length(&self, most: usize) -> usize {
        match &self.mode {
            Mode::Threads | Mode::Loop => most,
            Mode::Stepper(random) => random_length(&mut lock(random), most),
        }
    }

    /// The actor of any pool to run next, if one is ready.
    pub(crate) fn choose_any(&self, pools: &Pools) -> Option<Claim> {
        match &self.mode {
            Mode::Threads | Mode::Loop => pools.try_take(),
            Mode::Stepper(random) => pools.try_take_nth(|ready| lock(random).usize(..ready)),
        }
    }

    /// The actor of one pool to run next, if one is ready.
    pub(crate) fn choose(&self, schedule: &Schedule) -> Option<Claim> {
        match &self.mode {
            Mode::Threads | Mode::Loop => schedule.try_take(),
            Mode::Stepper(random) => schedule.try_take_nth(|ready| lock(random).usize(..ready)),
        }
    }

    /// Waits until `condition` gives something. Without threads that means to run other actors.
    pub(crate) fn wait_until<T>(
        &self,
        engine: &Engine,
        event: &Arc<Event>,
        wait: &Wait,
        condition: impl FnMut() -> Option<T>,
    ) -> Result<T, WaitError> {
        match self.mode {
            Mode::Threads => event.wait_until(wait, condition),
            Mode::Loop | Mode::Stepper(_) => engine.step_until(event, wait, condition),
        }
    }

    /// What tells the time.
    pub(crate) fn clock(&self) -> &Arc<Clock> {
        &self.clock
    }

    /// What wakes those who wait, for what they are to run.
    pub(crate) fn alarm(&self) -> Option<&Arc<Alarm>> {
        self.alarm.as_ref()
    }

    /// Whether there are workers, and with them more than one thread that calls back.
    pub(crate) fn has_threads(&self) -> bool {
        matches!(self.mode, Mode::Threads)
    }

    /// Whether time and order are the stepper's.
    pub(crate) fn is_stepped(&self) -> bool {
        matches!(self.mode, Mode::Stepper(_))
    }
}
