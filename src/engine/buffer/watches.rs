//! Watches: who gathers messages of a pipeline outside of the engine learns when it is time to send them.
//!
//! A watch is a ticket without messages. The pipeline's flusher finishes it when it would empty a hopper:
//! when nothing is under way, when its time has come, or when intake ends. So it is reported once, as any
//! other completion, and whoever closes waits for that.

use std::time::Duration;

use crate::engine::Engine;
use crate::engine::clock::after;
use crate::engine::flow::Flow;
use crate::engine::life::Refusal;
use crate::engine::ticket::Ticket;
use crate::sync::{Mutex, lock};

struct Watch {
    ticket: Ticket,
    /// When it is over whatever is under way.
    due: Option<Duration>,
}

/// The watches of a pipeline that are not over.
#[derive(Default)]
pub(in crate::engine) struct Watches(Mutex<Vec<Watch>>);

impl Watches {
    pub(super) fn is_empty(&self) -> bool {
        lock(&self.0).is_empty()
    }

    /// Begins a watch that is over at a time, whatever is under way.
    pub(in crate::engine) fn begin(&self, ticket: Ticket, due: Option<Duration>, flow: &Flow) {
        let mut all = lock(&self.0);
        all.push(Watch { ticket, due });
        flow.watched(all.len());
    }

    /// Takes those that are over, all of them if `wanted`; tells when the next one will be.
    pub(in crate::engine) fn take_over(
        &self,
        wanted: bool,
        now: Duration,
        flow: &Flow,
    ) -> (Vec<Ticket>, Option<Duration>) {
        let mut all = lock(&self.0);
        if all.is_empty() {
            return (Vec::new(), None);
        }
        let is_over = |watch: &mut Watch| wanted || watch.due.is_some_and(|due| due <= now);
        let over = all.extract_if(.., is_over).map(|watch| watch.ticket);
        let over = over.collect();
        flow.watched(all.len());
        (over, all.iter().filter_map(|watch| watch.due).min())
    }
}

impl Engine {
    /// Has a completion reported with this token when nothing of a pipeline is under way, at the latest
    /// after `most` if there is such a time, or when intake ends.
    pub fn watch(
        &self,
        pipeline: usize,
        token: u64,
        most: Option<Duration>,
    ) -> Result<(), Refusal> {
        let slot = &self.pipelines[pipeline];
        let due = most.map(|most| after(self.seam.now(), most));
        let ticket = slot.tickets.open_alone(token);
        // Whoever ends intake looks at the tickets afterwards: either that sees this one, or this sees that.
        if let Some(refusal) = self.refusal() {
            slot.tickets.take_back(ticket);
            self.changed.notify();
            return Err(refusal);
        }
        slot.hoppers.watches.begin(ticket, due, &slot.flow);
        // Afterwards: either this sees that the watch is over, or who brings that about sees the watch.
        if self.refusal().is_some() {
            self.pools.notify(slot.hoppers.flusher);
            // If there is no worker, who closes runs that: it may have looked already.
            self.changed.notify();
        } else if slot.flow.is_idle() {
            self.pools.notify(slot.hoppers.flusher);
        } else if let Some(due) = due {
            self.pools.notify_at(slot.hoppers.flusher, due);
        }
        Ok(())
    }
}
