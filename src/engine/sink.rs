//! Actors at the end of pipelines: sinks that are callbacks, the dead-letter handler, and the relay
//! of a pipeline whose senders reach its sinks. Each takes messages one call at a time, in order.

use std::time::Duration;

use super::callback::call;
use super::clock::after;
use super::outbox::Outbox;
use super::schedule::ActorId;
use super::segment::{Bag, Origin, Origins, Segment, Spans};
use super::{Death, Engine, Failure, SinkSlot};
use crate::host::{Answer, DeadLetter, Deliver, Verdict};
use crate::model::{DeadReason, Retry, Value};

/// The callback of a sink.
#[derive(Clone, Copy)]
pub(super) enum Taker<'a> {
    Deliver(&'a dyn Deliver),
    Answer(&'a dyn Answer),
}

/// A sink that is a callback.
pub(super) struct Sink {
    pub(super) pipeline: usize,
    pub(super) sink: usize,
    batch: Vec<Value>,
    spans: Spans,
    start: usize,
    done: usize,
    /// How many were given to the callback that runs, if one does.
    given: Option<usize>,
    /// What senders called what the messages descend from, for callers.
    tokens: Vec<u64>,
    mail: Bag,
    /// How often the first message that is left has failed, and when it is due again.
    tried: u32,
    due: Option<Duration>,
}

impl Sink {
    pub(super) fn new(pipeline: usize, sink: usize) -> Sink {
        let (batch, spans, tokens, mail) = Default::default();
        Sink {
            pipeline,
            sink,
            batch,
            spans,
            start: 0,
            done: 0,
            given: None,
            tokens,
            mail,
            tried: 0,
            due: None,
        }
    }

    pub(super) fn advance(&mut self, engine: &Engine, taker: Taker<'_>) -> bool {
        // Only when the batch is over: what is delivered of it is let go of then.
        if self.batch.is_empty() || engine.discarding().is_some() {
            self.collect(engine, taker);
        }
        if let Some(reason) = engine.discarding() {
            let stage = engine.pipelines[self.pipeline].steps;
            let counter = stage + 1 + self.sink;
            let left = (&self.batch[self.start..], self.spans.from(self.start));
            engine.discard(self.pipeline, stage, counter, left, reason);
            self.clear();
            return false;
        }
        let left = self.batch.len() - self.start;
        if left == 0 || self.waits(engine) {
            return false;
        }
        let count = left.min(engine.seam.run_length(engine.plan.run_length));
        let values = &self.batch[self.start..self.start + count];
        (self.given, self.done) = (Some(count), 0);
        let done = &mut self.done;
        let verdict = match taker {
            Taker::Deliver(deliver) => call(engine, || deliver.deliver(values, done)),
            Taker::Answer(answer) => {
                let origins = self.spans.from(self.start);
                engine.tokens(self.pipeline, origins, count, &mut self.tokens);
                let tokens = &self.tokens;
                call(engine, || answer.answer(values, tokens, done))
            }
        };
        self.delivered(engine, verdict);
        true
    }

    /// Whether it waits for the time to try a message again; then it is run at that time.
    fn waits(&mut self, engine: &Engine) -> bool {
        let Some(due) = self.due else { return false };
        if due <= engine.seam.now() {
            self.due = None;
            return false;
        }
        let slot = &engine.pipelines[self.pipeline].sinks[self.sink];
        if let SinkSlot::Callback { actor, .. } = slot {
            engine.pools.notify_at(*actor, due);
        }
        true
    }

    /// Whether the first message that is left, which failed, is tried again: then all others wait.
    fn tries_again(&mut self, engine: &Engine, retry: Retry) -> bool {
        let again = self.tried < retry.times;
        self.tried = if again { self.tried + 1 } else { 0 };
        if again {
            self.due = Some(after(engine.seam.now(), retry.pause));
        }
        again
    }

    fn collect(&mut self, engine: &Engine, taker: Taker<'_>) {
        let slot = &engine.pipelines[self.pipeline].sinks[self.sink];
        let SinkSlot::Callback { inbox, .. } = slot else {
            return;
        };
        let mut mail = std::mem::take(&mut self.mail);
        inbox.take(&mut mail.arrived, &mut mail.empty);
        for segment in std::mem::take(&mut mail.arrived) {
            match taker {
                Taker::Deliver(_) => self.append(segment.values_left(), segment.origins_left()),
                Taker::Answer(_) => self.append_called_for(engine, &segment),
            }
            mail.empty(segment);
        }
        self.mail = mail;
    }

    fn append(&mut self, values: &[Value], origins: Origins<'_>) {
        self.spans.append(origins, values.len(), self.batch.len());
        self.batch.extend_from_slice(values);
    }

    /// Takes over what somebody called for, and hands the rest back.
    fn append_called_for(&mut self, engine: &Engine, segment: &Segment) {
        let (values, origins) = (segment.values_left(), segment.origins_left());
        for (origin, low, high) in origins.first(values.len()) {
            let tickets = &engine.pipelines[self.pipeline].tickets;
            if origin.batch != 0 && !tickets.is_quiet(origin.batch) {
                self.append(&values[low..high], origins.skip(low));
                continue;
            }
            let stage = engine.pipelines[self.pipeline].steps;
            engine.drop_discarded(self.pipeline, &values[low..high]);
            engine.consumed(self.pipeline, stage, high - low, 0);
        }
    }

    pub(super) fn delivered(&mut self, engine: &Engine, verdict: Verdict) {
        let Some(given) = self.given.take() else {
            return;
        };
        let plan = &engine.plan.pipelines[self.pipeline].sinks[self.sink];
        let stage = engine.pipelines[self.pipeline].steps;
        let counter = stage + 1 + self.sink;
        let contract = match verdict {
            _ if self.done > given => Some("it claims more messages done than it was given".into()),
            Verdict::Failed(_) if self.done == given => Some("it failed with all done".into()),
            Verdict::Done if self.done == 0 => Some("no message is done, and none failed".into()),
            Verdict::OutputsFull => Some("a sink has no outputs".into()),
            Verdict::Contract(ref text) => Some(text.clone()),
            _ => None,
        };
        let done = match verdict {
            // It forgot to say what it did: more likely all of it than nothing.
            Verdict::Done if self.done == 0 => given,
            _ => self.done.min(given),
        };
        engine.pipelines[self.pipeline].counters[counter].completed(done);
        let origins = self.spans.from(self.start);
        engine.consumed(self.pipeline, stage, done, 0);
        engine.gone(self.pipeline, origins, done);
        self.start += done;
        self.tried = if done > 0 { 0 } else { self.tried };
        if let Some(text) = contract {
            engine.fail(Failure::contract(&plan.path, &text));
        } else if let Verdict::Failed(text) = verdict
            && !self.tries_again(engine, plan.retry)
        {
            let death = Death {
                origin: self.spans.origin_at(self.start),
                stage,
                counter,
                path: &plan.path,
                value: self.batch[self.start],
                reason: DeadReason::Sink,
                key: None,
                text: &text,
                frame: None,
            };
            self.start += 1;
            engine.failed(death, plan.policy);
        }
        if self.start == self.batch.len() {
            self.clear();
        }
    }

    fn clear(&mut self) {
        self.batch.clear();
        self.spans.clear();
        self.start = 0;
    }
}

/// A dead letter on its way to the handler.
pub(crate) struct Dead {
    pub(super) letter: DeadLetter,
    pub(super) origin: Origin,
    /// The stage whose values it is one of.
    pub(super) stage: usize,
}

/// The dead-letter handler.
#[derive(Default)]
pub(super) struct Undertaker {
    letters: Vec<DeadLetter>,
    whose: Vec<(Origin, usize)>,
    done: usize,
    handling: bool,
    arrived: Vec<Dead>,
}

impl Undertaker {
    pub(super) fn advance(&mut self, engine: &Engine) -> bool {
        let (Some(slot), Some(handler)) = (&engine.dead, &engine.plan.dead_letters) else {
            return false;
        };
        slot.mailbox.take(&mut self.arrived);
        for dead in self.arrived.drain(..) {
            self.letters.push(dead.letter);
            self.whose.push((dead.origin, dead.stage));
        }
        if self.letters.is_empty() {
            return false;
        }
        (self.handling, self.done) = (true, 0);
        let (letters, done) = (&self.letters, &mut self.done);
        let verdict = call(engine, || handler.handle(letters, done));
        self.handled(engine, verdict);
        true
    }

    pub(super) fn lost(&mut self, engine: &Engine, verdict: Verdict) {
        if self.handling {
            self.handled(engine, verdict);
        }
    }

    /// Letters that are done are the host's. One on which the handler fails is handed to `drop`: it
    /// is counted as dead already, and the handler's failure is no other message's.
    fn handled(&mut self, engine: &Engine, verdict: Verdict) {
        self.handling = false;
        let failed = verdict != Verdict::Done;
        let done = if failed {
            self.done.min(self.letters.len())
        } else {
            self.letters.len()
        };
        let over = (done + usize::from(failed)).min(self.letters.len());
        for index in 0..over {
            let (origin, stage) = self.whose[index];
            let pipeline = origin.pipeline;
            if index >= done && self.letters[index].frame.is_none() {
                engine.drop_values(pipeline, stage, &[self.letters[index].value]);
            }
            engine.consumed(pipeline, engine.pipelines[pipeline].steps, 1, 0);
            engine.gone_one(origin);
        }
        self.letters.drain(..over);
        self.whose.drain(..over);
        let path = || format!("{} / dead letters", engine.plan.path).into();
        match verdict {
            Verdict::Done => {}
            Verdict::Failed(text) => {
                let message = format!("the handler failed: {text}");
                engine.fail(Failure::callback(&path(), message));
            }
            Verdict::Contract(text) => engine.fail(Failure::contract(&path(), &text)),
            Verdict::OutputsFull => {
                engine.fail(Failure::contract(&path(), "the handler has no outputs"));
            }
        }
    }
}

/// Passes what senders send on to the sinks, in a pipeline in which nothing else comes between.
pub(super) struct Relay {
    pub(super) pipeline: usize,
    outbox: Outbox,
    mail: Bag,
}

impl Relay {
    pub(super) fn new(pipeline: usize) -> Relay {
        Relay {
            pipeline,
            outbox: Outbox::default(),
            mail: Bag::default(),
        }
    }

    pub(super) fn advance(&mut self, engine: &Engine, actor: ActorId) -> bool {
        if self.outbox.is_empty() || engine.discarding().is_some() {
            self.collect(engine);
        }
        if let Some(reason) = engine.discarding() {
            let stage = engine.pipelines[self.pipeline].steps;
            self.outbox.discard(engine, self.pipeline, stage, reason);
            return false;
        }
        let had = !self.outbox.is_empty();
        let forwarded = self.outbox.forward_to_sinks(engine, self.pipeline, actor);
        had && forwarded
    }

    fn collect(&mut self, engine: &Engine) {
        let slot = &engine.pipelines[self.pipeline];
        if let Some((_, inbox)) = &slot.relay {
            inbox.take(&mut self.mail.arrived, &mut self.mail.empty);
        }
        let arrived = self.outbox.values.len();
        for segment in std::mem::take(&mut self.mail.arrived) {
            self.outbox
                .append(segment.values_left(), segment.origins_left());
            self.mail.empty(segment);
        }
        let count = self.outbox.values.len() - arrived;
        let values = engine.plan.pipelines[self.pipeline].values_at(slot.steps);
        match slot.sinks.len() {
            0 => {
                engine.drop_discarded(self.pipeline, &self.outbox.values);
                engine.consumed(self.pipeline, slot.steps, count, 0);
                engine.gone(self.pipeline, self.outbox.spans.from(0), count);
                self.outbox.clear();
            }
            1 => {}
            takers if count > 0 => {
                // One credit was taken; the other takers' share is an overdraft.
                slot.flow.emit(slot.steps, 0, count * (takers - 1));
                let origins = self.outbox.spans.from(arrived);
                engine.shared(self.pipeline, origins, count, takers - 1);
                let shared = &self.outbox.values[arrived..];
                super::callback::tell(engine, || values.share(shared, takers));
            }
            _ => {}
        }
    }
}
