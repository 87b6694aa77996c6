//! A sink that is a bounded queue, which the host polls.

use std::collections::VecDeque;

use super::event::Event;
use super::schedule::ActorId;
use super::segment::{Origin, Origins, Spans};
use crate::fault::{Fault, planted};
use crate::model::Value;
use crate::sync::{Arc, Mutex, lock};

#[derive(Default)]
struct Content {
    messages: VecDeque<(Origin, Value)>,
    /// The actors that hold outputs for which there was no room.
    stalled: Vec<ActorId>,
}

/// What was taken out of a queue.
pub(crate) struct Taken {
    pub(crate) count: usize,
    /// The actors to notify.
    pub(crate) stalled: Vec<ActorId>,
    /// Where those came from that have a ticket: so many.
    pub(crate) tracked: Spans,
    pub(crate) tracked_count: usize,
}

pub(crate) struct SinkQueue {
    capacity: usize,
    content: Mutex<Content>,
    /// Where pollers wait.
    pub(crate) arrived: Arc<Event>,
}

impl SinkQueue {
    pub(crate) fn new(capacity: u64) -> SinkQueue {
        SinkQueue {
            capacity: capacity as usize,
            content: Mutex::default(),
            arrived: Arc::default(),
        }
    }

    /// Takes as many of the values as there is room for, and says how many. If that is not all,
    /// `actor` is among those to notify once there is room.
    pub(crate) fn push(&self, origins: Origins<'_>, values: &[Value], actor: ActorId) -> usize {
        let accepted = {
            let mut content = lock(&self.content);
            let accepted = values.len().min(self.capacity - content.messages.len());
            for (origin, low, high) in origins.first(accepted) {
                let values = values[low..high].iter();
                content
                    .messages
                    .extend(values.map(|&value| (origin, value)));
            }
            let stalls = accepted < values.len() && !planted(Fault::StallForgotten);
            if stalls && !content.stalled.contains(&actor) {
                content.stalled.push(actor);
            }
            accepted
        };
        if accepted > 0 {
            self.arrived.notify();
        }
        accepted
    }

    /// Takes up to `out.len()` messages.
    pub(crate) fn take(&self, out: &mut [Value]) -> Taken {
        let mut content = lock(&self.content);
        let count = out.len().min(content.messages.len());
        let (mut tracked, mut tracked_count) = (Spans::default(), 0);
        for (slot, (origin, value)) in out.iter_mut().zip(content.messages.drain(..count)) {
            *slot = value;
            if origin.batch != 0 {
                tracked_count += 1;
                tracked.push(origin, tracked_count);
            }
        }
        let stalled = match count {
            0 => Vec::new(),
            _ => std::mem::take(&mut content.stalled),
        };
        Taken {
            count,
            stalled,
            tracked,
            tracked_count,
        }
    }

    /// Takes up to `most` messages, behind those that there are: tells how many, and the actors to notify.
    pub(crate) fn take_all(
        &self,
        most: usize,
        values: &mut Vec<Value>,
        spans: &mut Spans,
    ) -> (usize, Vec<ActorId>) {
        let mut content = lock(&self.content);
        let count = most.min(content.messages.len());
        let before = values.len();
        for (origin, value) in content.messages.drain(..count) {
            values.push(value);
            spans.push(origin, values.len());
        }
        let count = values.len() - before;
        match count {
            0 => (0, Vec::new()),
            _ => (count, std::mem::take(&mut content.stalled)),
        }
    }

    pub(crate) fn len(&self) -> usize {
        lock(&self.content).messages.len()
    }

    /// What it holds.
    #[cfg(all(test, not(loom)))]
    pub(crate) fn messages(&self) -> Vec<(Origin, Value)> {
        lock(&self.content).messages.iter().copied().collect()
    }
}
