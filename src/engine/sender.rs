//! Sending: admission first, then keys, then one push for each shard.

use std::time::Duration;

use super::callback::{self, call};
use super::event::Wait;
use super::inbox::Mail;
use super::life::Refusal;
use super::scatter::{Keys, Scatter};
use super::segment::{Origin, Origins, Spans};
use super::{Death, Engine, Failure};
use crate::host::{KeyBatch, Verdict};
use crate::model::{ByteKeys, DeadReason, KeyKind, Value};
use crate::sync::{Arc, Ordering};
use crate::topology::StepPlan;

/// Keys that come with a batch.
#[derive(Clone, Copy)]
pub enum BatchKeys<'a> {
    /// None: the partition function is asked.
    Ask,
    /// Words, one for each message.
    Words(&'a [u64]),
    /// Bytes, one for each message.
    Bytes(&'a ByteKeys),
}

/// Messages to send.
#[derive(Clone, Copy)]
pub struct Batch<'a> {
    /// The messages.
    pub values: &'a [Value],
    /// Their keys at the first step.
    pub keys: BatchKeys<'a>,
    /// If the host found no key for the last message: why.
    pub failed: Option<&'a str>,
}

impl<'a> Batch<'a> {
    /// Messages whose keys the partition function finds.
    pub fn new(values: &'a [Value]) -> Batch<'a> {
        Batch {
            values,
            keys: BatchKeys::Ask,
            failed: None,
        }
    }
}

/// Sends into one pipeline; order is kept per sender.
pub struct Sender {
    engine: Arc<Engine>,
    pipeline: usize,
    scatter: Scatter,
    words: Vec<u64>,
    bytes: ByteKeys,
    /// Where the messages come from that are being sent.
    spans: Spans,
}

impl Sender {
    /// A sender into a pipeline, by its number in the order of declaration.
    pub fn new(engine: Arc<Engine>, pipeline: usize) -> Sender {
        let (scatter, words, bytes, spans) = Default::default();
        Sender {
            engine,
            pipeline,
            scatter,
            words,
            bytes,
            spans,
        }
    }

    /// The application it sends into.
    pub fn engine(&self) -> &Arc<Engine> {
        &self.engine
    }

    /// Sends messages in order, and waits for credits. Gives how many were accepted, from the first
    /// one on, and what refused the rest.
    pub fn send(&mut self, batch: &Batch<'_>, wait: &Wait) -> (usize, Result<(), Refusal>) {
        let engine = self.engine.clone();
        if callback::inside(&engine) {
            return (0, Err(Refusal::WouldDeadlock));
        }
        if batch.values.is_empty() {
            return (0, engine.refusal().map_or(Ok(()), Err));
        }
        let mut accepted = 0;
        // The deadline is that of the whole call, however often credits trickle in.
        let started = engine.seam.now();
        let mut wait = wait.clone();
        let timeout = wait.timeout;
        while accepted < batch.values.len() {
            if accepted > 0
                && let Some(timeout) = timeout
                && !timeout.is_zero()
            {
                let left = timeout.saturating_sub(engine.seam.now() - started);
                // What is left of a wait that was allowed is never "do not wait".
                wait.timeout = Some(left.max(Duration::from_nanos(1)));
            }
            match engine.admit(self.pipeline, batch.values.len() - accepted, &wait) {
                Ok(granted) => {
                    self.dispatch(&engine, batch, accepted, accepted + granted);
                    accepted += granted;
                    // If there is no worker, who closes runs what arrives: it may have looked already.
                    if engine.discarding().is_some() {
                        engine.changed.notify();
                    }
                }
                Err(refusal) => return (accepted, Err(refusal)),
            }
        }
        (accepted, Ok(()))
    }

    /// Sends what was admitted on its way.
    fn dispatch(&mut self, engine: &Engine, batch: &Batch<'_>, start: usize, end: usize) {
        let pipeline = &engine.plan.pipelines[self.pipeline];
        let takers = match pipeline.steps.is_empty() {
            true => pipeline.sinks.len().max(1),
            false => 1,
        };
        let counters = &engine.pipelines[self.pipeline].counters[0];
        counters.completed(end - start);
        counters.emitted((end - start) * takers);
        let origin = Origin {
            pipeline: self.pipeline,
            batch: 0,
            epoch: 0,
        };
        let mut spans = std::mem::take(&mut self.spans);
        spans.clear();
        spans.push(origin, end - start);
        self.pass_on(engine, batch, (start, end), spans.from(0));
        self.spans = spans;
    }

    /// Passes the messages of a batch from `start` to `end` on, to the first step or to the relay.
    fn pass_on(
        &mut self,
        engine: &Engine,
        batch: &Batch<'_>,
        (start, end): (usize, usize),
        origins: Origins<'_>,
    ) {
        let Some(step) = engine.plan.pipelines[self.pipeline].steps.first() else {
            return self.relay(engine, &batch.values[start..end], origins);
        };
        let failed = batch.failed.filter(|_| end == batch.values.len());
        let keyed = end - usize::from(failed.is_some());
        let values = &batch.values[start..keyed];
        let kind = engine.plan.partitions[step.partition].key_kind;
        match (kind, batch.keys) {
            (KeyKind::Single, _) => self.push(engine, step, values, origins, Keys::Single),
            (KeyKind::Word, BatchKeys::Words(words)) => {
                let keys = Keys::Words(&words[start..keyed]);
                self.push(engine, step, values, origins, keys);
            }
            (KeyKind::Bytes, BatchKeys::Bytes(bytes)) => {
                self.push(engine, step, values, origins, Keys::Bytes(bytes, start));
            }
            _ => self.ask(engine, step, kind, values, origins),
        }
        if let Some(text) = failed {
            let origin = origins.at(keyed - start);
            bury(engine, step, origin, batch.values[keyed], text);
        }
    }

    fn push(
        &mut self,
        engine: &Engine,
        step: &StepPlan,
        values: &[Value],
        origins: Origins<'_>,
        keys: Keys<'_>,
    ) {
        if !values.is_empty() {
            let lane = (step.partition, step.lane);
            self.scatter.send(engine, lane, (values, origins), keys);
        }
    }

    fn relay(&self, engine: &Engine, values: &[Value], origins: Origins<'_>) {
        if let Some((actor, inbox)) = &engine.pipelines[self.pipeline].relay {
            inbox.append(Mail::keyless(values, origins));
            engine.schedule.notify(*actor);
        }
    }

    /// Asks the partition function for keys, and pushes what it has found as often as it stops.
    fn ask(
        &mut self,
        engine: &Engine,
        step: &StepPlan,
        kind: KeyKind,
        mut values: &[Value],
        mut origins: Origins<'_>,
    ) {
        let Some(function) = &step.keys else { return };
        while !values.is_empty() {
            let (mut words, mut bytes) = (
                std::mem::take(&mut self.words),
                std::mem::take(&mut self.bytes),
            );
            words.clear();
            bytes.clear();
            let mut batch = KeyBatch {
                kind,
                values,
                words: &mut words,
                bytes: &mut bytes,
            };
            let verdict = call(engine, || function.keys(&mut batch));
            let (done, keys) = match kind {
                KeyKind::Bytes => (bytes.len(), Keys::Bytes(&bytes, 0)),
                _ => (words.len(), Keys::Words(&words)),
            };
            let contract = match verdict {
                _ if done > values.len() => Some("more keys than messages were given"),
                Verdict::Done if done == 0 => {
                    Some("the partition function gave no key and did not fail")
                }
                Verdict::Failed(_) if done == values.len() => Some("it failed with all keys given"),
                Verdict::OutputsFull => Some("a partition function has no outputs"),
                Verdict::Contract(ref text) => Some(text.as_str()),
                _ => None,
            };
            if let Some(text) = contract {
                // The messages are accepted already: they die with the application.
                engine.fail(Failure::contract(&step.path, text));
                let reason = DeadReason::Failed;
                return engine.discard(self.pipeline, 0, 1, values.to_vec(), reason);
            }
            self.push(engine, step, &values[..done], origins, keys);
            (values, origins) = (&values[done..], origins.skip(done));
            if let (Verdict::Failed(text), [first, rest @ ..]) = (&verdict, values) {
                bury(engine, step, origins.at(0), *first, text);
                (values, origins) = (rest, origins.skip(1));
            }
            (self.words, self.bytes) = (words, bytes);
        }
    }
}

/// The message has no key at the first step.
fn bury(engine: &Engine, step: &StepPlan, origin: Origin, value: Value, text: &str) {
    let death = Death {
        origin,
        stage: 0,
        counter: 1,
        path: &step.path,
        value,
        reason: DeadReason::Partition,
        key: None,
        text,
    };
    engine.failed(death, step.policy);
    // Its credit came back on this thread, and no worker will tell.
    engine.wake_senders();
}

impl Engine {
    /// Takes credits for up to `wanted` messages, and says for how many; waits for at least one.
    fn admit(&self, pipeline: usize, wanted: usize, wait: &Wait) -> Result<usize, Refusal> {
        let flow = &self.pipelines[pipeline].flow;
        self.seam.wait_until(self, &flow.room, wait, || {
            if let Some(refusal) = self.refusal() {
                return Some(Err(refusal));
            }
            if self.readers.load(Ordering::SeqCst) > 0 {
                return None;
            }
            let granted = flow.admit(wanted);
            if granted == 0 {
                return None;
            }
            // Whoever ends or holds up intake looks at the credits afterwards: either that sees
            // these, or this sees that, and gives them back.
            let refusal = self.refusal();
            if refusal.is_some() || self.readers.load(Ordering::SeqCst) > 0 {
                self.consumed(pipeline, 0, granted, 0);
                // Others, and who let them in, may have found no room because of these.
                flow.room.notify();
                return refusal.map(Err);
            }
            Some(Ok(granted))
        })?
    }
}
