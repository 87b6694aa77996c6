//! The credits of one source, and where the messages that hold them are.
//!
//! A message takes a credit when it is admitted, and what descends from it holds on to credits until
//! nothing is left of it. Senders wait for credits; nothing inside the engine does. Fan-out may
//! therefore overdraw them. While they are overdrawn, nothing is admitted, and a stage whose messages
//! may turn into more starts no new run until what is ahead of it has drained. The furthest messages can
//! always run on, so this cannot deadlock.

use super::event::Event;
use super::schedule::ActorId;
use crate::fault::{Fault, planted};
use crate::sync::{Arc, AtomicI64, AtomicUsize, Mutex, Ordering, fence, lock};

pub(crate) struct Flow {
    credits: i64,
    in_flight: AtomicI64,
    /// How many messages are in hoppers.
    gathered: AtomicI64,
    /// How many wait to be told when nothing is under way.
    watches: AtomicUsize,
    /// How many messages are at each stage: one for each step, and one behind the last for sinks and
    /// dead letters.
    stages: Box<[AtomicI64]>,
    /// Where senders wait.
    pub(crate) room: Arc<Event>,
    gated: Mutex<Vec<ActorId>>,
    gated_len: AtomicUsize,
}

/// What a return of credits calls for.
pub(crate) struct Returned {
    /// Enough credits are free that waiting senders should be woken.
    pub(crate) wake_senders: bool,
    /// Nothing is in flight any more.
    pub(crate) quiet: bool,
}

impl Flow {
    pub(crate) fn new(credits: u64, steps: usize) -> Flow {
        Flow {
            credits: credits as i64,
            in_flight: AtomicI64::new(0),
            gathered: AtomicI64::new(0),
            watches: AtomicUsize::new(0),
            stages: (0..=steps).map(|_| AtomicI64::new(0)).collect(),
            room: Arc::default(),
            gated: Mutex::default(),
            gated_len: AtomicUsize::new(0),
        }
    }

    /// Takes credits for up to `wanted` messages, and says for how many.
    pub(crate) fn admit(&self, wanted: usize) -> usize {
        let mut in_flight = self.in_flight.load(Ordering::Relaxed);
        loop {
            let granted = (self.credits - in_flight).min(wanted as i64);
            if granted <= 0 {
                return 0;
            }
            // SeqCst: whoever ends intake and then reads the count sees these, or these see that.
            match self.in_flight.compare_exchange_weak(
                in_flight,
                in_flight + granted,
                Ordering::SeqCst,
                Ordering::Relaxed,
            ) {
                Ok(_) => {
                    self.stages[0].fetch_add(granted, Ordering::SeqCst);
                    return granted as usize;
                }
                Err(now) => in_flight = now,
            }
        }
    }

    pub(crate) fn has_room(&self) -> bool {
        self.free() > 0
    }

    /// How many credits are free.
    pub(crate) fn free(&self) -> usize {
        (self.credits - self.in_flight.load(Ordering::SeqCst)).max(0) as usize
    }

    /// Notes, before they are passed on, that `consumed` messages at `from` became `emitted` at `to`.
    /// Those consumed are given back with `consumed`, by the same numbers.
    pub(crate) fn emit(&self, to: usize, consumed: usize, emitted: usize) {
        self.arrive(to, emitted);
        self.grow(consumed, emitted);
    }

    /// Notes that messages are at a stage, where those that emitted them go on to several: their credits
    /// are noted with `grow`, once for all of them.
    pub(crate) fn arrive(&self, to: usize, emitted: usize) {
        self.stages[to].fetch_add(emitted as i64, Ordering::SeqCst);
    }

    /// Takes the credits of what `consumed` messages emitted and did not hold themselves.
    pub(crate) fn grow(&self, consumed: usize, emitted: usize) {
        if emitted > consumed {
            self.in_flight
                .fetch_add((emitted - consumed) as i64, Ordering::SeqCst);
        }
    }

    /// Gives back what `consumed` messages at `from` held and what they emitted did not take over.
    pub(crate) fn consumed(&self, from: usize, consumed: usize, emitted: usize) -> Returned {
        self.stages[from].fetch_sub(consumed as i64, Ordering::SeqCst);
        self.give_back(consumed.saturating_sub(emitted))
    }

    /// Moves a message from one stage to another.
    pub(crate) fn moved(&self, from: usize, to: usize) {
        self.stages[to].fetch_add(1, Ordering::SeqCst);
        self.stages[from].fetch_sub(1, Ordering::SeqCst);
    }

    fn give_back(&self, credits: usize) -> Returned {
        let lost = usize::from(credits > 0 && planted(Fault::CreditLost));
        let credits = (credits - lost) as i64;
        let before = self.in_flight.fetch_sub(credits, Ordering::SeqCst);
        let after = before - credits;
        debug_assert!(after >= 0, "more credits were given back than taken");
        // Senders are woken when a quarter of the credits is free, not for each one: a worker that
        // runs out of work, and a poll, wake them for any.
        let low = self.credits - (self.credits / 4).max(1);
        Returned {
            wake_senders: before > low && after <= low,
            quiet: after == 0 && credits > 0,
        }
    }

    /// How many of those in flight are not at their end: what lies there, unread perhaps, keeps nobody
    /// busy.
    fn under_way(&self, in_flight: i64) -> i64 {
        match &self.stages[..] {
            [_] => in_flight,
            stages => in_flight - stages[stages.len() - 1].load(Ordering::SeqCst),
        }
    }

    /// Notes that admitted messages were put into a hopper.
    pub(crate) fn gathered(&self, count: usize) {
        self.gathered.fetch_add(count as i64, Ordering::SeqCst);
    }

    /// Notes that messages were taken out of a hopper, to be passed on.
    pub(crate) fn let_out(&self, count: usize) {
        self.gathered.fetch_sub(count as i64, Ordering::SeqCst);
    }

    /// Notes how many wait to be told when nothing is under way. One at a time notes it.
    pub(crate) fn watched(&self, count: usize) {
        self.watches.store(count, Ordering::SeqCst);
    }

    /// Whether nothing is under way but what is in hoppers.
    pub(crate) fn is_idle(&self) -> bool {
        // Pairs with the fence in `take_gated`: who has put a message in sees the credits that came back,
        // or who gave them back sees the message.
        fence(Ordering::SeqCst);
        let in_flight = self.in_flight.load(Ordering::SeqCst);
        self.under_way(in_flight) <= self.gathered.load(Ordering::SeqCst)
    }

    /// Whether messages are in hoppers, or somebody watches, and nothing else is under way: for who has
    /// given credits back and taken those who waited at the gate.
    pub(crate) fn leaves_hoppers(&self) -> bool {
        let any =
            self.gathered.load(Ordering::Relaxed) > 0 || self.watches.load(Ordering::Relaxed) > 0;
        any && self.is_idle() && !planted(Fault::IdleOverlooked)
    }

    pub(crate) fn in_flight(&self) -> usize {
        self.in_flight.load(Ordering::SeqCst).max(0) as usize
    }

    pub(crate) fn at_stage(&self, stage: usize) -> usize {
        self.stages[stage].load(Ordering::SeqCst).max(0) as usize
    }

    fn may_start(&self, stage: usize) -> bool {
        let overdrawn = self.in_flight.load(Ordering::SeqCst) > self.credits;
        !overdrawn || planted(Fault::GateOpen) || {
            self.stages[stage + 1..]
                .iter()
                .all(|count| count.load(Ordering::SeqCst) <= 0)
        }
    }

    /// Whether a lane at `stage` may start a run; if not, `actor` is notified when that may have
    /// changed.
    pub(crate) fn pass_gate(&self, stage: usize, actor: ActorId) -> bool {
        if self.may_start(stage) {
            return true;
        }
        {
            let mut gated = lock(&self.gated);
            if !gated.contains(&actor) {
                gated.push(actor);
            }
            self.gated_len.store(gated.len(), Ordering::SeqCst);
        }
        // Pairs with the fence in `take_gated`: either this sees the credits come back, or that
        // sees the actor.
        fence(Ordering::SeqCst);
        self.may_start(stage)
    }

    /// The actors to notify because credits came back.
    pub(crate) fn take_gated(&self) -> Vec<ActorId> {
        // Pairs with those in `pass_gate` and `is_idle`.
        fence(Ordering::SeqCst);
        if self.gated_len.load(Ordering::SeqCst) == 0 {
            return Vec::new();
        }
        let mut gated = lock(&self.gated);
        self.gated_len.store(0, Ordering::SeqCst);
        std::mem::take(&mut gated)
    }
}
