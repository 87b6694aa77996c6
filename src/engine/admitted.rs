//! Sending in two halves, for hosts that run the stateless steps a pipeline begins with themselves: first
//! messages are admitted, then what came of them is pushed. In between they hold their credits, and
//! nothing else of them is here.

use super::account::Balance;
use super::event::Wait;
use super::life::Refusal;
use super::segment::{Origin, Origins, Spans};
use super::sender::{BatchKeys, Sender, Tokens};
use super::{Death, Engine};
use crate::model::{DeadReason, KeyKind, Value};
use crate::topology::End;

/// What came of messages that were admitted.
#[derive(Clone, Copy)]
pub struct Pushed<'a> {
    /// How many of them are over: all that they emitted was pushed, or is here.
    pub done: usize,
    /// What has gone through all of the steps; behind that what has not, as in a run of a chain.
    pub values: &'a [Value],
    /// The keys of what has gone through, if it goes to a step that has them.
    pub keys: BatchKeys<'a>,
    /// How many messages each of the steps completed.
    pub completed: &'a [usize],
    /// A message that failed, and does not count as completed.
    pub failed: Option<PushedFailure<'a>>,
    /// For each of the steps, how many of the values wait for it; empty for none.
    pub waiting: &'a [usize],
    /// How many more of the messages, the last ones, will not be sent.
    pub given_up: usize,
    /// For each of the values, which of the admitted messages it descends from, counted from the first
    /// one of the admission. Empty if completions are not asked for each.
    pub from: &'a [u32],
    /// Whether no more messages of the batch will be admitted.
    pub ends: bool,
}

impl Pushed<'_> {
    /// How many of the values have gone through all of the steps; none if they are not as many as wait.
    fn through(&self) -> Option<usize> {
        self.waiting
            .iter()
            .try_fold(self.values.len(), |left, &waiting| {
                left.checked_sub(waiting)
            })
    }

    /// How many wait for a step.
    fn waits_for(&self, step: usize) -> usize {
        self.waiting.get(step).copied().unwrap_or(0)
    }

    fn is_empty(&self) -> bool {
        self.values.is_empty() && self.failed.is_none()
    }
}

/// A message that failed in the hands of its host.
#[derive(Clone, Copy)]
pub struct PushedFailure<'a> {
    /// The message, as it came to the step.
    pub value: Value,
    /// Which of the admitted messages it descends from.
    pub from: usize,
    /// The step; the one behind the steps that the host runs if no key was found.
    pub step: usize,
    /// Why.
    pub text: &'a str,
}

/// Messages that were admitted together, or one after the other before the first were over.
#[derive(Default)]
pub(super) struct Admission {
    /// Where they come from.
    spans: Spans,
    /// How many they are, and how many of them are over.
    count: usize,
    over: usize,
    /// How many of them are arranged; 0 if they are not.
    arranged: usize,
}

impl Admission {
    fn left(&self) -> usize {
        self.count - self.over
    }

    /// The last ones will not be sent: what is admitted next stands in their place.
    fn shorten(&mut self, given_up: usize) {
        if given_up > 0 {
            self.count -= given_up;
            self.spans.truncate(self.count);
        }
    }

    /// Where one of them comes from.
    fn origin(&self, index: usize) -> Origin {
        self.spans.origin_at(index)
    }

    /// Whether one of them is not over.
    fn has(&self, index: usize) -> bool {
        (self.over..self.count).contains(&index)
    }

    /// Whether all that are not over come from one place.
    fn is_one(&self) -> bool {
        self.spans.from(self.over).only(self.left()).is_some()
    }

    /// Whether it is known where what is pushed comes from.
    fn knows(&self, pushed: &Pushed<'_>) -> bool {
        let failed = pushed.failed.is_none_or(|failed| self.has(failed.from));
        let each = pushed.from.len() == pushed.values.len()
            && pushed.from.iter().all(|&from| self.has(from as usize));
        each && failed || pushed.from.is_empty() && self.is_one()
    }

    /// Where a message comes from that failed.
    fn origin_of_failed(&self, failed: &PushedFailure<'_>) -> Origin {
        match self.has(failed.from) {
            true => self.origin(failed.from),
            false => self.origin(self.over),
        }
    }

    /// What a push changes in what is left of batches.
    fn balance(&self, pushed: &Pushed<'_>) -> Balance {
        let mut balance = Balance::default();
        let origins = self.spans.from(self.over);
        if !origins.are_tracked() {
            return balance;
        }
        match pushed.from {
            [] if pushed.values.is_empty() => {}
            [] => balance.note(self.origin(self.over).batch, pushed.values.len() as i64),
            each => each
                .iter()
                .for_each(|&from| balance.note(self.origin(from as usize).batch, 1)),
        }
        if let Some(failed) = pushed.failed {
            balance.note(self.origin_of_failed(&failed).batch, 1);
        }
        let given_up = self.spans.from(self.count - pushed.given_up);
        let gone = origins.first(pushed.done);
        gone.chain(given_up.first(pushed.given_up))
            .for_each(|(origin, low, high)| balance.note(origin.batch, low as i64 - high as i64));
        balance
    }
}

impl Sender {
    /// How many steps the pipeline begins with that the host may run itself.
    pub fn steps(&self) -> usize {
        self.chain.end()
    }

    /// Whether a push must be refused: tells what is wrong.
    fn wrong(&self, pushed: &Pushed<'_>) -> Option<&'static str> {
        let steps = self.steps();
        let end = self.engine.plan.pipelines[self.pipeline].end_at(steps);
        let keyed = matches!(end, End::State(_, state) if state.keys.is_some());
        let Some(through) = pushed.through() else {
            return Some("more wait than there are");
        };
        let over = pushed.done.checked_add(pushed.given_up);
        let keys = match pushed.keys {
            BatchKeys::Ask => through,
            BatchKeys::Words(words) => words.len(),
            BatchKeys::Bytes(bytes) => bytes.len(),
            BatchKeys::Arranged => self.admission.arranged,
        };
        let arranged = self.admission.arranged;
        let whole = pushed.values.len() == arranged && pushed.done == arranged;
        let failing = pushed.failed.map(|failed| failed.step);
        match () {
            () if over.is_none_or(|over| over > self.admission.left()) => {
                Some("more are done than were admitted")
            }
            () if pushed.completed.len() != steps => Some("the counts are not of these steps"),
            () if ![0, steps].contains(&pushed.waiting.len()) => {
                Some("what waits does so elsewhere")
            }
            () if keys < through => Some("there are fewer keys than messages"),
            () if failing.is_some_and(|at| at >= steps + usize::from(keyed)) => {
                Some("it failed behind these steps")
            }
            () if arranged == 0 && matches!(pushed.keys, BatchKeys::Arranged) => {
                Some("nothing is arranged")
            }
            () if arranged > 0 && !(whole && matches!(pushed.keys, BatchKeys::Arranged)) => {
                Some("what is arranged comes otherwise")
            }
            () if pushed.is_empty() => None,
            () if self.admission.left() == 0 => Some("nothing is admitted"),
            () if !self.admission.knows(pushed) => Some("it does not say what it descends from"),
            () => None,
        }
    }

    /// Waits for credits for up to `wanted` messages, at least one, and holds them until what came of
    /// the messages is pushed. Gives for how many, at most as many as a run has. With one token a
    /// completion is asked for all that is admitted with it until the batch ends: by a push that says
    /// so, when none are wanted, or with another token. Where there is a token for each, there are as many as are wanted.
    pub fn admit(
        &mut self,
        wanted: usize,
        tokens: Tokens<'_>,
        wait: &Wait,
    ) -> Result<usize, Refusal> {
        self.engine.outside()?;
        if wanted == 0 {
            self.end_batch();
            return self.engine.refusal().map_or(Ok(0), Err);
        }
        let engine = self.engine.clone();
        let most = engine.plan.run_length;
        let granted = engine.admit(self.pipeline, wanted.min(most), wait)?;
        if self.admission.left() == 0 {
            self.admission.spans.clear();
            (self.admission.count, self.admission.over) = (0, 0);
        }
        let mut spans = std::mem::take(&mut self.admission.spans);
        self.stamp(&engine, tokens, (0, granted), true, &mut spans);
        self.admission.spans = spans;
        self.admission.count += granted;
        Ok(granted)
    }

    /// As `admit`, for messages whose keys at the first step, which has a state, are these words. Gives also
    /// which message is to come first, second and so on: the messages of a shard come together, in their
    /// order. They are pushed so, all at once, before more are admitted. `None` if the first step has no such
    /// keys, there is a token for each message, or messages are admitted already.
    pub fn admit_keyed(
        &mut self,
        words: &[u64],
        tokens: Tokens<'_>,
        wait: &Wait,
    ) -> Option<Result<&[u32], Refusal>> {
        let partition = self.arranges(tokens)?;
        let count = match self.admit(words.len(), tokens, wait) {
            Ok(count) => count,
            Err(refusal) => return Some(Err(refusal)),
        };
        self.admission.arranged = count;
        let words = &words[..count];
        Some(Ok(self.arranged.arrange(&self.engine, partition, words)))
    }

    /// The partition by whose shards messages can be arranged.
    fn arranges(&self, tokens: Tokens<'_>) -> Option<usize> {
        let plan = &self.engine.plan;
        let End::State(_, state) = plan.pipelines[self.pipeline].end_at(0) else {
            return None;
        };
        let words = plan.partitions[state.partition].key_kind == KeyKind::Word;
        let alone = self.admission.left() == 0 && !matches!(tokens, Tokens::Each(_));
        (words && alone && self.steps() == 0).then_some(state.partition)
    }

    /// Gives back the credits of messages that were admitted and will not be sent.
    pub fn give_up(&mut self) {
        let Admission {
            spans, count, over, ..
        } = std::mem::take(&mut self.admission);
        let left = count - over;
        if left > 0 {
            self.engine.consumed(self.pipeline, 0, left, 0);
            self.engine.gone(self.pipeline, spans.from(over), left);
            self.engine.wake_senders();
        }
        self.end_batch();
    }

    /// Sends what came of messages that were admitted. It never waits, and once they were admitted it is
    /// not refused, except for what it says: then nothing of it is taken.
    pub fn push(&mut self, pushed: &Pushed<'_>) -> Result<(), &'static str> {
        match self.wrong(pushed) {
            Some(wrong) => Err(wrong),
            None => {
                let engine = self.engine.clone();
                self.push_right(&engine, pushed);
                Ok(())
            }
        }
    }

    fn push_right(&mut self, engine: &Engine, pushed: &Pushed<'_>) {
        let emitted = self.account(engine, pushed);
        let mut balance = self.admission.balance(pushed);
        balance.raise(engine, self.pipeline);
        if !pushed.values.is_empty() {
            self.pass_pushed(engine, pushed);
        }
        let failed = pushed
            .failed
            .map(|failed| (self.admission.origin_of_failed(&failed), failed));
        self.admission.over += pushed.done;
        self.admission.arranged = 0;
        self.admission.shorten(pushed.given_up);
        engine.consumed(self.pipeline, 0, pushed.done, emitted);
        engine.consumed(self.pipeline, 0, pushed.given_up, 0);
        balance.settle(engine, self.pipeline);
        if pushed.ends {
            self.end_batch();
        }
        if let Some((origin, failed)) = failed {
            self.bury_pushed(engine, origin, &failed);
        }
        self.run_chain(engine);
        if engine.discarding().is_some() {
            engine.changed.notify();
        }
    }

    /// Passes on what has gone through all of the steps, and lets the rest into the chain.
    fn pass_pushed(&mut self, engine: &Engine, pushed: &Pushed<'_>) {
        let through = pushed.through().unwrap_or(0);
        let note = |sender: &Sender, spans: &mut Spans| {
            let admission = &sender.admission;
            match pushed.from {
                [] => spans.push(admission.origin(admission.over), pushed.values.len()),
                each => (1..)
                    .zip(each)
                    .for_each(|(end, &from)| spans.push(admission.origin(from as usize), end)),
            }
        };
        self.with_origins(note, |sender, origins| {
            let (values, waiting) = pushed.values.split_at(through);
            if through > 0 {
                sender.go_on(engine, (values, origins), pushed.keys);
            }
            let waiting = (waiting, pushed.waiting);
            sender
                .chain
                .enter_on_the_way(waiting, origins.skip(through));
        });
    }

    /// A message failed in the hands of the host.
    fn bury_pushed(&self, engine: &Engine, origin: Origin, failed: &PushedFailure<'_>) {
        let step = &engine.plan.pipelines[self.pipeline].steps[failed.step];
        let death = Death {
            origin,
            stage: failed.step,
            counter: failed.step + 1,
            path: &step.path,
            value: failed.value,
            reason: match failed.step == self.steps() {
                true => DeadReason::Partition,
                false => DeadReason::Compute,
            },
            key: None,
            text: failed.text,
            frame: None,
        };
        engine.failed(death, step.policy);
    }

    /// Counts what is done, and takes credits for what came of it: tells for how many.
    fn account(&self, engine: &Engine, pushed: &Pushed<'_>) -> usize {
        engine.count_sent(self.pipeline, pushed.done);
        let slot = &engine.pipelines[self.pipeline];
        let (steps, through) = (self.steps(), pushed.through().unwrap_or(0));
        let failed = |step| usize::from(pushed.failed.is_some_and(|failed| failed.step == step));
        for (step, &completed) in pushed.completed.iter().enumerate() {
            let next = pushed.completed.get(step + 1);
            let went_on = next.copied().unwrap_or(through) + pushed.waits_for(step + 1);
            let last = step + 1 == slot.steps;
            let sinks = if last { slot.sinks.len().max(1) } else { 1 };
            let counters = &slot.counters[step + 1];
            counters.completed(completed);
            counters.emitted((went_on + failed(step + 1)) * sinks);
        }
        let mut emitted = pushed.values.len();
        slot.flow.arrive(steps, through);
        for (step, &waiting) in pushed.waiting.iter().enumerate() {
            slot.flow.arrive(step, waiting);
        }
        if let Some(failed) = pushed.failed {
            slot.flow.arrive(failed.step, 1);
            emitted += 1;
        }
        slot.flow.grow(pushed.done, emitted);
        emitted
    }

    fn go_on(
        &mut self,
        engine: &Engine,
        (values, origins): (&[Value], Origins<'_>),
        keys: BatchKeys<'_>,
    ) {
        match engine.plan.pipelines[self.pipeline].end_at(self.steps()) {
            End::Sinks => engine.relay(self.pipeline, values, origins),
            End::Spread(step) => engine.spread(self.pipeline, step, values, origins),
            End::State(step, state) => {
                // Nothing is asked any more then.
                if let (BatchKeys::Ask, Some(reason)) = (keys, engine.discarding()) {
                    let (stage, left) = (self.steps(), (values, origins));
                    return engine.discard(self.pipeline, stage, stage + 1, left, reason);
                }
                self.push_keyed(engine, (step, state), (values, origins), keys, 0);
            }
        }
    }
}

impl Drop for Sender {
    fn drop(&mut self) {
        self.give_up();
    }
}
