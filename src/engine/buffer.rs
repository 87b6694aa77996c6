//! Buffers: messages that are sent one at a time, by any number of threads, go on many together.
//!
//! A message is admitted when it is put into a buffer's *hopper*: from then on it holds a credit and is in
//! flight like any other. The hopper is emptied
//! - by who fills it up to its limit, or puts a message in while nothing else of the pipeline is under way:
//!   so a lone message is not delayed;
//! - else by the pipeline's [`Flusher`], an actor, when nothing is under way any more but what is in
//!   hoppers, when the time of the first message in a hopper has come, when it is asked to, and when
//!   intake ends.
//!
//! Order: what comes out of a hopper goes through its *spout* (the chain of steps and keys before the first
//! shard), of which there is one. Who empties a hopper takes spout and messages together, under the hopper's
//! lock, and runs the spout without it. Who finds the spout taken leaves word; who puts it back finds that
//! under the lock, and notifies the flusher. So a message that is put in meanwhile neither overtakes nor is
//! left behind.
//!
//! Idleness: a message is first admitted, then counted as gathered, then its thread looks whether the pipeline
//! is idle. Who gives credits back looks afterwards how many messages are gathered. All of that is in one
//! order: either the one sees the credits come back, or the other sees the message ([`Flow::is_idle`]).
//! Therefore nothing waits in a hopper for messages that are gone, and no drain for a timer.
//!
//! Fan-out on the way through a spout overdraws the credits by one piece. While they are overdrawn, hoppers
//! keep what they have, and the gate notifies the flusher ([`Flow::pass_gate`]).
//!
//! [`Flow::is_idle`]: super::flow::Flow::is_idle
//! [`Flow::pass_gate`]: super::flow::Flow::pass_gate

mod flusher;
mod hopper;
mod watches;

use std::time::Duration;

use super::event::Wait;
use super::life::Refusal;
use super::schedule::ActorId;
use super::{Engine, callback};
use crate::model::Value;
use crate::sync::{Arc, Mutex, lock};

pub(super) use flusher::Flusher;
pub(super) use hopper::Hopper;
pub(super) use watches::Watches;

/// The hoppers of a pipeline, and who watches it to empty one elsewhere.
pub(super) struct Hoppers {
    flusher: ActorId,
    all: Mutex<Vec<Arc<Hopper>>>,
    watches: Watches,
}

impl Hoppers {
    pub(super) fn new(flusher: ActorId) -> Hoppers {
        Hoppers {
            flusher,
            all: Mutex::default(),
            watches: Watches::default(),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        lock(&self.all).is_empty() && self.watches.is_empty()
    }

    /// The actor that empties them.
    pub(super) fn flusher(&self) -> ActorId {
        self.flusher
    }
}

/// Sends into one pipeline, many messages together. Any number of threads may use it at once; the order
/// of each is kept.
pub struct Buffer {
    engine: Arc<Engine>,
    pipeline: usize,
    hopper: Arc<Hopper>,
}

impl Buffer {
    /// A buffer in front of a pipeline, by its number in the order of declaration. It is emptied when it
    /// has `limit` messages, and when the first of them has waited for `delay`, if there is one.
    pub fn new(
        engine: Arc<Engine>,
        pipeline: usize,
        limit: usize,
        delay: Option<Duration>,
    ) -> Buffer {
        let end = engine.plan.pipelines[pipeline].chain_end(0);
        let hopper = Arc::new(Hopper::new(pipeline, end, limit.max(1), delay));
        lock(&engine.pipelines[pipeline].hoppers.all).push(hopper.clone());
        Buffer {
            engine,
            pipeline,
            hopper,
        }
    }

    /// The application it sends into.
    pub fn engine(&self) -> &Arc<Engine> {
        &self.engine
    }

    /// Puts messages in, in order, and waits for credits. Gives how many were accepted, from the first
    /// one on, and what refused the rest.
    pub fn send(&self, values: &[Value], wait: &Wait) -> (usize, Result<(), Refusal>) {
        let engine = &*self.engine;
        if callback::inside(engine) {
            return (0, Err(Refusal::WouldDeadlock));
        }
        if values.is_empty() {
            return (0, engine.refusal().map_or(Ok(()), Err));
        }
        let flow = &engine.pipelines[self.pipeline].flow;
        let count = (values.len(), self.hopper.limit());
        engine.admit_all(
            self.pipeline,
            count,
            wait,
            || {
                // The credits that this would wait for may be those of what is in it.
                if !flow.has_room() {
                    self.hopper.ask();
                    engine.empty(self.pipeline, &self.hopper);
                }
            },
            |start, end| self.put(&values[start..end]),
        )
    }

    /// Puts messages in that are admitted.
    fn put(&self, values: &[Value]) {
        let engine = &*self.engine;
        let flow = &engine.pipelines[self.pipeline].flow;
        engine.count_sent(self.pipeline, values.len());
        let filled = self.hopper.fill(values, flow, || engine.seam.now());
        if engine.refusal().is_some() {
            // Who emptied it because intake ends may have looked already; without a worker, who closes
            // runs what is notified.
            engine.pools.notify(self.flusher());
            engine.changed.notify();
        } else if filled.full || flow.is_idle() {
            engine.empty(self.pipeline, &self.hopper);
        } else if let Some(time) = filled.timer {
            engine.pools.notify_at(self.flusher(), time);
        }
    }

    fn flusher(&self) -> ActorId {
        self.engine.pipelines[self.pipeline].hoppers.flusher
    }

    /// Sends on what is in it, on this thread. What another thread is sending on, or credits that are
    /// overdrawn hold back, goes on without this thread.
    pub fn flush(&self) -> Result<(), Refusal> {
        self.engine.outside()?;
        self.hopper.ask();
        self.engine.empty(self.pipeline, &self.hopper);
        Ok(())
    }
}

impl Drop for Buffer {
    /// What is in it is sent on.
    fn drop(&mut self) {
        self.hopper.free();
        self.engine.pools.notify(self.flusher());
    }
}

impl Engine {
    /// Empties a hopper on this thread, as far as that may be now. The rest is left to the flusher, which
    /// must find it due.
    fn empty(&self, pipeline: usize, hopper: &Hopper) {
        let slot = &self.pipelines[pipeline];
        if let Some(mut spout) = self.open(pipeline, hopper) {
            spout.run(self);
            if hopper.close(spout) {
                self.pools.notify(slot.hoppers.flusher);
            }
        }
    }

    /// Takes a piece of what is in a hopper, if that may go on now.
    fn open(&self, pipeline: usize, hopper: &Hopper) -> Option<Box<hopper::Spout>> {
        let slot = &self.pipelines[pipeline];
        let fans_out = self.plan.pipelines[pipeline].chain_end(0) > 0;
        if fans_out && self.discarding().is_none() {
            hopper.ask();
            if !slot.flow.pass_gate(0, slot.hoppers.flusher) {
                return None;
            }
        }
        let most = if fans_out {
            self.plan.run_length
        } else {
            usize::MAX
        };
        hopper.open(most, &slot.flow)
    }
}
