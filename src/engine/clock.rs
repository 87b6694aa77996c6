//! What time it is: that of the system, or one that is moved by hand.

use std::time::{Duration, Instant};

use once_cell::sync::Lazy;

use crate::sync::{AtomicU64, Ordering};

/// What the system's time is counted from.
static START: Lazy<Instant> = Lazy::new(Instant::now);

pub(crate) enum Clock {
    System,
    /// In nanoseconds.
    Own(AtomicU64),
}

impl Clock {
    /// A clock that stands until it is moved.
    pub(crate) fn own() -> Clock {
        Clock::Own(AtomicU64::new(0))
    }

    /// The time since some moment in the past.
    pub(crate) fn now(&self) -> Duration {
        match self {
            Clock::System => START.elapsed(),
            // SeqCst: who sees the time sees what was done before it came.
            Clock::Own(nanos) => Duration::from_nanos(nanos.load(Ordering::SeqCst)),
        }
    }

    /// Moves a clock of its own to this time, unless it is later there.
    pub(crate) fn move_to(&self, time: Duration) {
        if let Clock::Own(nanos) = self {
            let time = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
            nanos.fetch_max(time, Ordering::SeqCst);
        }
    }
}
