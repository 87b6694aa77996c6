//! Whether it pays that a worker watches for work for a moment before it sleeps.
//!
//! To wake a thread takes longer than a batch of messages lasts, so a worker that is a little faster than
//! who sends would sleep and be woken for each. One worker at a time watches; how often that was in
//! vain decides how often it is tried, so that where messages come slowly it costs next to nothing.

/// How many times at most workers sleep at once before one watches again.
const LEFT_OUT_MAX: u32 = 256;

/// Guarded by the lock of the schedule.
#[derive(Default)]
pub(super) struct Watch {
    on: bool,
    /// How many times it is left out after it was in vain; doubles.
    vain: u32,
    left_out: u32,
}

impl Watch {
    /// Tells a worker that found nothing whether to watch before it sleeps.
    pub(super) fn begin(&mut self) -> bool {
        if self.on {
            return false;
        }
        if self.left_out > 0 {
            self.left_out -= 1;
            return false;
        }
        self.on = true;
        true
    }

    /// The worker watches no more; `seen` says whether something came.
    pub(super) fn end(&mut self, seen: bool) {
        self.on = false;
        self.vain = match seen {
            true => 0,
            false => (self.vain * 2).clamp(1, LEFT_OUT_MAX),
        };
        self.left_out = self.vain;
    }

    /// Whether a worker watches.
    pub(super) fn is_on(&self) -> bool {
        self.on
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn watching_in_vain_is_tried_ever_less_often() {
        let mut watch = Watch::default();
        let tries = |watch: &mut Watch, turns: u32, seen: bool| {
            let mut tries = 0;
            for _ in 0..turns {
                if watch.begin() {
                    tries += 1;
                    watch.end(seen);
                }
            }
            tries
        };
        assert!(tries(&mut watch, 100_000, false) < 500);
        // Once it was worth it, it is tried every time.
        tries(&mut watch, LEFT_OUT_MAX + 1, true);
        assert_eq!(tries(&mut watch, 100, true), 100);
    }

    #[test]
    fn one_worker_watches_at_a_time() {
        let mut watch = Watch::default();
        assert!(watch.begin());
        assert!(!watch.begin());
        watch.end(true);
        assert!(watch.begin());
    }
}
