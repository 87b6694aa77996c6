//! A chain: the stateless steps next to each other behind a place, and how what comes out of them gets to
//! where it goes next: to the parts of a step, to the workers that share a parallel step, or to sinks.
//!
//! Messages wait at *levels*, one for each step of the chain, and behind the last one in the outbox. The
//! furthest go on first, a run at a time: so order is kept, and of what fans out no more waits than one
//! array of outputs at each level. A call may run several steps at once ([`crate::host::Fused`]); what it leaves
//! on the way waits at the level it has reached.
//!
//! What waits at a level holds its credits at that step. A worker starts a run only if the gate lets it
//! ([`Flow::pass_gate`]); a sender, which must not wait once its messages are admitted, always.
//!
//! What is going on is kept here and not on the stack, as it is in a shard.
//!
//! [`Flow::pass_gate`]: super::flow::Flow::pass_gate

mod ahead;
mod bench;
mod run;

use super::Engine;
use super::outbox::Outbox;
use super::schedule::ActorId;
use super::segment::{Origin, Origins, Spans};
use crate::host::Verdict;
use crate::model::{DeadReason, Value};
use crate::topology::{End, PipelinePlan};

pub(super) use bench::{Bench, OUTPUTS_MAX};

/// Messages that wait for one step.
#[derive(Default)]
struct Level {
    values: Vec<Value>,
    spans: Spans,
    /// How many of them are over.
    start: usize,
}

impl Level {
    fn left(&self) -> usize {
        self.values.len() - self.start
    }

    fn push(&mut self, origin: Origin, value: Value) {
        self.values.push(value);
        self.spans.push(origin, self.values.len());
    }

    fn append(&mut self, values: &[Value], origins: Origins<'_>) {
        self.spans.append(origins, values.len(), self.values.len());
        self.values.extend_from_slice(values);
    }

    fn clear_if_over(&mut self) {
        if self.left() == 0 {
            self.values.clear();
            self.spans.clear();
            self.start = 0;
        }
    }
}

/// Whether a chain can go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// Nothing is in it.
    Empty,
    /// It waits for others, who will notify its actor.
    Held,
    /// It has something to do.
    Ready,
}

/// Which callback of a chain runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Call {
    /// The steps from a level on, with so many messages.
    Steps { level: usize, given: usize },
    /// The partition function behind it.
    Keys,
}

pub(super) struct Chain {
    pipeline: usize,
    /// The step of the first level.
    first: usize,
    levels: Box<[Level]>,
    /// What has gone through all of the steps.
    pub(super) outbox: Outbox,
    /// The actor that runs it; none if that is a sender.
    actor: Option<ActorId>,
    /// How many outputs there must be room for, because a message did not fit.
    outputs_min: usize,
    calling: Option<Call>,
}

impl Chain {
    /// The chain whose first step is `first`, up to `end`.
    pub(super) fn new(pipeline: usize, first: usize, end: usize, actor: Option<ActorId>) -> Chain {
        Chain {
            pipeline,
            first,
            levels: (first..end).map(|_| Level::default()).collect(),
            outbox: Outbox::default(),
            actor,
            outputs_min: 0,
            calling: None,
        }
    }

    /// Whether it has steps of its own.
    pub(super) fn has_steps(&self) -> bool {
        !self.levels.is_empty()
    }

    /// The stage behind its steps.
    pub(super) fn end(&self) -> usize {
        self.first + self.levels.len()
    }

    /// Takes a message, which holds its credit at its first stage.
    pub(super) fn enter(&mut self, origin: Origin, value: Value) {
        match self.levels.first_mut() {
            Some(level) => level.push(origin, value),
            None => self.outbox.push(origin, value),
        }
    }

    /// Takes messages, which hold their credits at its first stage.
    pub(super) fn enter_all(&mut self, values: &[Value], origins: Origins<'_>) {
        match self.levels.first_mut() {
            Some(level) => level.append(values, origins),
            None => self.outbox.append(values, origins),
        }
    }

    /// Takes messages that have come some way already: those that wait for its last step come first, and
    /// `waiting` tells how many wait for each.
    pub(super) fn enter_on_the_way(
        &mut self,
        (mut values, waiting): (&[Value], &[usize]),
        mut origins: Origins<'_>,
    ) {
        for (level, &count) in self.levels.iter_mut().zip(waiting).rev() {
            level.append(&values[..count], origins);
            (values, origins) = (&values[count..], origins.skip(count));
        }
    }

    fn plan<'e>(&self, engine: &'e Engine) -> &'e PipelinePlan {
        &engine.plan.pipelines[self.pipeline]
    }

    /// Whether its actor may go on with it. Hands on to sinks what there is room for.
    pub(super) fn standing(&mut self, engine: &Engine) -> Standing {
        let sinks = matches!(self.plan(engine).end_at(self.end()), End::Sinks);
        if sinks && !self.outbox.is_empty() && !self.forward(engine, &mut Bench::default()) {
            return Standing::Held;
        }
        match self.furthest() {
            _ if !self.outbox.is_empty() => Standing::Ready,
            None => Standing::Empty,
            Some(level) if !self.may_start(engine, level) => Standing::Held,
            Some(_) => Standing::Ready,
        }
    }

    /// The furthest level at which messages wait.
    fn furthest(&self) -> Option<usize> {
        self.levels.iter().rposition(|level| level.left() > 0)
    }

    fn may_start(&self, engine: &Engine, level: usize) -> bool {
        let flow = &engine.pipelines[self.pipeline].flow;
        self.actor
            .is_none_or(|actor| flow.pass_gate(self.first + level, actor))
    }

    /// Goes on, by one callback at most; tells whether there is more to do at once.
    pub(super) fn advance(&mut self, engine: &Engine, bench: &mut Bench) -> bool {
        if !self.outbox.is_empty() {
            return self.forward(engine, bench);
        }
        let Some(level) = self.furthest() else {
            return false;
        };
        if engine.discarding().is_some() || !self.may_start(engine, level) {
            return false;
        }
        let verdict = self.call_steps(engine, bench, level);
        self.called(engine, bench, verdict);
        true
    }

    /// A callback of it is over, or its thread is gone.
    pub(super) fn called(&mut self, engine: &Engine, bench: &mut Bench, verdict: Verdict) {
        match self.calling.take() {
            Some(Call::Steps { level, given }) => {
                self.transformed(engine, bench, (level, given), verdict);
            }
            Some(Call::Keys) => self.keyed(engine, bench, verdict),
            None => {}
        }
    }

    /// Hands everything back: the application failed or closes.
    pub(super) fn discard(&mut self, engine: &Engine, reason: DeadReason) {
        for (stage, level) in (self.first..).zip(&mut self.levels) {
            let left = (&level.values[level.start..], level.spans.from(level.start));
            engine.discard(self.pipeline, stage, stage + 1, left, reason);
            level.start = level.values.len();
            level.clear_if_over();
        }
        let end = self.end();
        self.outbox.discard(engine, self.pipeline, end, reason);
    }
}
