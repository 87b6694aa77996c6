//! The far end of a sink's queue: messages that were taken out of it, until they are out of the engine.
//! First they wait to be encoded; then their values are the host's, and they are in flight until they are
//! written.

use super::segment::Spans;
use super::{Death, Engine, SinkSlot};
use crate::model::{DeadReason, Value};

/// Messages of a sink on their way out, in order.
pub(crate) struct Outlet {
    pipeline: usize,
    sink: usize,
    values: Vec<Value>,
    spans: Spans,
    /// How many of them were written, and how many were encoded.
    written: usize,
    encoded: usize,
}

impl Outlet {
    pub(crate) fn new(pipeline: usize, sink: usize) -> Outlet {
        Outlet {
            pipeline,
            sink,
            values: Vec::new(),
            spans: Spans::default(),
            written: 0,
            encoded: 0,
        }
    }

    /// Takes up to `most` messages out of the queue, behind those that it has, and tells how many.
    pub(crate) fn fetch(&mut self, engine: &Engine, most: usize) -> usize {
        let SinkSlot::Queue(queue) = &engine.pipelines[self.pipeline].sinks[self.sink] else {
            return 0;
        };
        let (count, stalled) = queue.take_all(most, &mut self.values, &mut self.spans);
        stalled
            .into_iter()
            .for_each(|actor| engine.pools.notify(actor));
        count
    }

    /// The messages that wait to be encoded.
    pub(crate) fn waiting(&self) -> &[Value] {
        &self.values[self.encoded..]
    }

    /// How many messages are encoded and not written.
    pub(crate) fn unwritten(&self) -> usize {
        self.encoded - self.written
    }

    /// The first `count` that waited are encoded: their values are the host's.
    pub(crate) fn encoded(&mut self, count: usize) {
        debug_assert!(count <= self.waiting().len());
        self.encoded += count;
    }

    /// The first `count` that were encoded are written.
    pub(crate) fn written(&mut self, engine: &Engine, count: usize) {
        debug_assert!(count <= self.unwritten());
        engine
            .sink_counter(self.pipeline, self.sink)
            .completed(count);
        self.let_go(engine, count);
        // Whoever waits for credits is not told of each: here is nobody else who would tell the last.
        engine.wake_senders();
    }

    /// The first that waits could not be encoded.
    pub(crate) fn failed(&mut self, engine: &Engine, text: &str) {
        let stage = engine.pipelines[self.pipeline].steps;
        let plan = &engine.plan.pipelines[self.pipeline].sinks[self.sink];
        let death = Death {
            origin: self.spans.origin_at(self.encoded),
            stage,
            counter: stage + 1 + self.sink,
            path: &plan.path,
            value: self.values.remove(self.encoded),
            reason: DeadReason::Sink,
            key: None,
            text,
            frame: None,
        };
        self.spans.remove(self.encoded);
        engine.failed(death, plan.policy);
    }

    /// All that it has is dead.
    pub(crate) fn give_up(&mut self, engine: &Engine, reason: DeadReason) {
        let left = self.values.len() - self.written;
        if left == 0 {
            return;
        }
        engine
            .sink_counter(self.pipeline, self.sink)
            .dead(reason, left);
        let origins = self.spans.from(self.written);
        engine.died(self.pipeline, origins, left, reason);
        let stage = engine.pipelines[self.pipeline].steps;
        engine.drop_values(self.pipeline, stage, self.waiting());
        self.encoded = self.values.len();
        self.let_go(engine, left);
    }

    /// The first `count` that are left are no longer in flight.
    fn let_go(&mut self, engine: &Engine, count: usize) {
        let stage = engine.pipelines[self.pipeline].steps;
        engine.consumed(self.pipeline, stage, count, 0);
        let origins = self.spans.from(self.written);
        engine.gone(self.pipeline, origins, count);
        self.written += count;
        // Now and then, so that each message is moved about once.
        if self.written * 2 >= self.values.len() {
            self.values.drain(..self.written);
            self.spans.remove_first(self.written);
            self.encoded -= self.written;
            self.written = 0;
        }
    }
}
