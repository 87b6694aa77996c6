//! The actor that empties the hoppers of a pipeline when nobody else does.

use std::time::Duration;

use super::hopper::{Due, Hopper, Spout};
use crate::engine::Engine;
use crate::host::Verdict;
use crate::sync::{Arc, lock};

/// What it is doing is kept here and not on the stack, as in a shard.
pub(in crate::engine) struct Flusher {
    pipeline: usize,
    /// The hopper that it empties.
    open: Option<(Arc<Hopper>, Box<Spout>)>,
    /// The place of the hopper that is looked at first.
    next: usize,
}

impl Flusher {
    pub(in crate::engine) fn new(pipeline: usize) -> Flusher {
        Flusher {
            pipeline,
            open: None,
            next: 0,
        }
    }

    /// Empties one hopper; tells whether there may be another.
    pub(in crate::engine) fn advance(&mut self, engine: &Engine) -> bool {
        if self.open.is_none() && !self.begin(engine) {
            return false;
        }
        if let Some((_, spout)) = &mut self.open {
            spout.run(engine);
        }
        if let Some((hopper, spout)) = self.open.take() {
            hopper.close(spout);
        }
        true
    }

    /// Opens the next hopper that is due, if there is one; else sees to it that it is run when one will be.
    fn begin(&mut self, engine: &Engine) -> bool {
        let slot = &engine.pipelines[self.pipeline];
        if slot.hoppers.is_empty() {
            return false;
        }
        let wanted = slot.flow.is_idle() || engine.refusal().is_some();
        let now = engine.seam.now();
        let mut first = self.end_watches(engine, wanted, now);
        let mut all = lock(&slot.hoppers.all);
        all.retain(|hopper| hopper.due(wanted, now) != Due::Never);
        for turn in 0..all.len() {
            let place = (self.next + turn) % all.len();
            let hopper = &all[place];
            match hopper.due(wanted, now) {
                Due::Now => {
                    if let Some(spout) = engine.open(self.pipeline, hopper) {
                        self.next = place + 1;
                        self.open = Some((hopper.clone(), spout));
                        return true;
                    }
                }
                Due::At(time) => first = Some(first.map_or(time, |first| first.min(time))),
                Due::Later | Due::Never => {}
            }
        }
        drop(all);
        if let Some(time) = first {
            engine.pools.notify_at(slot.hoppers.flusher, time);
        }
        false
    }

    /// Ends the watches that are over; tells when the next one will be.
    fn end_watches(&self, engine: &Engine, wanted: bool, now: Duration) -> Option<Duration> {
        let slot = &engine.pipelines[self.pipeline];
        let (over, next) = slot.hoppers.watches.take_over(wanted, now, &slot.flow);
        let ended = over.into_iter().map(|ticket| (ticket, -1));
        engine.settle(self.pipeline, ended);
        next
    }

    /// The worker that ran a callback of the spout's is gone, for this reason.
    pub(in crate::engine) fn lost(&mut self, engine: &Engine, verdict: Verdict) {
        if let Some((_, spout)) = &mut self.open {
            spout.lost(engine, verdict);
        }
    }
}
