//! What a service lets into a pipeline: it never waits, and calls nothing of the host. The stateless steps
//! that the pipeline begins with, and the first partition function, are run by a worker.

use std::time::Duration;

use super::event::Wait;
use super::inbox::Mail;
use super::life::Refusal;
use super::segment::{Origin, Spans};
use super::{Death, Engine};
use crate::model::{DeadReason, Value};

/// The way into one pipeline, for a service. Order is kept.
pub(crate) struct Intake {
    /// Where those come from that are admitted, and how many of them are not over.
    origin: Origin,
    admitted: usize,
    position: u64,
    spans: Spans,
}

impl Intake {
    pub(crate) fn new(pipeline: usize) -> Intake {
        Intake {
            origin: Origin {
                pipeline,
                batch: 0,
                epoch: 0,
            },
            admitted: 0,
            position: 0,
            spans: Spans::default(),
        }
    }

    /// Takes credits for up to `wanted` messages, at most as many as a run has, and gives for how many. All
    /// that was admitted before must be over. `tracked` ones count for the watermark of the pipeline.
    pub(crate) fn admit(
        &mut self,
        engine: &Engine,
        wanted: usize,
        tracked: bool,
    ) -> Result<usize, Refusal> {
        debug_assert_eq!(self.admitted, 0);
        let pipeline = self.origin.pipeline;
        let wait = Wait::at_most(Duration::ZERO);
        let wanted = wanted.min(engine.plan.run_length);
        self.admitted = engine.admit(pipeline, wanted, &wait)?;
        self.origin.batch = 0;
        if tracked {
            let tickets = &engine.pipelines[pipeline].tickets;
            (self.origin.batch, self.position) = tickets.open_quiet(self.admitted);
        }
        Ok(self.admitted)
    }

    /// The position behind the last tracked message, in the order in which the pipeline admitted such; see
    /// [`Engine::watermark`].
    pub(crate) fn position(&self) -> u64 {
        self.position
    }

    /// The next ones of the admitted are these messages.
    pub(crate) fn pass(&mut self, engine: &Engine, values: &[Value]) {
        debug_assert!(values.len() <= self.admitted);
        if values.is_empty() {
            return;
        }
        self.admitted -= values.len();
        engine.count_sent(self.origin.pipeline, values.len());
        self.spans.clear();
        self.spans.push(self.origin, values.len());
        engine.take_in(self.origin.pipeline, values, &self.spans);
    }

    /// The next `count` of the admitted are no messages.
    pub(crate) fn forgo(&mut self, engine: &Engine, count: usize) {
        debug_assert!(count <= self.admitted);
        if count == 0 {
            return;
        }
        self.admitted -= count;
        engine.consumed(self.origin.pipeline, 0, count, 0);
        self.spans.clear();
        self.spans.push(self.origin, count);
        engine.gone(self.origin.pipeline, self.spans.from(0), count);
        // Their credits came back here, and no worker will tell.
        engine.wake_senders();
    }

    /// The next one of the admitted is a frame that could not be decoded.
    pub(crate) fn bury(&mut self, engine: &Engine, frame: &[u8], text: &str) {
        debug_assert!(self.admitted > 0);
        self.admitted -= 1;
        engine.bury(Death {
            origin: self.origin,
            stage: 0,
            counter: 0,
            path: &engine.plan.pipelines[self.origin.pipeline].source.path,
            value: Value::default(),
            reason: DeadReason::Decode,
            key: None,
            text,
            frame: Some(frame),
        });
        engine.wake_senders();
    }
}

impl Engine {
    /// Leaves messages that were admitted for what comes first in their pipeline.
    fn take_in(&self, pipeline: usize, values: &[Value], spans: &Spans) {
        let slot = &self.pipelines[pipeline];
        let origins = spans.from(0);
        if let Some((actor, inbox)) = &slot.intake {
            inbox.append(Mail::keyless(values, origins));
            self.pools.notify(*actor);
        } else if slot.relay.is_some() {
            self.relay(pipeline, values, origins);
        } else {
            self.spread(pipeline, 0, values, origins);
        }
        // If there is no worker, who closes runs what arrives: it may have looked already.
        if self.discarding().is_some() {
            self.changed.notify();
        }
    }
}
