//! What the engine has to say, at most so much a second: the host is told how much was left out.

use std::time::Duration;

use super::Engine;
use super::callback;
use crate::host::{Level, Record};
use crate::sync::{Mutex, lock};

/// How many records a second.
const MOST: u32 = 10;
const WINDOW: Duration = Duration::from_secs(1);

#[derive(Default)]
struct Window {
    began: Option<Duration>,
    told: u32,
    left_out: u64,
}

/// Counts what is told.
#[derive(Default)]
pub(super) struct Limiter(Mutex<Window>);

impl Limiter {
    /// Whether one more may be told at this time; then, how many were left out before it.
    fn admit(&self, now: Duration) -> Option<u64> {
        let mut window = lock(&self.0);
        let over = |began| now >= began + WINDOW;
        if window.began.is_none_or(over) {
            (window.began, window.told) = (Some(now), 0);
        }
        if window.told == MOST {
            window.left_out += 1;
            return None;
        }
        window.told += 1;
        Some(std::mem::take(&mut window.left_out))
    }
}

impl Engine {
    /// Has the host take note of something, unless that is too much. It is only called by the service.
    pub(crate) fn log(&self, level: Level, path: &str, text: &str) {
        let Some(log) = &self.plan.log else { return };
        let Some(left_out) = self.limiter.admit(self.seam.now()) else {
            return;
        };
        let record = Record {
            level,
            path,
            text,
            left_out,
        };
        callback::tell(self, || log.log(&record));
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn no_more_than_ten_a_second_are_told_and_the_next_says_how_many_were_left_out() {
        let limiter = Limiter::default();
        let at = |milliseconds| limiter.admit(Duration::from_millis(milliseconds));
        let told = (0..25).filter(|&number| at(3_000 + number).is_some());
        assert_eq!(told.count(), 10);
        assert_eq!(at(3_999), None);
        assert_eq!(at(4_000), Some(16));
        assert_eq!(at(4_001), Some(0));
    }
}
