//! A lane: the messages of one step that wait in one shard, the run they are computed in, and the
//! chain of what comes of it.

use std::time::Duration;

use super::Engine;
use super::account::Balance;
use super::callback::tell;
use super::chain::{Chain, OUTPUTS_MAX};
use super::retry::Retries;
use super::schedule::ActorId;
use super::segment::{Bag, Messages, Origin, Segment, Spans};
use super::shard::LaneQueue;
use crate::fault::{Fault, planted};
use crate::host::{DELETE, Output, Verdict};
use crate::model::{ByteKeys, DeadReason, Key, KeyKind, Value};
use crate::state::KeyRef;
use crate::topology::StepPlan;

/// Messages that are handed to a computation together. What is before `start` is done.
#[derive(Default)]
pub(super) struct RunBuffer {
    pub(super) start: usize,
    pub(super) values: Vec<Value>,
    pub(super) words: Vec<u64>,
    pub(super) bytes: ByteKeys,
    pub(super) states: Vec<Value>,
    /// How many parts of the shard had been deleted when the states were looked up.
    pub(super) looked_up: Option<u64>,
    pub(super) spans: Spans,
    pub(super) flags: Vec<u8>,
    pub(super) outputs: Vec<Output>,
    /// How many outputs there must be room for, because a message did not fit.
    pub(super) outputs_min: usize,
    pub(super) done: usize,
    /// What it changes in what is left of batches.
    balance: Balance,
}

impl RunBuffer {
    pub(super) fn is_empty(&self) -> bool {
        self.start == self.values.len()
    }

    pub(super) fn key(&self, kind: KeyKind, index: usize) -> KeyRef<'_> {
        match kind {
            KeyKind::Word => KeyRef::Word(self.words[index]),
            KeyKind::Bytes => KeyRef::Bytes(self.bytes.get(index)),
            KeyKind::Single => KeyRef::Single,
        }
    }

    /// Exchanges its empty buffers for those of messages.
    fn take_over(&mut self, messages: &mut Messages) {
        std::mem::swap(&mut self.values, &mut messages.values);
        std::mem::swap(&mut self.words, &mut messages.words);
        std::mem::swap(&mut self.bytes, &mut messages.bytes);
        std::mem::swap(&mut self.spans, &mut messages.spans);
    }

    /// Takes the message at `index` out.
    pub(super) fn remove(&mut self, index: usize) -> Value {
        if !self.words.is_empty() {
            self.words.remove(index);
        }
        if !self.bytes.is_empty() {
            self.bytes.remove(index);
        }
        self.spans.remove(index);
        self.looked_up = None;
        self.states.clear();
        self.values.remove(index)
    }

    /// Takes the messages out whose keys are of those that `of` points out, in order.
    pub(super) fn take_of(
        &mut self,
        kind: KeyKind,
        of: impl Fn(KeyRef<'_>) -> bool,
    ) -> Vec<(Origin, Key, Value)> {
        let (start, end) = (self.start, self.values.len());
        let mut taken = Vec::new();
        if !(start..end).any(|index| of(self.key(kind, index))) {
            return taken;
        }
        let all = std::mem::take(self);
        let (mut words, mut spans) = (Vec::new(), Spans::default());
        for index in start..end {
            let (origin, key) = (all.spans.origin_at(index), all.key(kind, index));
            if of(key) {
                taken.push((origin, key.to_key(), all.values[index]));
                continue;
            }
            self.values.push(all.values[index]);
            words.extend(all.words.get(index));
            if let KeyRef::Bytes(bytes) = key {
                self.bytes.push(bytes);
            }
            spans.push(origin, self.values.len());
        }
        (self.words, self.spans) = (words, spans);
        // What was asked for stays: room for outputs, and the memory of them.
        (self.outputs, self.outputs_min) = (all.outputs, all.outputs_min);
        taken
    }

    /// Takes the first message that is not done.
    pub(super) fn skip_one(&mut self) -> Value {
        self.start += 1;
        self.values[self.start - 1]
    }

    pub(super) fn clear_if_over(&mut self) {
        if self.is_empty() {
            self.start = 0;
            self.looked_up = None;
            self.values.clear();
            self.words.clear();
            self.bytes.clear();
            self.states.clear();
            self.spans.clear();
        }
    }
}

pub(super) struct Lane {
    pub(super) pipeline: usize,
    pub(super) step: usize,
    pub(super) queue: LaneQueue,
    pub(super) run: RunBuffer,
    pub(super) retries: Retries,
    /// What becomes of its outputs.
    pub(super) chain: Chain,
}

impl Lane {
    /// The lane of a step, with what comes behind that up to `end`.
    pub(super) fn new(actor: ActorId, pipeline: usize, step: usize, end: usize) -> Lane {
        let (queue, run, retries) = Default::default();
        Lane {
            pipeline,
            step,
            queue,
            run,
            retries,
            chain: Chain::new(pipeline, step + 1, end, Some(actor)),
        }
    }

    pub(super) fn has_input(&self) -> bool {
        !self.run.is_empty() || !self.queue.is_empty()
    }

    /// Fills the run with up to `most` messages, unless one is half done. Buffers that are used up go
    /// into the bag.
    pub(super) fn fill(&mut self, most: usize, mail: &mut Bag) {
        let run = &mut self.run;
        if !run.is_empty() {
            return;
        }
        run.clear_if_over();
        while run.values.len() < most {
            let Some(segment) = self.queue.front_mut() else {
                break;
            };
            if run.values.is_empty() && segment.taken == 0 && segment.left() <= most {
                // All of it: its buffers become the run's, which are empty.
                run.take_over(&mut segment.messages);
                if let Some(segment) = self.queue.pop_front() {
                    mail.empty(segment);
                }
                continue;
            }
            let (start, count) = (segment.taken, segment.left().min(most - run.values.len()));
            let messages = &segment.messages;
            run.spans
                .append(segment.origins_left(), count, run.values.len());
            run.values
                .extend_from_slice(&messages.values[start..start + count]);
            if !messages.words.is_empty() {
                run.words
                    .extend_from_slice(&messages.words[start..start + count]);
            }
            if !messages.bytes.is_empty() {
                (start..start + count).for_each(|index| run.bytes.push(messages.bytes.get(index)));
            }
            segment.taken += count;
            if segment.left() == 0
                && let Some(segment) = self.queue.pop_front()
            {
                mail.empty(segment);
            }
        }
    }

    /// Puts messages whose time has come to be tried again before all that is queued.
    pub(super) fn let_in_again(&mut self, now: Duration) {
        let due: Vec<Messages> = std::iter::from_fn(|| self.retries.take_due(now)).collect();
        for messages in due.into_iter().rev() {
            self.queue.push_front(Segment::new(messages));
        }
    }

    /// Messages that are done were tried often enough.
    pub(super) fn end_retries(&mut self, kind: KeyKind) {
        if self.retries.is_empty() {
            return;
        }
        for index in self.run.start..self.run.start + self.run.done {
            self.retries.over(self.run.key(kind, index));
        }
    }

    /// What is wrong with what the computation says it did; else what it says.
    pub(super) fn contract(&mut self, verdict: Verdict) -> Result<Verdict, String> {
        let run = &mut self.run;
        let (len, done) = (run.values.len() - run.start, run.done);
        if done > len {
            return Err(format!("it claims {done} messages done of a run of {len}"));
        }
        let mut last = 0;
        for output in &run.outputs {
            if output.from < last || output.from >= done as u64 {
                let from = output.from;
                return Err(format!(
                    "an output follows from message {from}: expected {last} to {done}"
                ));
            }
            last = output.from;
        }
        if run.flags[..done.saturating_sub(1)]
            .iter()
            .any(|flags| flags & DELETE != 0)
        {
            return Err("a part is deleted before the last message that is done".into());
        }
        match verdict {
            Verdict::Contract(text) => Err(text),
            Verdict::Failed(_) if done == len => {
                Err("a message failed, but all of the run are done".into())
            }
            Verdict::Done if done == 0 => {
                // It forgot to say what it did: more likely all of it than nothing.
                run.done = len;
                Err("no message is done, and none failed".into())
            }
            Verdict::OutputsFull if done == 0 => {
                let offered = run.outputs.capacity();
                if offered >= OUTPUTS_MAX {
                    return Err(format!("one message has more than {offered} outputs"));
                }
                run.outputs_min = offered * 2;
                Ok(Verdict::Done)
            }
            other => Ok(other),
        }
    }

    /// Accounts for what is done, and puts its outputs into the outbox or hands them back; tells
    /// whether there are any on their way.
    pub(super) fn settle(&mut self, engine: &Engine, plan: &StepPlan) -> bool {
        let pipeline = &engine.pipelines[self.pipeline];
        let run = &mut self.run;
        let consumed = run.done;
        if planted(Fault::OutputLost) {
            run.outputs.pop();
        }
        let last = self.step + 1 == pipeline.steps;
        let takers = if last { pipeline.sinks.len() } else { 1 };
        let emitted = run.outputs.len() * takers;
        let counters = &pipeline.counters[self.step + 1];
        counters.completed(consumed);
        counters.emitted(run.outputs.len() * takers.max(1));
        if consumed > 0 {
            run.outputs_min = 0;
            pipeline.flow.emit(self.step + 1, consumed, emitted);
        }
        let origins = run.spans.from(run.start);
        let through = (run.outputs.len(), takers);
        run.balance.strike(origins, consumed, &run.outputs, through);
        run.balance.raise(engine, self.pipeline);
        if takers == 0 {
            engine.discard_outputs(self.pipeline, plan, &mut run.outputs);
        } else {
            let (mut origin_of, start) = (run.spans.walk(), run.start);
            for output in run.outputs.drain(..) {
                let origin = origin_of(start + output.from as usize);
                self.chain.enter(origin, output.value);
            }
            let outbox = &self.chain.outbox;
            if takers > 1 && !outbox.is_empty() {
                tell(engine, || plan.values.share(&outbox.values, takers));
            }
        }
        // What one wide message needed is not lent to every run from here on: it is overdraft.
        if run.outputs_min == 0 && run.outputs.capacity() > 2 * engine.plan.run_length {
            run.outputs.shrink_to(engine.plan.run_length);
        }
        run.start += consumed;
        run.done = 0;
        if consumed > 0 {
            engine.consumed(self.pipeline, self.step, consumed, emitted);
        }
        run.balance.settle(engine, self.pipeline);
        emitted > 0
    }

    /// After a broken contract: what is done is the host's, and what it emitted is handed back. The
    /// rest waits to be dropped.
    pub(super) fn give_up(&mut self, engine: &Engine, plan: &StepPlan) {
        let run = &mut self.run;
        let done = run.done.min(run.values.len() - run.start);
        run.done = 0;
        let outputs: Vec<Value> = run.outputs.drain(..).map(|output| output.value).collect();
        let (origins, reason) = (run.spans.from(run.start), DeadReason::Failed);
        engine.pipelines[self.pipeline].counters[self.step + 1].dead(reason, done);
        engine.died(self.pipeline, origins, done, reason);
        engine.drop_to(&*plan.values, &outputs);
        engine.consumed(self.pipeline, self.step, done, 0);
        engine.gone(self.pipeline, origins, done);
        run.start += done;
        run.clear_if_over();
    }

    /// Hands everything back: the application failed or closes.
    pub(super) fn discard(&mut self, engine: &Engine, reason: DeadReason) {
        self.let_in_again(Duration::MAX);
        let run = &mut self.run;
        let left = (&run.values[run.start..], run.spans.from(run.start));
        engine.discard(self.pipeline, self.step, self.step + 1, left, reason);
        run.start = run.values.len();
        run.clear_if_over();
        for segment in self.queue.drain(..) {
            let left = (segment.values_left(), segment.origins_left());
            engine.discard(self.pipeline, self.step, self.step + 1, left, reason);
        }
        self.chain.discard(engine, reason);
    }
}
