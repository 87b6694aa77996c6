//! Accounting for what is left of batches that were sent with a completion, beside the credits.

use super::Engine;
use super::segment::{Origin, Origins};
use super::ticket::Ticket;
use crate::host::Output;
use crate::model::DeadReason;

impl Engine {
    /// Nothing is left of these messages.
    #[inline]
    pub(super) fn gone(&self, pipeline: usize, origins: Origins<'_>, count: usize) {
        if origins.are_tracked() {
            let gone = origins.first(count);
            self.settle(
                pipeline,
                gone.map(|(origin, low, high)| (origin.batch, low as i64 - high as i64)),
            );
        }
    }

    /// Nothing is left of a message.
    #[inline]
    pub(super) fn gone_one(&self, origin: Origin) {
        if origin.batch != 0 {
            self.settle(origin.pipeline, std::iter::once((origin.batch, -1)));
        }
    }

    /// These messages are handed out to so many takers more.
    #[inline]
    pub(super) fn shared(&self, pipeline: usize, origins: Origins<'_>, count: usize, more: usize) {
        if origins.are_tracked() {
            let tickets = &self.pipelines[pipeline].tickets;
            for (origin, low, high) in origins.first(count) {
                if origin.batch != 0 {
                    tickets.raise(origin.batch, ((high - low) * more) as i64);
                }
            }
        }
    }

    /// These messages died in numbers, for one reason. They are still to be let go of.
    #[inline]
    pub(super) fn died(
        &self,
        pipeline: usize,
        origins: Origins<'_>,
        count: usize,
        reason: DeadReason,
    ) {
        if origins.are_tracked() {
            let tickets = &self.pipelines[pipeline].tickets;
            for (origin, low, high) in origins.first(count) {
                if origin.batch != 0 {
                    tickets.died(origin.batch, high - low, reason, "");
                }
            }
        }
    }

    /// What senders called what these messages descend from; 0 where nobody asks.
    pub(super) fn tokens(
        &self,
        pipeline: usize,
        origins: Origins<'_>,
        count: usize,
        into: &mut Vec<u64>,
    ) {
        let tickets = &self.pipelines[pipeline].tickets;
        into.clear();
        for (origin, _, high) in origins.first(count) {
            let token = match origin.batch {
                0 => 0,
                ticket => tickets.token(ticket),
            };
            into.resize(high, token);
        }
    }

    /// Changes what is left of batches, and has those reported of which nothing is.
    pub(super) fn settle(&self, pipeline: usize, changes: impl Iterator<Item = (Ticket, i64)>) {
        let tickets = &self.pipelines[pipeline].tickets;
        if !tickets.settle(changes) {
            return;
        }
        tickets.passed.notify();
        match self.reporter {
            Some(actor) => self.pools.notify(actor),
            None => self.completed.notify(),
        }
        // Who closes, or drains, waits for the last one.
        if self.discarding().is_some() || self.is_quiet() {
            self.changed.notify();
        }
    }
}

/// What a call changes in what is left of each batch. Empty if nobody asks.
#[derive(Default)]
pub(super) struct Balance(Vec<(Ticket, i64)>);

impl Balance {
    /// The first `done` messages are done; their outputs, which ascend in the message they follow from, go
    /// to so many takers each, those behind the first `through` to one.
    pub(super) fn strike(
        &mut self,
        origins: Origins<'_>,
        done: usize,
        outputs: &[Output],
        (through, takers): (usize, usize),
    ) {
        debug_assert!(self.0.is_empty());
        if !origins.are_tracked() {
            return;
        }
        let mut next = 0;
        for (origin, low, high) in origins.first(done) {
            let first = next;
            next += outputs[first..].partition_point(|output| output.from < high as u64);
            let shared = next.min(through).saturating_sub(first);
            let emitted = shared * takers + (next - first - shared);
            let change = emitted as i64 - (high - low) as i64;
            self.0.push((origin.batch, change));
        }
    }

    /// One of the messages that are done, which is from here, has come to one more.
    pub(super) fn add(&mut self, origin: Origin) {
        let mut changes = self.0.iter_mut().rev();
        if let Some((_, change)) = changes.find(|(ticket, _)| *ticket == origin.batch) {
            *change += 1;
        }
    }

    /// There will be so many more, or fewer, messages of a ticket.
    pub(super) fn note(&mut self, ticket: Ticket, change: i64) {
        match self.0.last_mut() {
            Some(last) if last.0 == ticket && (last.1 < 0) == (change < 0) => last.1 += change,
            _ => self.0.push((ticket, change)),
        }
    }

    /// Adds what there is more of, before it is passed on.
    pub(super) fn raise(&self, engine: &Engine, pipeline: usize) {
        let more = self
            .0
            .iter()
            .filter(|(ticket, change)| *ticket != 0 && *change > 0);
        for &(ticket, change) in more {
            engine.pipelines[pipeline].tickets.raise(ticket, change);
        }
    }

    /// Takes away what there is less of, once it is gone.
    pub(super) fn settle(&mut self, engine: &Engine, pipeline: usize) {
        if !self.0.is_empty() {
            let less = self.0.drain(..).filter(|(_, change)| *change < 0);
            engine.settle(pipeline, less);
        }
    }
}
