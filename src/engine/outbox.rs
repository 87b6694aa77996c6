//! Outputs of one step on their way out of a shard.
//!
//! On the way to another step they wait for their keys; on the way to sinks, for room. Either way they
//! hold their credits at the stage they are going to.

use super::inbox::Mail;
use super::schedule::ActorId;
use super::segment::{Origin, Origins, Spans};
use super::{Engine, SinkSlot};
use crate::fault::{Fault, planted};
use crate::model::{DeadReason, Value};

#[derive(Default)]
pub(super) struct Outbox {
    pub(super) values: Vec<Value>,
    pub(super) spans: Spans,
    /// How many are forwarded to the next step.
    pub(super) forwarded: usize,
    /// How many are forwarded to each sink.
    to_sinks: Vec<usize>,
}

impl Outbox {
    pub(super) fn push(&mut self, origin: Origin, value: Value) {
        self.values.push(value);
        self.spans.push(origin, self.values.len());
    }

    pub(super) fn append(&mut self, values: &[Value], origins: Origins<'_>) {
        self.spans.append(origins, values.len(), self.values.len());
        self.values.extend_from_slice(values);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    pub(super) fn clear(&mut self) {
        self.values.clear();
        self.spans.clear();
        self.to_sinks.clear();
        self.forwarded = 0;
    }

    /// Forwards as much as there is room for to the sinks of a pipeline; tells whether that was all.
    /// If not, `actor` is notified when there is room.
    pub(super) fn forward_to_sinks(
        &mut self,
        engine: &Engine,
        pipeline: usize,
        actor: ActorId,
    ) -> bool {
        let sinks = &engine.pipelines[pipeline].sinks;
        self.to_sinks.resize(sinks.len(), 0);
        let mut all = true;
        for (sink, forwarded) in sinks.iter().zip(&mut self.to_sinks) {
            let values = &self.values[*forwarded..];
            if values.is_empty() {
                continue;
            }
            let origins = self.spans.from(*forwarded);
            let accepted = match sink {
                SinkSlot::Callback { actor: sink, inbox } => {
                    inbox.append(Mail::keyless(values, origins));
                    engine.pools.notify(*sink);
                    values.len()
                }
                SinkSlot::Queue(queue) => {
                    let accepted = queue.push(origins, values, actor);
                    // Who closes empties the queues: it may have looked already.
                    if engine.discarding().is_some() {
                        engine.changed.notify();
                    }
                    accepted
                }
            };
            all &= accepted == values.len();
            *forwarded += accepted;
        }
        if all {
            self.clear();
        }
        all
    }

    /// Hands back what was not forwarded: before a step, or once for each sink that still should
    /// have it.
    pub(super) fn discard(
        &mut self,
        engine: &Engine,
        pipeline: usize,
        stage: usize,
        reason: DeadReason,
    ) {
        let slot = &engine.pipelines[pipeline];
        self.to_sinks.resize(slot.sinks.len(), 0);
        let forwarded = match stage == slot.steps {
            true => &self.to_sinks[..],
            false => std::slice::from_ref(&self.forwarded),
        };
        for (taker, &forwarded) in forwarded.iter().enumerate() {
            let mut left = &self.values[forwarded..];
            if planted(Fault::ValueForgotten) && !left.is_empty() {
                left = &left[1..];
            }
            let left = (left, self.spans.from(forwarded));
            engine.discard(pipeline, stage, stage + 1 + taker, left, reason);
        }
        self.clear();
    }
}
