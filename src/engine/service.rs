//! What moves messages between the engine and the world outside, on a thread of its own: an actor that
//! waits for other things than the engine, and is woken for the engine's by a waker.

use std::task::Waker;

use super::Engine;
use super::pools::PoolId;
use crate::host::Verdict;
use crate::metrics::StageCounters;
use crate::sync::{AtomicBool, Ordering};

/// Moves messages between the engine and the world outside.
pub(crate) trait Service: Send {
    /// Does what there is to do, and waits until there is more, or its waker is woken. Without a thread in
    /// its place (`attended` is false) who closes runs it: then it does not wait. Tells whether it is to be
    /// called again. Once the engine discards what it has, the service lets go of all that it holds.
    fn advance(&mut self, engine: &Engine, attended: bool) -> bool;

    /// The thread ended inside a callback: what that did is judged by `verdict`.
    fn lost(&mut self, engine: &Engine, verdict: Verdict);
}

/// Where the service runs, and what wakes it.
pub(super) struct ServiceSlot {
    pub(super) pool: PoolId,
    pub(super) waker: Waker,
    /// Whether it has let go of all that it held.
    over: AtomicBool,
}

impl ServiceSlot {
    pub(super) fn new(pool: PoolId, waker: Waker) -> ServiceSlot {
        ServiceSlot {
            pool,
            waker,
            over: AtomicBool::new(false),
        }
    }
}

impl Engine {
    /// Notes whether the service is to be called again, and tells it.
    pub(super) fn service_advanced(&self, more: bool) -> bool {
        if let Some(service) = self.service.as_ref().filter(|_| !more) {
            service.over.store(true, Ordering::SeqCst);
            // Who closes waits for it.
            self.changed.notify();
        }
        more
    }

    /// Whether there is no service that holds something.
    pub(super) fn is_service_over(&self) -> bool {
        let over = |service: &ServiceSlot| service.over.load(Ordering::SeqCst);
        self.service.as_ref().is_none_or(over)
    }

    /// Lets the service look at what has become of the engine.
    pub(super) fn wake_service(&self) {
        if let Some(service) = &self.service {
            service.waker.wake_by_ref();
        }
    }

    /// How many messages a pipeline might admit now.
    pub(crate) fn room(&self, pipeline: usize) -> usize {
        match self.readers.load(Ordering::SeqCst) {
            0 => self.pipelines[pipeline].flow.free(),
            _ => 0,
        }
    }

    /// Whether messages of a pipeline were thrown away because the application failed or was closed.
    pub(crate) fn has_thrown_away(&self, pipeline: usize) -> bool {
        self.discarding().is_some() && {
            let counters = &self.pipelines[pipeline].counters;
            counters.iter().any(StageCounters::has_thrown_away)
        }
    }

    /// Has a waker woken once, as soon as there may be credits for messages of a pipeline. Who asks looks
    /// for itself afterwards.
    pub(crate) fn watch_room(&self, pipeline: usize, waker: &Waker) {
        self.pipelines[pipeline].flow.room.watch(waker);
    }

    /// The same, as soon as a pipeline's watermark may have risen.
    pub(crate) fn watch_watermark(&self, pipeline: usize, waker: &Waker) {
        self.pipelines[pipeline].tickets.passed.watch(waker);
    }

    /// The same, as soon as there may be messages in the queue of a sink.
    pub(crate) fn watch_sink(&self, pipeline: usize, sink: usize, waker: &Waker) {
        if let super::SinkSlot::Queue(queue) = &self.pipelines[pipeline].sinks[sink] {
            queue.arrived.watch(waker);
        }
    }
}
