//! A sink that is a bounded queue, which the host polls.

use std::collections::VecDeque;

use super::event::Event;
use super::schedule::ActorId;
use super::segment::{Origin, Origins};
use crate::fault::{Fault, planted};
use crate::model::Value;
use crate::sync::{Arc, Mutex, lock};

#[derive(Default)]
struct Content {
    messages: VecDeque<(Origin, Value)>,
    /// The actors that hold outputs for which there was no room.
    stalled: Vec<ActorId>,
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

    /// Takes up to `out.len()` messages. Gives how many, and the actors to notify.
    pub(crate) fn take(&self, out: &mut [Value]) -> (usize, Vec<ActorId>) {
        let mut content = lock(&self.content);
        let taken = out.len().min(content.messages.len());
        for (slot, (_, value)) in out.iter_mut().zip(content.messages.drain(..taken)) {
            *slot = value;
        }
        let stalled = if taken > 0 {
            std::mem::take(&mut content.stalled)
        } else {
            Vec::new()
        };
        (taken, stalled)
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
