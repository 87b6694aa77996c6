//! Sending in two halves, for hosts that run the stateless steps a pipeline begins with themselves: first
//! messages are admitted, then what came of them is pushed. In between they hold their credits, and
//! nothing else of them is here.

use super::event::Wait;
use super::life::Refusal;
use super::segment::Origins;
use super::sender::{BatchKeys, Sender};
use super::{Death, Engine};
use crate::model::{DeadReason, Value};
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
    /// How many more of the messages will not be sent.
    pub given_up: usize,
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
    /// The step; the one behind the steps that the host runs if no key was found.
    pub step: usize,
    /// Why.
    pub text: &'a str,
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
        };
        let failing = pushed.failed.map(|failed| failed.step);
        match () {
            () if over.is_none_or(|over| over > self.admitted) => {
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
            () if self.admitted == 0 && !pushed.is_empty() => Some("nothing is admitted"),
            () => None,
        }
    }

    /// Waits for credits for up to `wanted` messages, at least one, and holds them until what came of
    /// the messages is pushed. Gives for how many, at most as many as a run has.
    pub fn admit(&mut self, wanted: usize, wait: &Wait) -> Result<usize, Refusal> {
        self.engine.outside()?;
        if wanted == 0 {
            return self.engine.refusal().map_or(Ok(0), Err);
        }
        let most = self.engine.plan.run_length;
        let granted = self.engine.admit(self.pipeline, wanted.min(most), wait)?;
        self.admitted += granted;
        Ok(granted)
    }

    /// Gives back the credits of messages that were admitted and will not be sent.
    pub fn give_up(&mut self) {
        let admitted = std::mem::take(&mut self.admitted);
        if admitted > 0 {
            self.engine.consumed(self.pipeline, 0, admitted, 0);
            self.engine.wake_senders();
        }
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
        let through = pushed.through().unwrap_or(0);
        if through > 0 {
            self.with_origins(through, |sender, origins| {
                sender.go_on(engine, (&pushed.values[..through], origins), pushed.keys);
            });
        }
        self.admitted -= pushed.done + pushed.given_up;
        engine.consumed(self.pipeline, 0, pushed.done, emitted);
        engine.consumed(self.pipeline, 0, pushed.given_up, 0);
        if let Some(failed) = pushed.failed {
            let step = &engine.plan.pipelines[self.pipeline].steps[failed.step];
            let death = Death {
                origin: self.origin(0),
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
            };
            engine.failed(death, step.policy);
        }
        if through < pushed.values.len() {
            self.with_origins(pushed.values.len(), |sender, origins| {
                let waiting = (&pushed.values[through..], pushed.waiting);
                sender.chain.enter_on_the_way(waiting, origins);
                sender.run_chain(engine);
            });
        }
        // Credits may have come back on this thread, and no worker will tell.
        engine.wake_senders();
        if engine.discarding().is_some() {
            engine.changed.notify();
        }
    }

    /// Counts what is done, and takes credits for what came of it: tells for how many.
    fn account(&self, engine: &Engine, pushed: &Pushed<'_>) -> usize {
        self.count_sent(engine, pushed.done);
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
