//! Pools of threads, each with a schedule of its own, behind one door.
//!
//! Pool 0 is the workers'. What blocks is run by a pool of its own: all shards of a partition that a
//! blocking step uses, because a part is run by one thread at a time; and the strands of a
//! parallel step. An actor belongs to one pool for good, and those of one partition or step to the same.

use std::time::Duration;

use super::schedule::{ActorId, Claim, Schedule};
use crate::sync::{AtomicUsize, Ordering};

/// The number of a pool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PoolId(usize);

impl PoolId {
    /// The workers'.
    pub(crate) const WORKERS: PoolId = PoolId(0);

    pub(crate) fn new(number: usize) -> PoolId {
        PoolId(number)
    }
}

pub(crate) struct Pools {
    schedules: Box<[Schedule]>,
    /// The pool of each actor.
    of: Box<[PoolId]>,
    /// Which pool is looked at first, by who looks at all.
    turn: AtomicUsize,
}

impl Pools {
    /// So many pools, made by `schedule`, and the pool of each actor.
    pub(crate) fn new(
        pools: usize,
        of: Vec<PoolId>,
        schedule: impl Fn(PoolId) -> Schedule,
    ) -> Pools {
        Pools {
            schedules: (0..pools).map(|number| schedule(PoolId(number))).collect(),
            of: of.into(),
            turn: AtomicUsize::new(0),
        }
    }

    pub(crate) fn ids(&self) -> impl Iterator<Item = PoolId> + use<> {
        (0..self.schedules.len()).map(PoolId)
    }

    pub(crate) fn of(&self, pool: PoolId) -> &Schedule {
        &self.schedules[pool.0]
    }

    fn schedule(&self, actor: ActorId) -> &Schedule {
        self.of(self.of[actor.0])
    }

    pub(crate) fn actors(&self) -> impl Iterator<Item = ActorId> + use<> {
        (0..self.of.len()).map(ActorId)
    }

    /// Tells an actor that it has work.
    pub(crate) fn notify(&self, actor: ActorId) {
        self.schedule(actor).notify(actor);
    }

    /// Tells actors, which are of one pool, that they have work.
    pub(crate) fn notify_many(&self, actors: &[ActorId]) {
        let Some(&first) = actors.first() else { return };
        debug_assert!(
            actors
                .iter()
                .all(|actor| self.of[actor.0] == self.of[first.0])
        );
        self.schedule(first).notify_many(actors);
    }

    /// Notifies an actor once it is `time`; see [`Schedule::notify_at`].
    pub(crate) fn notify_at(&self, actor: ActorId, time: Duration) {
        self.schedule(actor).notify_at(actor, time);
    }

    /// The time of the next timer.
    pub(crate) fn next_timer(&self) -> Option<Duration> {
        let times = self.schedules.iter().map(Schedule::next_timer);
        times.flatten().min()
    }

    /// Takes a ready actor of any pool, if there is one; each pool comes first in turn.
    pub(crate) fn try_take(&self) -> Option<Claim> {
        // Relaxed: it is for fairness only.
        let first = self.turn.fetch_add(1, Ordering::Relaxed);
        let pools = self.schedules.len();
        (0..pools).find_map(|number| self.schedules[first.wrapping_add(number) % pools].try_take())
    }

    /// Takes the ready actor of any pool that `choose` points out, given how many there are.
    pub(crate) fn try_take_nth(&self, choose: impl FnOnce(usize) -> usize) -> Option<Claim> {
        let ready: Vec<usize> = self.schedules.iter().map(Schedule::ready).collect();
        let all = ready.iter().sum();
        let mut chosen = if all > 0 { choose(all) } else { return None };
        for (schedule, ready) in self.schedules.iter().zip(ready) {
            if chosen < ready {
                return schedule.try_take_nth(|_| chosen);
            }
            chosen -= ready;
        }
        None
    }

    pub(crate) fn has_ready(&self) -> bool {
        self.schedules.iter().any(Schedule::has_ready)
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.schedules.iter().all(Schedule::is_closed)
    }

    /// Gives an actor back; `more` if it has work left.
    pub(crate) fn give_back(&self, claim: Claim, more: bool) {
        self.schedule(claim.actor()).give_back(claim, more);
    }

    /// Claims an actor that nobody has, ready or not.
    pub(crate) fn try_claim(&self, actor: ActorId) -> Option<Claim> {
        self.schedule(actor).try_claim(actor)
    }

    /// Lets all threads leave.
    pub(crate) fn close(&self) {
        self.schedules.iter().for_each(Schedule::close);
    }

    /// Whether a thread is still inside the host to wake another.
    pub(crate) fn is_unparking(&self) -> bool {
        self.schedules.iter().any(Schedule::is_unparking)
    }
}
