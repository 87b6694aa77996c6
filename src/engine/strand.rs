//! A strand runs messages through stateless steps, and lets them go on from there.
//!
//! A parallel step has several for each thread that may run it: messages are dealt out to them, and nothing
//! keeps those of one in order with those of another. A source that listens has one, for the steps that its
//! pipeline begins with, and its first keys.

use super::Engine;
use super::chain::{Bench, Chain, Standing};
use super::inbox::{Inbox, Mail};
use super::pools::Pools;
use super::schedule::ActorId;
use super::segment::{Bag, Origins};
use super::shard::LaneQueue;
use crate::host::Verdict;
use crate::model::Value;
use crate::sync::{AtomicUsize, Ordering};

/// The strands of one step.
pub(super) struct Strands {
    each: Vec<(ActorId, Inbox)>,
    /// Which of them is next.
    turn: AtomicUsize,
}

impl FromIterator<(ActorId, Inbox)> for Strands {
    fn from_iter<I: IntoIterator<Item = (ActorId, Inbox)>>(each: I) -> Strands {
        Strands {
            each: each.into_iter().collect(),
            turn: AtomicUsize::new(0),
        }
    }
}

impl Strands {
    /// Deals messages out, in equal shares.
    pub(super) fn spread(&self, pools: &Pools, values: &[Value], origins: Origins<'_>) {
        if values.is_empty() {
            return;
        }
        let size = values.len().div_ceil(self.each.len());
        let shares = values.chunks(size);
        // Relaxed: whose turn it is matters to nobody else.
        let turn = self.turn.fetch_add(shares.len(), Ordering::Relaxed);
        for (number, share) in shares.enumerate() {
            let (actor, inbox) = &self.each[turn.wrapping_add(number) % self.each.len()];
            inbox.append(Mail::keyless(share, origins.skip(number * size)));
            pools.notify(*actor);
        }
    }
}

pub(super) struct Strand {
    pipeline: usize,
    step: usize,
    /// Which of its step's strands it is; none if it is a source's.
    index: Option<usize>,
    queue: LaneQueue,
    chain: Chain,
    bench: Bench,
    mail: Bag,
}

impl Strand {
    /// A strand of a step, or of a source, with what comes behind that up to `end`.
    pub(super) fn new(
        actor: ActorId,
        pipeline: usize,
        (step, end): (usize, usize),
        index: Option<usize>,
    ) -> Strand {
        let (queue, bench, mail) = Default::default();
        Strand {
            pipeline,
            step,
            index,
            queue,
            chain: Chain::new(pipeline, step, end, Some(actor)),
            bench,
            mail,
        }
    }

    /// Goes on until one run is over; tells whether there is more to do.
    pub(super) fn advance(&mut self, engine: &Engine) -> bool {
        self.collect(engine);
        if let Some(reason) = engine.discarding() {
            for segment in self.queue.drain(..) {
                let left = (segment.values_left(), segment.origins_left());
                engine.discard(self.pipeline, self.step, self.step + 1, left, reason);
            }
            self.chain.discard(engine, reason);
            return false;
        }
        match self.chain.standing(engine) {
            Standing::Held => return false,
            Standing::Empty if self.queue.is_empty() => return false,
            Standing::Empty => self.fill(self.run_length(engine)),
            Standing::Ready => {}
        }
        while self.chain.advance(engine, &mut self.bench) {}
        true
    }

    fn run_length(&self, engine: &Engine) -> usize {
        let blocking = self.index.map_or(0, |_| {
            let step = &engine.plan.pipelines[self.pipeline].steps[self.step];
            step.stateless().blocking
        });
        engine.plan.run_length_of(blocking)
    }

    fn collect(&mut self, engine: &Engine) {
        let slot = &engine.pipelines[self.pipeline];
        let place = match (self.index, &slot.intake) {
            (None, intake) => intake.as_ref(),
            (Some(index), _) => {
                let strands = slot.strands[self.step].as_ref();
                strands.map(|strands| &strands.each[index])
            }
        };
        if let Some((_, inbox)) = place {
            inbox.take(&mut self.mail.arrived, &mut self.mail.empty);
        }
        self.queue.extend(self.mail.arrived.drain(..));
    }

    /// Lets up to `most` messages into the chain.
    fn fill(&mut self, most: usize) {
        let mut room = most;
        while let Some(segment) = self.queue.front_mut().filter(|_| room > 0) {
            let count = segment.left().min(room);
            self.chain
                .enter_all(&segment.values_left()[..count], segment.origins_left());
            segment.taken += count;
            room -= count;
            if segment.left() == 0
                && let Some(segment) = self.queue.pop_front()
            {
                self.mail.empty(segment);
            }
        }
    }

    /// The worker that ran its callback is gone, for this reason.
    pub(super) fn lost(&mut self, engine: &Engine, verdict: Verdict) {
        self.chain.called(engine, &mut self.bench, verdict);
    }
}
