//! When actors want to be notified: one time for each at most, the earliest it asked for.

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use super::schedule::ActorId;

/// Guarded by the lock of the schedule.
#[derive(Default)]
pub(super) struct Timers {
    times: BTreeSet<(Duration, ActorId)>,
    of: HashMap<ActorId, Duration>,
}

impl Timers {
    pub(super) fn is_empty(&self) -> bool {
        self.of.is_empty()
    }

    /// The earliest time.
    pub(super) fn next(&self) -> Option<Duration> {
        self.times.first().map(|&(time, _)| time)
    }

    /// Sets an actor's time, unless it has one that is earlier.
    pub(super) fn set(&mut self, actor: ActorId, time: Duration) {
        let known = self.of.entry(actor).or_insert(time);
        if *known > time {
            self.times.remove(&(*known, actor));
            *known = time;
        }
        self.times.insert((*known, actor));
    }

    /// Takes the actor whose time is the earliest, if it has come.
    pub(super) fn take_due(&mut self, now: Duration) -> Option<ActorId> {
        let &(time, actor) = self.times.first()?;
        if time > now {
            return None;
        }
        self.times.pop_first();
        self.of.remove(&actor);
        Some(actor)
    }

    pub(super) fn clear(&mut self) {
        self.times.clear();
        self.of.clear();
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    #[test]
    fn actors_are_due_in_the_order_of_their_times() {
        let mut timers = Timers::default();
        for (actor, time) in [(3, 30), (1, 10), (2, 20)] {
            timers.set(ActorId(actor), time * MS);
        }
        assert_eq!(timers.next(), Some(10 * MS));
        assert_eq!(timers.take_due(9 * MS), None);
        assert_eq!(timers.take_due(20 * MS), Some(ActorId(1)));
        assert_eq!(timers.take_due(20 * MS), Some(ActorId(2)));
        assert_eq!(timers.take_due(20 * MS), None);
        timers.clear();
        assert!(timers.is_empty() && timers.next().is_none());
    }

    #[test]
    fn an_actor_keeps_the_earliest_time_it_asked_for() {
        let mut timers = Timers::default();
        for time in [20, 10, 30] {
            timers.set(ActorId(1), time * MS);
        }
        assert_eq!(timers.next(), Some(10 * MS));
        assert_eq!(timers.take_due(40 * MS), Some(ActorId(1)));
        assert!(timers.is_empty() && timers.next().is_none());
        timers.set(ActorId(1), 30 * MS);
        assert_eq!(timers.next(), Some(30 * MS));
    }
}
