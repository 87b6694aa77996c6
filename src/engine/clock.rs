//! What time it is: that of the system, that of the host, or one that is moved by hand.

use std::time::{Duration, Instant};

use once_cell::sync::Lazy;

use crate::host;
use crate::sync::{Arc, AtomicU64, Ordering};

/// What the system's time is counted from.
static START: Lazy<Instant> = Lazy::new(Instant::now);

pub(crate) enum Clock {
    System,
    /// In nanoseconds.
    Own(AtomicU64),
    /// The same, as the host told it last: it is not asked while a lock is held.
    Host(AtomicU64, Arc<dyn host::Clock>),
}

/// The end of time: clocks count nanoseconds, and none goes beyond it.
pub(crate) const LAST: Duration = Duration::from_nanos(u64::MAX);

/// The time that is so long after another, or the end of time. A later one would never come.
pub(crate) fn after(time: Duration, delay: Duration) -> Duration {
    time.saturating_add(delay).min(LAST)
}

fn nanoseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

impl Clock {
    /// A clock that stands until it is moved.
    pub(crate) fn own() -> Clock {
        Clock::Own(AtomicU64::new(0))
    }

    /// A clock that stands until the host is asked.
    pub(crate) fn host(host: &Arc<dyn host::Clock>) -> Clock {
        Clock::Host(AtomicU64::new(0), host.clone())
    }

    /// The time since some moment in the past.
    pub(crate) fn now(&self) -> Duration {
        match self {
            Clock::System => START.elapsed(),
            // SeqCst: who sees the time sees what was done before it came.
            Clock::Own(nanos) | Clock::Host(nanos, _) => {
                Duration::from_nanos(nanos.load(Ordering::SeqCst))
            }
        }
    }

    /// Asks the host for the time, if it is the host's.
    pub(crate) fn ask(&self) {
        if let Clock::Host(nanos, host) = self {
            nanos.fetch_max(nanoseconds(host.now()), Ordering::SeqCst);
        }
    }

    /// Moves a clock of its own to this time, unless it is later there; tells whether it is its own.
    pub(crate) fn move_to(&self, time: Duration) -> bool {
        let own = matches!(self, Clock::Own(_));
        if let Clock::Own(nanos) = self {
            nanos.fetch_max(nanoseconds(time), Ordering::SeqCst);
        }
        own
    }

    /// Whether time passes while a thread sleeps.
    pub(crate) fn runs(&self) -> bool {
        matches!(self, Clock::System)
    }
}
