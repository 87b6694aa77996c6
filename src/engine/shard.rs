//! A shard: key groups of one partition, and a lane for each step that uses it.
//!
//! What a shard is doing is kept here and not on the stack of the worker that runs it: should a
//! worker's thread end inside a callback, another goes on from the same phase.

mod quarantine;
mod reset;
mod retry;

use std::collections::VecDeque;

use self::reset::Failing;
use super::callback::call;
use super::chain::{Bench, Standing};
use super::lane::Lane;
use super::schedule::ActorId;
use super::segment::{Bag, Segment};
use super::worker::Turn;
use super::{Death, Engine, Failure, PartitionSlot};
use crate::fault::{Fault, planted};
use crate::host::{BuildBatch, DELETE, Run, RunKeys, Verdict};
use crate::model::{ByteKeys, DeadReason, KeyKind, Value};
use crate::state::{KeyRef, Parts};
use crate::topology::{DeclaredKeys, PartitionPlan, Plan, StepPlan};

/// What a shard is in the middle of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// Nothing.
    Idle,
    /// The states of new keys are being built.
    Build,
    /// A run is being computed.
    Compute,
    /// Outputs are on their way through the lane's chain.
    Chain,
}

/// Keys whose states are being built. Each is in the table already, with a state that means nothing.
#[derive(Default)]
struct NewKeys {
    words: Vec<u64>,
    bytes: ByteKeys,
    len: usize,
    /// For each message without a state, which of these keys it has.
    places: Vec<u32>,
    states: Vec<Value>,
}

impl NewKeys {
    fn push(&mut self, key: KeyRef<'_>) {
        match key {
            KeyRef::Word(word) => self.words.push(word),
            KeyRef::Bytes(bytes) => self.bytes.push(bytes),
            KeyRef::Single => {}
        }
        self.len += 1;
    }

    fn get(&self, kind: KeyKind, index: usize) -> KeyRef<'_> {
        match kind {
            KeyKind::Word => KeyRef::Word(self.words[index]),
            KeyKind::Bytes => KeyRef::Bytes(self.bytes.get(index)),
            KeyKind::Single => KeyRef::Single,
        }
    }

    fn clear(&mut self) {
        self.words.clear();
        self.bytes.clear();
        self.len = 0;
        self.places.clear();
        self.states.clear();
    }
}

pub(super) struct Shard {
    actor: ActorId,
    partition: usize,
    kind: KeyKind,
    pub(super) parts: Parts,
    lanes: Vec<Lane>,
    next_lane: usize,
    /// Declared keys whose states are not built yet.
    declared: Option<NewKeys>,
    /// Whether the states being built are those of declared keys.
    starting: bool,
    /// The message that failed, if a state is being built because of it.
    failing: Option<Failing>,
    /// How many parts were deleted or built anew, and keys set aside, ever.
    deletions: u64,
    phase: Phase,
    /// The lane of the phase.
    lane: usize,
    missing: Vec<u32>,
    new: NewKeys,
    bench: Bench,
    mail: Bag,
}

impl Shard {
    pub(super) fn new(
        actor: ActorId,
        partition: usize,
        index: u16,
        plan: &Plan,
        slot: &PartitionSlot,
    ) -> Shard {
        let (pipelines, plan) = (&plan.pipelines, &plan.partitions[partition]);
        let lanes = plan.lanes.iter().map(|&(pipeline, step)| {
            let end = pipelines[pipeline].chain_end(step + 1);
            Lane::new(actor, pipeline, step, end)
        });
        let lanes = lanes.collect();
        Shard {
            actor,
            partition,
            kind: plan.key_kind,
            parts: Parts::new(plan.key_kind),
            lanes,
            next_lane: 0,
            declared: declared_keys(plan, slot, index),
            starting: false,
            failing: None,
            deletions: 0,
            phase: Phase::Idle,
            lane: 0,
            missing: Vec::new(),
            new: NewKeys::default(),
            bench: Bench::default(),
            mail: Bag::default(),
        }
    }

    /// Whether there are declared keys whose states are to be built.
    pub(super) fn has_declared(&self) -> bool {
        self.declared.is_some()
    }

    /// Whether all parts in the table are the host's: not while some are being built, nor if a defect
    /// left it in the middle of something.
    pub(super) fn has_whole_parts(&self) -> bool {
        // A lost worker leaves outputs on their way, also if there are none any more.
        matches!(self.phase, Phase::Idle | Phase::Chain)
    }

    /// Goes on until one run is over, or is to be answered later.
    /// The latter only if the thread `serves`.
    pub(super) fn advance(&mut self, engine: &Engine, serves: bool) -> Turn {
        if self.phase == Phase::Idle && !self.begin(engine) {
            return Turn::Over { more: false };
        }
        self.go_on(engine, serves)
    }

    /// The run that was to be answered later is answered. Goes on as `advance` does.
    pub(super) fn answered(&mut self, engine: &Engine, verdict: Verdict) -> Turn {
        self.computed(engine, verdict);
        self.go_on(engine, true)
    }

    fn go_on(&mut self, engine: &Engine, serves: bool) -> Turn {
        while self.phase != Phase::Idle {
            match self.phase {
                Phase::Idle => {}
                // The application failed or closes since: as below.
                Phase::Build if engine.discarding().is_some() => self.give_up_building(engine),
                Phase::Build => {
                    let verdict = self.call_build(engine);
                    self.built(engine, verdict);
                }
                // The application failed or closes since the run began: what is queued is dropped.
                Phase::Compute if engine.discarding().is_some() => self.phase = Phase::Idle,
                Phase::Compute => {
                    let Some(verdict) = self.call_compute(engine, serves) else {
                        return Turn::Later;
                    };
                    self.computed(engine, verdict);
                }
                Phase::Chain => {
                    let chain = &mut self.lanes[self.lane].chain;
                    if !chain.advance(engine, &mut self.bench) {
                        self.phase = Phase::Idle;
                    }
                }
            }
        }
        Turn::Over { more: true }
    }

    /// The worker that ran the phase's callback is gone, for this reason.
    pub(super) fn lost(&mut self, engine: &Engine, verdict: Verdict) {
        match self.phase {
            Phase::Idle => {}
            Phase::Build => self.built(engine, verdict),
            Phase::Compute => self.computed(engine, verdict),
            Phase::Chain => {
                let chain = &mut self.lanes[self.lane].chain;
                chain.called(engine, &mut self.bench, verdict);
            }
        }
    }

    /// Begins with what there is to do; tells whether there was something.
    fn begin(&mut self, engine: &Engine) -> bool {
        if let Some(declared) = self.declared.take() {
            if engine.discarding().is_some() {
                engine.shard_started();
                return true;
            }
            self.new = declared;
            for index in 0..self.new.len {
                let key = self.new.get(self.kind, index);
                self.parts.get_or_insert(key, Value(0));
            }
            self.starting = true;
            self.phase = Phase::Build;
            return true;
        }
        for turn in 0..self.lanes.len() {
            let lane = (self.next_lane + turn) % self.lanes.len();
            if self.begin_lane(engine, lane) {
                self.next_lane = (lane + 1) % self.lanes.len();
                return true;
            }
        }
        false
    }

    fn begin_lane(&mut self, engine: &Engine, index: usize) -> bool {
        let blocking = self.plan(engine).blocking;
        let lane = &mut self.lanes[index];
        engine.take_mail(self.actor, index, &mut self.mail);
        lane.queue.extend(self.mail.arrived.drain(..));
        if let Some(reason) = engine.discarding() {
            lane.discard(engine, reason);
            return false;
        }
        self.let_in_again(engine, index);
        let lane = &mut self.lanes[index];
        match lane.chain.standing(engine) {
            Standing::Held => return false,
            Standing::Ready => {
                (self.lane, self.phase) = (index, Phase::Chain);
                return true;
            }
            Standing::Empty if !lane.has_input() => return false,
            Standing::Empty => {}
        }
        if !engine.pipelines[lane.pipeline]
            .flow
            .pass_gate(lane.step, self.actor)
        {
            return false;
        }
        lane.fill(
            engine.seam.run_length(engine.plan.run_length_of(blocking)),
            &mut self.mail,
        );
        self.lane = index;
        // The rest of a run has its states already: no part has gone since.
        if lane.run.looked_up == Some(self.deletions) {
            self.phase = Phase::Compute;
        } else {
            self.look_up(engine);
        }
        true
    }

    fn plan<'e>(&self, engine: &'e Engine) -> &'e PartitionPlan {
        &engine.plan.partitions[self.partition]
    }

    fn step<'e>(&self, engine: &'e Engine) -> &'e StepPlan {
        let lane = &self.lanes[self.lane];
        &engine.plan.pipelines[lane.pipeline].steps[lane.step]
    }

    /// Finds the states of the lane's run; goes on to build those that are missing, or to compute.
    fn look_up(&mut self, engine: &Engine) {
        self.wait_in_line();
        self.bury_quarantined(engine);
        let run = &mut self.lanes[self.lane].run;
        self.missing.clear();
        run.states.resize(run.values.len(), Value(0));
        let states = &mut run.states[run.start..];
        self.parts
            .look_up(&run.words, &run.bytes, run.start, states, &mut self.missing);
        if self.missing.is_empty() {
            self.phase = if run.is_empty() {
                Phase::Idle
            } else {
                Phase::Compute
            };
        } else if self.plan(engine).keys.is_some() && !planted(Fault::UnknownKeyIgnored) {
            self.bury_unknown(engine);
        } else {
            self.collect_new();
            self.phase = Phase::Build;
        }
    }

    /// Messages whose keys were not declared become dead letters.
    fn bury_unknown(&mut self, engine: &Engine) {
        let missing = std::mem::take(&mut self.missing);
        for (gone, &index) in missing.iter().enumerate() {
            let kind = self.kind;
            let lane = &mut self.lanes[self.lane];
            let at = lane.run.start + index as usize - gone;
            let key = lane.run.key(kind, at).to_key();
            let origin = lane.run.spans.origin_at(at);
            let value = lane.run.remove(at);
            lane.retries.over(KeyRef::from(&key));
            engine.bury(Death {
                origin,
                stage: lane.step,
                counter: lane.step + 1,
                path: &engine.plan.pipelines[lane.pipeline].steps[lane.step].path,
                value,
                reason: DeadReason::UnknownKey,
                key: Some(key),
                text: "",
                frame: None,
            });
        }
        self.missing = missing;
        // Put what is left to the test again.
        self.look_up(engine);
    }

    /// Collects the keys that have no part, each once. Until its state is built, a key's state in
    /// the table is its place among the new ones.
    fn collect_new(&mut self) {
        let run = &self.lanes[self.lane].run;
        self.new.clear();
        for &index in &self.missing {
            let key = run.key(self.kind, run.start + index as usize);
            let place = Value(self.new.len as u64);
            let known = self.parts.get_or_insert(key, place);
            self.new.places.push(known.unwrap_or(place).0 as u32);
            if known.is_none() {
                self.new.push(key);
            }
        }
    }

    /// Gives the messages that had no state those that were built.
    fn fill_missing(&mut self) {
        let run = &mut self.lanes[self.lane].run;
        for (&index, &place) in self.missing.iter().zip(&self.new.places) {
            run.states[run.start + index as usize] = self.new.states[place as usize];
        }
        self.phase = Phase::Compute;
    }

    fn call_build(&mut self, engine: &Engine) -> Verdict {
        let build = &self.plan(engine).build;
        let new = &mut self.new;
        let keys = match self.kind {
            KeyKind::Word => RunKeys::Words(&new.words),
            KeyKind::Bytes => RunKeys::Bytes(&new.bytes, 0),
            KeyKind::Single => RunKeys::Single,
        };
        let mut batch = BuildBatch {
            keys,
            states: &mut new.states,
            len: new.len,
        };
        call(engine, || build.build(&mut batch))
    }

    fn built(&mut self, engine: &Engine, verdict: Verdict) {
        if let Some(failing) = self.failing.take() {
            return self.built_anew(engine, failing, verdict);
        }
        let done = self.new.states.len().min(self.new.len);
        for index in 0..self.new.len {
            let key = self.new.get(self.kind, index);
            if index < done {
                if let Some(state) = self.parts.get_mut(key) {
                    *state = self.new.states[index];
                }
            } else {
                self.parts.remove(key);
            }
        }
        engine.parts_added(done);
        let verdict = match verdict {
            Verdict::Done if done == 0 && self.new.len > 0 => {
                Verdict::Contract("the builder built nothing and did not fail".into())
            }
            Verdict::OutputsFull => Verdict::Contract("a builder has no outputs".into()),
            Verdict::Failed(_) if done == self.new.len => {
                Verdict::Contract("it failed with all states built".into())
            }
            other => other,
        };
        if std::mem::take(&mut self.starting) {
            return self.built_declared(engine, done, verdict);
        }
        match verdict {
            Verdict::Failed(text) if done < self.new.len => self.bury_unbuilt(engine, done, &text),
            Verdict::Contract(text) => {
                engine.fail(Failure::contract(&self.plan(engine).path, &text));
                self.phase = Phase::Idle;
            }
            Verdict::Done if done == self.new.len => self.fill_missing(),
            _ => self.look_up(engine),
        }
    }

    /// The keys whose states are not built leave the table. Their messages stay, to be dropped.
    fn give_up_building(&mut self, engine: &Engine) {
        self.phase = Phase::Idle;
        // Its key has the state it had.
        if let Some(failing) = self.failing.take() {
            return self.bury_failing(engine, self.step(engine), failing);
        }
        for index in 0..self.new.len {
            self.parts.remove(self.new.get(self.kind, index));
        }
        self.new.clear();
        if std::mem::take(&mut self.starting) {
            engine.shard_started();
        }
    }

    fn built_declared(&mut self, engine: &Engine, done: usize, verdict: Verdict) {
        let path = &self.plan(engine).path;
        match verdict {
            Verdict::Done if done < self.new.len => {
                // The rest is still to be built.
                let mut rest = NewKeys::default();
                (done..self.new.len).for_each(|index| rest.push(self.new.get(self.kind, index)));
                self.declared = Some(rest);
                self.phase = Phase::Idle;
                return;
            }
            Verdict::Failed(text) if done < self.new.len => {
                let key = self.new.get(self.kind, done).to_key();
                let message = format!("building the state of {key} failed: {text}");
                engine.fail(Failure::callback(path, message));
            }
            Verdict::Contract(text) => engine.fail(Failure::contract(path, &text)),
            _ => {}
        }
        self.phase = Phase::Idle;
        engine.shard_started();
    }

    /// The first message of a key whose state could not be built is tried again, or becomes a dead letter.
    fn bury_unbuilt(&mut self, engine: &Engine, index: usize, text: &str) {
        let key = self.new.get(self.kind, index).to_key();
        let step = self.step(engine);
        let lane = &mut self.lanes[self.lane];
        let mut candidates = self
            .missing
            .iter()
            .map(|&index| lane.run.start + index as usize);
        let at = candidates.find(|&at| lane.run.key(self.kind, at).to_key() == key);
        let at = at.expect("the key came from a message of this run");
        let origin = lane.run.spans.origin_at(at);
        let value = lane.run.remove(at);
        let stage = lane.step;
        if self.try_again(engine, &key, (origin, value)) {
            return self.look_up(engine);
        }
        self.set_aside(engine, step.policy, KeyRef::from(&key));
        let death = Death {
            origin,
            stage,
            counter: stage + 1,
            path: &step.path,
            value,
            reason: DeadReason::Build,
            key: Some(key),
            text,
            frame: None,
        };
        engine.failed(death, step.policy);
        if engine.discarding().is_some() {
            self.phase = Phase::Idle;
        } else {
            self.look_up(engine);
        }
    }

    /// Calls the computation; nothing if it answers later.
    fn call_compute(&mut self, engine: &Engine, serves: bool) -> Option<Verdict> {
        self.lanes[self.lane].run.looked_up = Some(self.deletions);
        let compute = &self.step(engine).state().compute;
        let lane = &mut self.lanes[self.lane];
        let run = &mut lane.run;
        let start = run.start;
        run.flags.clear();
        run.flags.resize(run.values.len() - start, 0);
        run.done = 0;
        let mut later = false;
        let outputs_min = run.outputs_min.max(run.flags.len());
        run.outputs.reserve(outputs_min);
        let mut batch = Run {
            step: lane.step as u32,
            values: &run.values[start..],
            states: &run.states[start..],
            keys: match self.kind {
                KeyKind::Word => RunKeys::Words(&run.words[start..]),
                KeyKind::Bytes => RunKeys::Bytes(&run.bytes, start),
                KeyKind::Single => RunKeys::Single,
            },
            outputs: &mut run.outputs,
            flags: &mut run.flags,
            done: &mut run.done,
            later: serves.then_some(&mut later),
        };
        let verdict = call(engine, || compute.compute(&mut batch));
        (!later).then_some(verdict)
    }

    fn computed(&mut self, engine: &Engine, verdict: Verdict) {
        self.phase = Phase::Idle;
        let verdict = match self.lanes[self.lane].contract(verdict) {
            Ok(verdict) => verdict,
            Err(text) => {
                let plan = self.step(engine);
                engine.fail(Failure::contract(&plan.path, &text));
                self.lanes[self.lane].give_up(engine, plan);
                return;
            }
        };
        // Before the message counts as done: who drains has seen the last of the state.
        if let Some(state) = self.take_deleted(engine) {
            super::callback::tell(engine, || self.plan(engine).build.drop_states(&[state]));
        }
        self.lanes[self.lane].end_retries(self.kind);
        let plan = self.step(engine);
        let emitted = self.lanes[self.lane].settle(engine, plan);
        if planted(Fault::StateReset) {
            self.reset_a_state();
        }
        let Verdict::Failed(text) = verdict else {
            self.lanes[self.lane].run.clear_if_over();
            if emitted {
                self.forward();
            }
            return;
        };
        let run = &mut self.lanes[self.lane].run;
        let key = run.key(self.kind, run.start).to_key();
        let origin = run.spans.origin_at(run.start);
        let value = run.skip_one();
        run.clear_if_over();
        if self.try_again(engine, &key, (origin, value)) {
            if emitted {
                self.forward();
            }
            return;
        }
        let failing = Failing {
            origin,
            value,
            key,
            text,
            emitted,
        };
        self.failed(engine, plan, failing);
    }

    /// Swaps the states of two keys: a fault that tests must catch.
    fn reset_a_state(&mut self) {
        let mut cursor = crate::state::Cursor::default();
        let first = self
            .parts
            .next(&mut cursor)
            .map(|(key, state)| (key.to_key(), state));
        let second = self
            .parts
            .next(&mut cursor)
            .map(|(key, state)| (key.to_key(), state));
        if let (Some((first, one)), Some((second, other))) = (first, second) {
            for (key, state) in [(first, other), (second, one)] {
                if let Some(known) = self.parts.get_mut(KeyRef::from(&key)) {
                    *known = state;
                }
            }
        }
    }

    /// Removes the part that the last message of the run deleted.
    fn take_deleted(&mut self, engine: &Engine) -> Option<Value> {
        let run = &self.lanes[self.lane].run;
        let last = run.done.checked_sub(1)?;
        if run.flags[last] & DELETE == 0 {
            return None;
        }
        let key = run.key(self.kind, run.start + last);
        let removed = self.parts.remove(key);
        self.deletions += 1;
        engine.parts_removed(usize::from(removed.is_some()));
        removed
    }

    /// Sends the lane's outputs on their way.
    fn forward(&mut self) {
        self.phase = Phase::Chain;
    }
}

/// The declared keys of one shard, whose states are to be built first of all.
fn declared_keys(plan: &PartitionPlan, slot: &PartitionSlot, shard: u16) -> Option<NewKeys> {
    use crate::state::hash;
    let mut keys = NewKeys::default();
    match (&plan.keys, plan.key_kind) {
        (_, KeyKind::Single) => keys.push(KeyRef::Single),
        (Some(DeclaredKeys::Words(words)), _) => {
            let own = words
                .iter()
                .filter(|&&w| slot.routing.shard(hash::word(w)) == shard);
            own.for_each(|&word| keys.push(KeyRef::Word(word)));
        }
        (Some(DeclaredKeys::Bytes(all)), _) => {
            let own = all
                .iter()
                .filter(|key| slot.routing.shard(hash::bytes(key)) == shard);
            own.for_each(|key| keys.push(KeyRef::Bytes(key)));
        }
        (None, _) => {}
    }
    (keys.len > 0).then_some(keys)
}

/// Segments that wait in a lane.
pub(super) type LaneQueue = VecDeque<Segment>;
