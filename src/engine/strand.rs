//! A parallel step: messages are dealt out to its strands, several for each thread that may run them, and
//! each strand runs those that it gets. Nothing keeps them in order among each other.

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
use crate::topology::StatelessPlan;

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
    index: usize,
    queue: LaneQueue,
    chain: Chain,
    bench: Bench,
    mail: Bag,
}

impl Strand {
    /// A strand of a step, with what comes behind that up to `end`.
    pub(super) fn new(
        actor: ActorId,
        pipeline: usize,
        (step, end): (usize, usize),
        index: usize,
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
        engine.plan.run_length_of(self.plan(engine).blocking)
    }

    fn plan<'e>(&self, engine: &'e Engine) -> &'e StatelessPlan {
        engine.plan.pipelines[self.pipeline].steps[self.step].stateless()
    }

    fn collect(&mut self, engine: &Engine) {
        if let Some(strands) = &engine.pipelines[self.pipeline].strands[self.step] {
            let (_, inbox) = &strands.each[self.index];
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
