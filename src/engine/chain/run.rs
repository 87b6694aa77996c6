//! Running messages through steps of a chain, in one call, and accounting for what it did.

use super::bench::{Bench, Kept};
use super::{Call, Chain};
use crate::engine::callback::{call, tell};
use crate::engine::scatter::Keys;
use crate::engine::{Death, Engine, Failure};
use crate::host::{ChainRun, Fallen, Verdict};
use crate::model::{DeadReason, KeyKind, Value};
use crate::topology::{End, StatelessPlan};

impl Chain {
    fn stateless<'e>(&self, engine: &'e Engine, level: usize) -> &'e StatelessPlan {
        self.plan(engine).steps[self.first + level].stateless()
    }

    pub(super) fn call_steps(
        &mut self,
        engine: &Engine,
        bench: &mut Bench,
        level: usize,
    ) -> Verdict {
        let fused = &self.stateless(engine, level).fused;
        let waits = &self.levels[level];
        let given = waits
            .left()
            .min(engine.seam.run_length(engine.plan.run_length));
        self.calling = Some(Call::Steps { level, given });
        bench.begin(fused.steps, self.outputs_min.max(given));
        let kind = match self.plan(engine).end_at(self.end()) {
            End::State(_, state) if fused.keys => {
                Some(engine.plan.partitions[state.partition].key_kind)
            }
            _ => None,
        };
        let mut run = ChainRun {
            step: (self.first + level) as u32,
            values: &waits.values[waits.start..waits.start + given],
            outputs: &mut bench.outputs,
            waiting: &mut bench.waiting,
            completed: &mut bench.completed,
            kind,
            words: &mut bench.words,
            bytes: &mut bench.bytes,
            fallen: &mut bench.fallen,
        };
        call(engine, || fused.run.transform(&mut run))
    }

    pub(super) fn transformed(
        &mut self,
        engine: &Engine,
        bench: &mut Bench,
        (level, given): (usize, usize),
        verdict: Verdict,
    ) {
        let keys = self.stateless(engine, level).fused.keys;
        match bench.contract(given, keys, verdict) {
            Err(text) => {
                let path = &self.plan(engine).steps[self.first + level].path;
                engine.fail(Failure::contract(path, &text));
                self.give_up(engine, bench, (level, given));
            }
            Ok(Kept::Full) => self.outputs_min = bench.outputs.capacity() * 2,
            Ok(Kept::Done) => self.settle(engine, bench, level, None),
            Ok(Kept::Failed(text)) => self.settle(engine, bench, level, Some(text)),
        }
    }

    /// Accounts for what is done, and lets what came of it go on; one message may have failed.
    fn settle(&mut self, engine: &Engine, bench: &mut Bench, level: usize, failed: Option<String>) {
        let (done, stage) = (bench.done(), self.first + level);
        let emitted = self.account(engine, bench, level);
        self.balance(engine, bench, level);
        self.pass_on(engine, bench, level);
        let waits = &mut self.levels[level];
        let death = failed.map(|text| {
            let (at, fallen) = match bench.fallen {
                Some(fallen) => (waits.start + fallen.from, fallen),
                None => {
                    let at = waits.start + done;
                    let value = waits.values[at];
                    let (from, step) = (done, 0);
                    (at, Fallen { value, from, step })
                }
            };
            (waits.spans.origin_at(at), fallen, text)
        });
        waits.start += done + usize::from(death.is_some() && bench.fallen.is_none());
        waits.clear_if_over();
        if done > 0 {
            self.outputs_min = 0;
        }
        bench.shrink(engine.plan.run_length, self.outputs_min);
        engine.consumed(self.pipeline, stage, done, emitted);
        bench.balance.settle(engine, self.pipeline);
        if let Some((origin, fallen, text)) = death {
            let stage = stage + fallen.step;
            let step = &self.plan(engine).steps[stage];
            let death = Death {
                origin,
                stage,
                counter: stage + 1,
                path: &step.path,
                value: fallen.value,
                reason: match fallen.step == bench.completed.len() {
                    true => DeadReason::Partition,
                    false => DeadReason::Compute,
                },
                key: None,
                text: &text,
                frame: None,
            };
            engine.failed(death, step.policy);
        }
    }

    /// How many takers what leaves the last step of a pipeline here has.
    fn takers(&self, engine: &Engine) -> usize {
        match self.actor {
            // What a sender sends on is shared when it is passed on.
            None => 1,
            Some(_) => engine.pipelines[self.pipeline].sinks.len(),
        }
    }

    /// Counts what is done, and takes credits for what came of it: tells for how many.
    fn account(&self, engine: &Engine, bench: &Bench, level: usize) -> usize {
        let slot = &engine.pipelines[self.pipeline];
        let (stage, steps) = (self.first + level, bench.completed.len());
        for step in 0..steps {
            let last = stage + step + 1 == slot.steps;
            let sinks = if last { slot.sinks.len().max(1) } else { 1 };
            let counters = &slot.counters[stage + step + 1];
            counters.completed(bench.completed[step]);
            counters.emitted(bench.arrived(step + 1) * sinks);
        }
        let takers = match stage + steps == slot.steps {
            true => self.takers(engine),
            false => 1,
        };
        let mut emitted = bench.through() * takers;
        slot.flow.arrive(stage + steps, emitted);
        for (step, &waiting) in bench.waiting.iter().enumerate().filter(|(_, n)| **n > 0) {
            slot.flow.arrive(stage + step, waiting);
            emitted += waiting;
        }
        if let Some(fallen) = bench.fallen {
            slot.flow.arrive(stage + fallen.step, 1);
            emitted += 1;
        }
        slot.flow.grow(bench.done(), emitted);
        emitted
    }

    /// Accounts for what is left of batches.
    fn balance(&self, engine: &Engine, bench: &mut Bench, level: usize) {
        let waits = &self.levels[level];
        let end = self.first + level + bench.completed.len();
        let takers = match end == engine.pipelines[self.pipeline].steps {
            true => self.takers(engine),
            false => 1,
        };
        let (origins, through) = (waits.spans.from(waits.start), (bench.through(), takers));
        let done = bench.done();
        bench.balance.strike(origins, done, &bench.outputs, through);
        if let Some(fallen) = bench.fallen {
            bench.balance.add(origins.at(fallen.from));
        }
        bench.balance.raise(engine, self.pipeline);
    }

    /// Puts outputs where they have got to.
    fn pass_on(&mut self, engine: &Engine, bench: &mut Bench, level: usize) {
        let steps = bench.completed.len();
        let (before, behind) = self.levels.split_at_mut(level + 1);
        let waits = &before[level];
        let (mut origin_of, start) = (waits.spans.walk(), waits.start);
        let mut outputs = bench.outputs.drain(..);
        let through = outputs.len() - bench.waiting.iter().sum::<usize>();
        for step in (1..=steps).rev() {
            let count = bench.waiting.get(step).copied().unwrap_or(through);
            for output in outputs.by_ref().take(count) {
                let origin = origin_of(start + output.from as usize);
                match behind.get_mut(step - 1) {
                    Some(level) => level.push(origin, output.value),
                    None => self.outbox.push(origin, output.value),
                }
            }
        }
        drop((outputs, origin_of));
        if level + steps == self.levels.len() && through > 0 {
            self.arrived_at_end(engine, bench);
        }
    }

    /// What came through the last step is shared among sinks, or discarded, or goes on if it has keys.
    fn arrived_at_end(&mut self, engine: &Engine, bench: &mut Bench) {
        let plan = self.plan(engine);
        match (plan.end_at(self.end()), self.takers(engine)) {
            (End::Sinks, 0) => {
                engine.drop_discarded(self.pipeline, &self.outbox.values);
                self.outbox.clear();
            }
            (End::Sinks, takers) if takers > 1 => {
                let values = plan.values_at(self.end());
                tell(engine, || values.share(&self.outbox.values, takers));
            }
            (End::State(_, state), _) if bench.keys() > 0 => {
                let kind = engine.plan.partitions[state.partition].key_kind;
                let found = bench.keys();
                let keys = match kind {
                    KeyKind::Bytes => Keys::Bytes(&bench.bytes, 0),
                    _ => Keys::Words(&bench.words),
                };
                self.outbox
                    .scatter(engine, &mut bench.scatter, state, keys, found);
            }
            _ => {}
        }
    }

    /// After a broken contract: what is done is the host's, and what came of it is handed back. The
    /// rest waits to be dropped.
    fn give_up(&mut self, engine: &Engine, bench: &mut Bench, (level, given): (usize, usize)) {
        let (done, stage) = (bench.done().min(given), self.first + level);
        let steps = bench.completed.len();
        let mut outputs = bench.outputs.drain(..).rev();
        for step in 1..=steps {
            let count = bench.waiting.get(step).copied().unwrap_or(usize::MAX);
            let values: Vec<Value> = outputs.by_ref().take(count).map(|o| o.value).collect();
            engine.drop_values(self.pipeline, stage + step, &values);
        }
        drop(outputs);
        if let Some(fallen) = bench.fallen {
            let step = fallen.step.clamp(1, steps);
            engine.drop_values(self.pipeline, stage + step, &[fallen.value]);
        }
        let reason = DeadReason::Failed;
        let waits = &mut self.levels[level];
        let origins = waits.spans.from(waits.start);
        engine.pipelines[self.pipeline].counters[stage + 1].dead(reason, done);
        engine.died(self.pipeline, origins, done, reason);
        engine.consumed(self.pipeline, stage, done, 0);
        engine.gone(self.pipeline, origins, done);
        waits.start += done;
        waits.clear_if_over();
    }
}
