//! What the engine calls: partition functions, computations, builders, sinks and the dead-letter
//! handler. They do what the rules say, stop early, ask for room and panic as they like, and check
//! all that the engine gives them.

use std::panic::resume_unwind;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, MutexGuard};

use partita::engine::{Engine, Refusal, Wait};
use partita::host::{
    self, Build, BuildBatch, CHANGED, Clock, Completion, Completions, Compute, DELETE, DeadLetter,
    DeadLetters, Deliver, Host, KeyBatch, Output, Partition, Run, RunKeys, Values, Verdict,
};
use partita::model::{DeadReason, Key, KeyKind, Policy, Value};

use super::rules::{Effect, Message, Trail, mix};
use super::shape::Shape;
use super::world::{Checked, Event, Log, Seen, Taker, World};

/// What a hand is registered as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Takes back what a pipeline's senders sent.
    Source(usize),
    /// The partition function of a step.
    Keys(usize, usize),
    /// The computation of a step.
    Compute(usize, usize),
    /// The computation of a step without a state.
    Transform(usize, usize),
    /// Takes back the outputs of a step.
    Outputs(usize, usize),
    /// Builds the states of a partition.
    Build(usize),
    /// A sink of a pipeline.
    Sink(usize, usize),
    /// The dead-letter handler.
    Handler,
    /// What learns of completions.
    Reporter,
}

/// One object that is lent to the engine.
pub struct Hand {
    pub(super) world: Arc<World>,
    role: Role,
    released: AtomicUsize,
}

/// What a callback is about to answer.
pub(super) enum Answer {
    Verdict(Verdict),
    Panic(String),
}

impl From<Verdict> for Answer {
    fn from(verdict: Verdict) -> Answer {
        Answer::Verdict(verdict)
    }
}

impl Answer {
    pub(super) fn fails(panics: bool, text: String) -> Answer {
        match panics {
            true => Answer::Panic(text),
            false => Answer::Verdict(Verdict::Failed(text)),
        }
    }
}

impl Hand {
    pub fn new(world: &Arc<World>, role: Role) -> Arc<Hand> {
        Arc::new(Hand {
            world: world.clone(),
            role,
            released: AtomicUsize::new(0),
        })
    }

    pub fn role(&self) -> Role {
        self.role
    }

    pub fn released(&self) -> usize {
        self.released.load(Ordering::Relaxed)
    }

    /// A callback begins: everything is as the engine says it is.
    pub(super) fn enter(&self, what: &str, items: usize) -> MutexGuard<'_, Log> {
        self.may_call_the_engine();
        let mut log = self.world.log();
        log.note(|| format!("  {what} {:?}, {items} items", self.role));
        let engine = self.world.engine.get().and_then(|engine| engine.upgrade());
        let now = engine.and_then(|engine| engine.clock());
        log.now = now.unwrap_or_else(|| Clock::now(&*self.world.clock));
        let mut checked = self.world.sample(&mut log);
        if self.released() > 0 || log.closed {
            checked = Err(format!("{what} of {:?} after the end", self.role));
        }
        log.check(checked);
        log
    }

    /// A callback ends: with what it wants, unless it found a defect.
    pub(super) fn leave(mut log: MutexGuard<'_, Log>, answer: Checked<Answer>) -> Verdict {
        let answer = match answer {
            Ok(answer) => answer,
            Err(defect) => {
                log.check(Err(defect.clone()));
                Verdict::Contract(defect).into()
            }
        };
        drop(log);
        match answer {
            Answer::Verdict(verdict) => verdict,
            Answer::Panic(text) => resume_unwind(Box::new(text)),
        }
    }

    /// What may be called inside a callback works there, and what would wait for it is refused.
    fn may_call_the_engine(&self) {
        let roll = self.world.log().random.u32(..400);
        let engine = match roll {
            0..4 => self.world.engine.get().and_then(|engine| engine.upgrade()),
            _ => None,
        };
        let Some(engine) = engine else { return };
        if roll < 4 && self.world.shape.releases {
            self.release(&engine);
        }
        let refused = match roll {
            0 => engine.close(&Wait::forever()),
            1 => engine.drain(&Wait::forever()),
            2 => engine.wait(&Wait::not_at_all()),
            _ => engine.read(0).map(drop),
        };
        if refused != Err(Refusal::WouldDeadlock) {
            let defect = format!("inside a callback, call {roll} answered {refused:?}");
            self.world.log().check(Err(defect));
        }
    }

    /// Releases any key from quarantine. (One whose message failed just now may not be in it yet.)
    fn release(&self, engine: &Engine) {
        let shape = &self.world.shape;
        let (partition, number) = self.world.any_key();
        let key = shape.key(partition, number);
        let listed = engine.quarantined(partition).contains(key);
        let released = engine.release(partition, key);
        let mut log = self.world.log();
        log.note(|| format!("  release {key} of {partition} in a callback: {released:?}"));
        let checked = match released {
            Ok(true) => log.release(partition, number),
            Ok(false) | Err(Refusal::Closed) => Ok(()),
            other => Err(format!("release: {other:?}")),
        };
        log.check(checked);
        if released == Ok(!listed) {
            log.check(Err(format!("{key} was listed: {listed}, but {released:?}")));
        }
    }

    /// How many items to do of a batch, at most.
    pub(super) fn how_many(log: &mut Log, len: usize) -> usize {
        match log.random.u32(..8) {
            0 if len > 0 => log.random.usize(1..=len),
            _ => len,
        }
    }

    /// A failure is noted; by its policy it is the last or is skipped.
    pub fn fails(log: &mut Log, policy: Policy, text: &str) {
        match policy {
            Policy::Stop => log.doom(text),
            Policy::Skip | Policy::Reset | Policy::Quarantine => log.coverage.skip = true,
        }
    }
}

impl Host for Hand {
    fn release(&self) {
        self.released.fetch_add(1, Ordering::Relaxed);
    }
}

impl Hand {
    /// The pipeline and the stage of messages that this hand takes back.
    fn origin(&self) -> (usize, usize) {
        match self.role {
            Role::Source(pipeline) => (pipeline, 0),
            Role::Outputs(pipeline, step) => (pipeline, step + 1),
            role => unreachable!("{role:?} takes nothing back"),
        }
    }
}

impl Values for Hand {
    fn drop_values(&self, values: &[Value]) {
        let (pipeline, stage) = self.origin();
        let mut log = self.enter("drop", values.len());
        for &id in values {
            let checked = log.shown(id, pipeline, stage).map(|_| ());
            let checked = checked.and_then(|()| log.take(id, Taker::Drop).map(|_| ()));
            log.check(checked);
        }
    }

    fn share(&self, values: &[Value], times: usize) {
        let (pipeline, stage) = self.origin();
        let mut log = self.enter("share", values.len());
        for &id in values {
            let mut checked = log.shown(id, pipeline, stage).map(|_| ());
            if times < 2 || times != self.world.shape.pipelines[pipeline].sinks.len() {
                checked = Err(format!("a message is shared {times} times"));
            }
            let checked = checked.and_then(|()| log.share(id, times));
            log.check(checked);
        }
    }
}

impl Partition for Hand {
    fn keys(&self, batch: &mut KeyBatch<'_>) -> Verdict {
        let log = self.enter("keys", batch.values.len());
        let (log, answer) = self.find_keys(log, batch);
        Hand::leave(log, answer)
    }
}

impl Hand {
    fn find_keys<'a>(
        &self,
        mut log: MutexGuard<'a, Log>,
        batch: &mut KeyBatch<'_>,
    ) -> (MutexGuard<'a, Log>, Checked<Answer>) {
        let count = Hand::how_many(&mut log, batch.values.len());
        log.coverage.left_later |= !log.sending && log.is_sent(batch.values[0]);
        let mut answer = Ok(Verdict::Done.into());
        for &id in &batch.values[..count] {
            match self.find_key(&mut log, id, batch) {
                Ok(None) => {}
                Ok(Some(failed)) => {
                    answer = Ok(failed);
                    break;
                }
                Err(defect) => {
                    answer = Err(defect);
                    break;
                }
            }
        }
        (log, answer)
    }

    /// Pushes the key of one message, or fails on it.
    fn find_key(
        &self,
        log: &mut Log,
        id: Value,
        batch: &mut KeyBatch<'_>,
    ) -> Checked<Option<Answer>> {
        let Role::Keys(pipeline, stage) = self.role else {
            return Err(format!("{:?} is asked for keys", self.role));
        };
        let shape = &self.world.shape;
        let step = &shape.pipelines[pipeline].steps[stage];
        let message = log.shown(id, pipeline, stage)?;
        let Some(number) = shape.key_number(message) else {
            let text = format!("no key for {:x}", message.payload);
            let panics = message.payload & 1 == 0;
            Hand::fails(log, step.policy, &text);
            return Ok(Some(Answer::fails(panics, text)));
        };
        match (shape.key(step.partition, number), batch.kind) {
            (Key::Word(word), KeyKind::Word) => batch.words.push(*word),
            (Key::Bytes(bytes), KeyKind::Bytes) => batch.bytes.push(bytes),
            (key, kind) => return Err(format!("keys of kind {kind:?} are asked for {key}")),
        }
        Ok(None)
    }
}

/// The key at `index` of a callback's keys.
fn key_at(keys: RunKeys<'_>, index: usize) -> Key {
    match keys {
        RunKeys::Single => Key::Single,
        RunKeys::Words(words) => Key::Word(words[index]),
        RunKeys::Bytes(bytes, start) => Key::Bytes(bytes.get(start + index).into()),
    }
}

/// How a run goes on behind one message.
pub(super) enum Next {
    More,
    Over(Answer),
}

impl Compute for Hand {
    fn compute(&self, run: &mut Run<'_>) -> Verdict {
        let mut log = self.enter("compute", run.values.len());
        let answer = self.compute_run(&mut log, run);
        Hand::leave(log, answer)
    }
}

impl Hand {
    fn compute_run(&self, log: &mut Log, run: &mut Run<'_>) -> Checked<Answer> {
        let Role::Compute(pipeline, stage) = self.role else {
            return Err(format!("{:?} is to compute", self.role));
        };
        let (len, most) = (run.values.len(), self.world.shape.run_length);
        let lens = [run.states.len(), run.flags.len()];
        if len == 0 || len > most || lens != [len, len] || run.step as usize != stage {
            return Err(format!("a run of {len} for step {} has {lens:?}", run.step));
        }
        if *run.done != 0 || !run.outputs.is_empty() || run.flags.iter().any(|&flags| flags != 0) {
            return Err("a run is not clean".into());
        }
        let capacity = run.outputs.capacity();
        let mut answer = Verdict::Done.into();
        for index in 0..Hand::how_many(log, len) {
            if let Next::Over(over) =
                self.compute_one(log, run, (pipeline, stage), index, capacity)?
            {
                answer = over;
                break;
            }
        }
        log.emitted(pipeline, (stage, 1), run.outputs.len(), run.outputs.len());
        Ok(answer)
    }

    fn compute_one(
        &self,
        log: &mut Log,
        run: &mut Run<'_>,
        (pipeline, stage): (usize, usize),
        index: usize,
        capacity: usize,
    ) -> Checked<Next> {
        let shape = &self.world.shape;
        let step = &shape.pipelines[pipeline].steps[stage];
        let (id, state) = (run.values[index], run.states[index]);
        let message = log.shown(id, pipeline, stage)?.clone();
        let number = shape
            .key_number(&message)
            .ok_or("a message without a key is computed")?;
        let key = shape.key(step.partition, number);
        if key_at(run.keys, index) != *key {
            return Err(format!(
                "{message:?} of {key} has {}",
                key_at(run.keys, index)
            ));
        }
        let route = message.route(stage + 1, Some(number));
        let part = log.parts.get_mut(&state);
        let part = part.ok_or_else(|| format!("state {state:?} is not the engine's"))?;
        if (part.partition, part.key) != (step.partition, number) {
            return Err(format!(
                "{message:?} of {key} has the state of key {}",
                part.key
            ));
        }
        let mut trail = part.trails.get(&route).cloned().unwrap_or_default();
        let effect = shape.compute(&message, number, &mut trail);
        if let Effect::Done { outputs, .. } = &effect
            && run.outputs.len() + outputs.len() > capacity
            && (index > 0 || log.random.bool())
        {
            // Nothing was done to the message yet: it comes again.
            return match index > 0 && log.random.bool() {
                true => Ok(Next::Over(Verdict::Done.into())),
                false => log.ask_for_room(id, index, capacity),
            };
        }
        log.resume(step.partition, number, &message)?;
        let at = (pipeline, stage, number);
        let may_be_dead = log.ever_quarantined.contains(&(step.partition, number))
            || shape.partitions[step.partition].declared.is_some();
        let again = log.comes(at, Some(id), may_be_dead)?;
        let part = log.parts.get_mut(&state).expect("it was there");
        part.trails.insert(route.clone(), trail.clone());
        let failed = matches!(effect, Effect::Fails { .. });
        let seen = seen_computed(shape, &message, &trail, failed);
        log.record_again(Event::Computed, route, seen, again)?;
        match effect {
            Effect::Fails { panics } => {
                let text = format!("{:x} cannot be computed", message.payload);
                if log.again(at, step.retry, Some(id)) {
                    return Ok(Next::Over(Answer::fails(panics, text)));
                }
                Hand::fails(log, step.policy, &text);
                match step.policy {
                    Policy::Reset => {
                        log.resetting.insert((step.partition, number));
                        log.coverage.reset = true;
                    }
                    Policy::Quarantine => log.quarantine(step.partition, number, true),
                    Policy::Stop | Policy::Skip => {}
                }
                Ok(Next::Over(Answer::fails(panics, text)))
            }
            Effect::Done { outputs, delete } => {
                log.take(id, Taker::Compute)?;
                log.coverage.retry |= log.tries.remove(&at).is_some();
                log.asked = None;
                emit(log, run, index, outputs);
                run.flags[index] = CHANGED;
                *run.done = index + 1;
                if !delete {
                    return Ok(Next::More);
                }
                run.flags[index] |= DELETE;
                log.live.remove(&(step.partition, number));
                Ok(Next::Over(Verdict::Done.into()))
            }
        }
    }
}

impl Log {
    /// The outputs of a message do not fit: if it is the first of its run, it must be offered more
    /// room each time that it comes.
    pub(super) fn ask_for_room(
        &mut self,
        id: Value,
        index: usize,
        capacity: usize,
    ) -> Checked<Next> {
        let asked = self.asked.filter(|&(before, _)| before == id);
        if let Some((_, offered)) = asked.filter(|&(_, offered)| offered >= capacity) {
            return Err(format!(
                "{id:?} asked for more room than {offered}, and got {capacity}"
            ));
        }
        if index == 0 {
            self.asked = Some((id, capacity));
        }
        Ok(Next::Over(Verdict::OutputsFull.into()))
    }
}

/// What is recorded of a message that was computed, or failed.
pub fn seen_computed(shape: &Shape, message: &Message, trail: &Trail, failed: bool) -> Seen {
    let ordered = shape.is_ordered(message.pipeline, message.stage + 1);
    let trail = if ordered { trail.hash } else { 0 };
    Seen {
        lineage: message.lineage.clone(),
        digest: mix(&[message.payload, trail, u64::from(failed)]),
    }
}

/// What is recorded of a message that was delivered.
pub fn seen_delivered(message: &Message) -> Seen {
    Seen {
        lineage: message.lineage.clone(),
        digest: message.payload,
    }
}

/// What is recorded of a message that died.
pub fn seen_dead(message: &Message, reason: DeadReason) -> Seen {
    Seen {
        lineage: message.lineage.clone(),
        digest: mix(&[message.payload, reason as u64]),
    }
}

fn emit(log: &mut Log, run: &mut Run<'_>, index: usize, outputs: Vec<Message>) {
    // An output may go by the number of its input, which is the host's again.
    let mut number = log.random.bool().then_some(run.values[index]);
    for output in outputs {
        let value = log.give(output, number.take());
        run.outputs.push(Output {
            value,
            from: index as u64,
        });
    }
}

impl Build for Hand {
    fn build(&self, batch: &mut BuildBatch<'_>) -> Verdict {
        let mut log = self.enter("build", batch.len);
        let answer = self.build_states(&mut log, batch);
        Hand::leave(log, answer)
    }

    fn drop_states(&self, states: &[Value]) {
        let mut log = self.enter("drop states", states.len());
        for &id in states {
            let checked = match self.role {
                Role::Build(partition) => log.drop_part(id, partition),
                role => Err(format!("{role:?} is given states")),
            };
            log.check(checked);
        }
    }
}

impl Hand {
    fn build_states(&self, log: &mut Log, batch: &mut BuildBatch<'_>) -> Checked<Answer> {
        let Role::Build(partition) = self.role else {
            return Err(format!("{:?} is to build", self.role));
        };
        let shape = &self.world.shape;
        for index in 0..Hand::how_many(log, batch.len) {
            let key = key_at(batch.keys, index);
            let mut known = shape.partitions[partition].keys.iter();
            let number = known.position(|known| *known == key).map(|at| at as u16);
            let number = number.ok_or_else(|| format!("{key} is nobody's key"))?;
            if !shape.is_known(partition, number) {
                return Err(format!("a state is built for {key}, which is not declared"));
            }
            let resets = log.resetting.remove(&(partition, number));
            if log.live.contains_key(&(partition, number)) != resets {
                return Err(format!("a second state is built for {key}"));
            }
            if !resets && log.quarantined.contains(&(partition, number)) {
                return Err(format!(
                    "a state is built for {key}, which is in quarantine"
                ));
            }
            if let Some((pipeline, step)) = shape.only_use(partition).filter(|_| !resets) {
                log.comes((pipeline, step, number), None, false)?;
            }
            let attempt = log.attempts.entry((partition, number)).or_default();
            *attempt += 1;
            if shape.build_fails(partition, number, *attempt) {
                let text = format!("attempt {attempt} for {key}");
                // Whose policy it is only the engine knows: it may be either.
                log.fatal.push(text.clone());
                let at_start = *attempt == 1 && shape.builds_at_start(partition);
                let only = shape.only_use(partition).filter(|_| !resets && !at_start);
                let again = only.is_some_and(|(pipeline, step)| {
                    let retry = shape.step(pipeline, step).retry;
                    log.again((pipeline, step, number), retry, None)
                });
                let spares =
                    again || resets || at_start || shape.quarantines(partition) == Some(false);
                if !spares {
                    let clear = shape.quarantines(partition).is_some();
                    log.quarantine(partition, number, clear);
                }
                return Ok(Answer::fails(number & 1 == 0, text));
            }
            let state = log.add_part(partition, number);
            batch.states.push(state);
        }
        Ok(Verdict::Done.into())
    }
}

impl Deliver for Hand {
    fn deliver(&self, values: &[Value], done: &mut usize) -> Verdict {
        let mut log = self.enter("deliver", values.len());
        let answer = self.deliver_all(&mut log, values, done);
        Hand::leave(log, answer)
    }
}

impl Hand {
    fn deliver_all(&self, log: &mut Log, values: &[Value], done: &mut usize) -> Checked<Answer> {
        let Role::Sink(pipeline, sink) = self.role else {
            return Err(format!("{:?} is a sink", self.role));
        };
        let shape = &self.world.shape;
        let steps = shape.pipelines[pipeline].steps.len();
        for &id in &values[..Hand::how_many(log, values.len())] {
            let message = log.shown(id, pipeline, steps)?.clone();
            let tries = log.comes_to_sink((pipeline, sink), id)?;
            if shape.sink_fails(&message, sink, tries) {
                let text = format!("{:x} cannot be delivered", message.payload);
                let how = &shape.pipelines[pipeline].sinks[sink];
                if !log.again_at_sink((pipeline, sink), how.retry, id) {
                    Hand::fails(log, how.policy, &text);
                }
                return Ok(Answer::fails(message.payload & 1 == 0, text));
            }
            let tried = log.tries_of_sinks.remove(&(pipeline, sink));
            log.coverage.retry_of_sink |= tried.is_some();
            log.take(id, Taker::Sink)?;
            let route = message.route(1 + steps + sink, None);
            log.record(Event::Delivered, route, seen_delivered(&message))?;
            *done += 1;
        }
        Ok(Verdict::Done.into())
    }
}

impl host::Answer for Hand {
    fn answer(&self, values: &[Value], tokens: &[u64], done: &mut usize) -> Verdict {
        let mut log = self.enter("answer", values.len());
        let called = self.are_called_for(&log, values, tokens);
        log.coverage.answered = true;
        let answer = called.and_then(|()| self.deliver_all(&mut log, values, done));
        Hand::leave(log, answer)
    }
}

impl Hand {
    fn are_called_for(&self, log: &Log, values: &[Value], tokens: &[u64]) -> Checked {
        let Role::Sink(pipeline, _) = self.role else {
            return Err(format!("{:?} is a sink", self.role));
        };
        let steps = self.world.shape.pipelines[pipeline].steps.len();
        if tokens.len() != values.len() {
            return Err("there are not as many tokens as answers".into());
        }
        for (&id, &token) in values.iter().zip(tokens) {
            let message = log.shown(id, pipeline, steps)?;
            if message.token != Some(token) {
                return Err(format!("{message:?} comes with token {token}"));
            }
        }
        Ok(())
    }
}

impl Completions for Hand {
    fn completed(&self, completions: &[Completion]) -> Verdict {
        let mut log = self.enter("completions", completions.len());
        let mut answer = Ok(Verdict::Done.into());
        if completions.is_empty() {
            answer = Err("no completion is reported".into());
        }
        for completion in completions {
            let told = log.tickets.reported(completion);
            log.check(told);
        }
        log.coverage.completed = true;
        if log.random.u32(..1000) < self.world.shape.reporter_fails {
            let text = format!("{} completions are unreadable", completions.len());
            log.doom(&text);
            answer = Ok(Answer::fails(log.random.bool(), text));
        }
        Hand::leave(log, answer)
    }
}

impl DeadLetters for Hand {
    fn handle(&self, letters: &[DeadLetter], done: &mut usize) -> Verdict {
        let mut log = self.enter("dead letters", letters.len());
        let answer = self.handle_all(&mut log, letters, done);
        Hand::leave(log, answer)
    }
}

impl Hand {
    fn handle_all(
        &self,
        log: &mut Log,
        letters: &[DeadLetter],
        done: &mut usize,
    ) -> Checked<Answer> {
        let fails = log.random.u32(..1000) < self.world.shape.handler_fails;
        let failing = fails.then(|| log.random.usize(..letters.len()));
        for (index, letter) in letters.iter().enumerate() {
            self.read_letter(log, letter)?;
            if failing == Some(index) {
                let text = format!("letter {index} is unreadable");
                log.doom(&text);
                return Ok(Answer::fails(log.random.bool(), text));
            }
            log.take(letter.value, Taker::Handler)?;
            *done += 1;
        }
        Ok(Verdict::Done.into())
    }

    /// Checks that a letter says what happened, and notes it.
    fn read_letter(&self, log: &mut Log, letter: &DeadLetter) -> Checked {
        let shape = &self.world.shape;
        let numbers = 0..shape.pipelines.len();
        let stages = |pipeline: usize| shape.pipelines[pipeline].steps.len();
        let pipeline = numbers
            .rev()
            .find(|&p| letter.stage >= shape.stage_number(p, 0));
        let pipeline = pipeline.expect("the first begins with 0");
        let place = letter.stage - shape.stage_number(pipeline, 0);
        let stage = (place - 1).min(stages(pipeline));
        let message = log.shown(letter.value, pipeline, stage)?.clone();
        let keyed = matches!(
            letter.reason,
            DeadReason::UnknownKey
                | DeadReason::Build
                | DeadReason::Compute
                | DeadReason::Quarantined
        );
        let steps = &shape.pipelines[pipeline].steps;
        let keyed = keyed && steps[stage].stateless.is_none();
        let number = keyed.then(|| shape.key_number(&message)).flatten();
        let key = number.map(|number| {
            let partition = shape.pipelines[pipeline].steps[stage].partition;
            shape.key(partition, number).clone()
        });
        if letter.key != key {
            return Err(format!("{letter:?} of {key:?}"));
        }
        if letter.reason == DeadReason::Quarantined {
            let partition = shape.pipelines[pipeline].steps[stage].partition;
            let number = number.expect("it is keyed");
            if !log.ever_quarantined.contains(&(partition, number)) {
                return Err(format!("{letter:?} was in no quarantine"));
            }
        }
        let said = match letter.reason {
            DeadReason::UnknownKey | DeadReason::Quarantined => String::new(),
            DeadReason::Partition => format!("no key for {:x}", message.payload),
            DeadReason::Compute => format!("{:x} cannot be computed", message.payload),
            DeadReason::Sink => format!("{:x} cannot be delivered", message.payload),
            _ => "attempt".into(),
        };
        if !letter.text.contains(&said) {
            return Err(format!("{letter:?} should say {said:?}"));
        }
        let route = message.route(place, number);
        log.record(Event::Died, route, seen_dead(&message, letter.reason))
    }
}
