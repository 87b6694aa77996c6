//! Sending: admission first, then stateless steps and keys, then one push for each shard.

use std::task::{Wake, Waker};
use std::time::Duration;

use super::admitted::Admission;
use super::callback::{self, call};
use super::chain::{Bench, Chain};
use super::event::Wait;
use super::life::Refusal;
use super::scatter::{Keys, Scatter};
use super::segment::{Origin, Origins, Spans};
use super::ticket::Ticket;
use super::{Death, Engine, Failure};
use crate::host::{KeyBatch, Sleep, Verdict};
use crate::model::{ByteKeys, DeadReason, KeyKind, Value};
use crate::sync::{Arc, Ordering};
use crate::topology::{End, StatePlan, StepPlan};

/// Keys that come with a batch.
#[derive(Clone, Copy)]
pub enum BatchKeys<'a> {
    /// None: the partition function is asked.
    Ask,
    /// Words, one for each message.
    Words(&'a [u64]),
    /// Bytes, one for each message.
    Bytes(&'a ByteKeys),
    /// Those of the admission, in whose order the messages are ([`Sender::admit_keyed`]).
    Arranged,
}

/// Which completions are asked for, and what the sender calls them.
#[derive(Clone, Copy, Default)]
pub enum Tokens<'a> {
    /// None.
    #[default]
    None,
    /// One, of all messages that are accepted of the batch.
    Batch(u64),
    /// One of each message that is accepted.
    Each(&'a [u64]),
}

/// Messages to send.
#[derive(Clone, Copy)]
pub struct Batch<'a> {
    /// The messages.
    pub values: &'a [Value],
    /// Their keys at the first step, if that has a state.
    pub keys: BatchKeys<'a>,
    /// If the host found no key for the last message at that step: why.
    pub failed: Option<&'a str>,
    /// The completions that are asked for.
    pub tokens: Tokens<'a>,
}

impl<'a> Batch<'a> {
    /// Messages whose keys the partition function finds.
    pub fn new(values: &'a [Value]) -> Batch<'a> {
        Batch {
            values,
            keys: BatchKeys::Ask,
            failed: None,
            tokens: Tokens::None,
        }
    }
}

/// A batch with one token.
struct Sending {
    token: u64,
    ticket: Ticket,
    /// Whether more of it may follow.
    goes_on: bool,
}

/// Who waits for room in the host's way.
struct Watcher {
    sleep: Arc<dyn Sleep>,
    number: usize,
}

impl Wake for Watcher {
    fn wake(self: Arc<Self>) {
        self.sleep.unpark(self.number);
    }
}

/// Sends into one pipeline; order is kept per sender.
pub struct Sender {
    pub(super) engine: Arc<Engine>,
    pub(super) pipeline: usize,
    /// The stateless steps that the pipeline begins with.
    pub(super) chain: Chain,
    bench: Bench,
    /// Where the messages come from that are being sent.
    spans: Spans,
    /// What was admitted ([`Sender::admit`]) and is not sent yet.
    pub(super) admission: Admission,
    /// The keys of what was admitted, if they are arranged.
    pub(super) arranged: Scatter,
    /// The batch that is being sent with one token.
    sending: Option<Sending>,
    position: u64,
    /// Whom it had told of room last, by number.
    watcher: Option<(usize, Waker)>,
}

impl Sender {
    /// A sender into a pipeline, by its number in the order of declaration.
    pub fn new(engine: Arc<Engine>, pipeline: usize) -> Sender {
        let end = engine.plan.pipelines[pipeline].chain_end(0);
        Sender {
            engine,
            pipeline,
            chain: Chain::new(pipeline, 0, end, None),
            bench: Bench::default(),
            spans: Spans::default(),
            admission: Admission::default(),
            arranged: Scatter::default(),
            sending: None,
            position: 0,
            watcher: None,
        }
    }

    /// The application it sends into.
    pub fn engine(&self) -> &Arc<Engine> {
        &self.engine
    }

    /// Has the host's [`unpark`](crate::host::Sleep::unpark) called with this number, once, when it may be worth
    /// trying to send: at once if it is now. Tells whether the host has its own way to sleep.
    pub fn watch(&mut self, number: usize) -> Result<bool, Refusal> {
        let engine = &*self.engine;
        let Some(sleep) = &engine.plan.sleep else {
            return Ok(false);
        };
        let watcher = match &self.watcher {
            Some((known, watcher)) if *known == number => watcher,
            _ => {
                let sleep = sleep.clone();
                let watcher = Arc::new(Watcher { sleep, number }).into();
                &self.watcher.insert((number, watcher)).1
            }
        };
        let flow = &engine.pipelines[self.pipeline].flow;
        flow.room.watch(watcher);
        let held_up = engine.readers.load(Ordering::SeqCst) > 0;
        // Who closes may call the host no more: it says so itself.
        if let Some(refusal) = engine.refusal() {
            flow.room.unwatch(watcher);
            return Err(refusal);
        }
        if flow.has_room() && !held_up {
            watcher.wake_by_ref();
        }
        Ok(true)
    }

    /// The position behind the last message that it has sent with a completion, in the order in which
    /// its pipeline admitted such messages; see [`Engine::watermark`].
    pub fn position(&self) -> u64 {
        self.position
    }

    /// Sends messages in order, and waits for credits. Gives how many were accepted, from the first
    /// one on, and what refused the rest. A completion of the batch is one of what was accepted; if that
    /// is nothing, there is none.
    pub fn send(&mut self, batch: &Batch<'_>, wait: &Wait) -> (usize, Result<(), Refusal>) {
        self.end_batch();
        let sent = self.send_pieces(batch, wait);
        self.end_batch();
        sent
    }

    /// Nothing more of a batch follows: its ticket is that of its messages alone.
    pub(super) fn end_batch(&mut self) {
        if let Some(sent) = self.sending.take().filter(|sent| sent.goes_on) {
            let changes = std::iter::once((sent.ticket, -1));
            self.engine.settle(self.pipeline, changes);
        }
    }

    fn send_pieces(&mut self, batch: &Batch<'_>, wait: &Wait) -> (usize, Result<(), Refusal>) {
        let engine = self.engine.clone();
        if callback::inside(&engine) {
            return (0, Err(Refusal::WouldDeadlock));
        }
        if batch.values.is_empty() {
            return (0, engine.refusal().map_or(Ok(()), Err));
        }
        // What fans out overdraws the credits by what comes of one piece.
        let piece = match self.chain.has_steps() {
            true => engine.plan.run_length,
            false => usize::MAX,
        };
        let count = (batch.values.len(), piece);
        engine.admit_all(
            self.pipeline,
            count,
            wait,
            || {},
            |start, end| {
                self.dispatch(&engine, batch, start, end);
                // If there is no worker, who closes runs what arrives: it may have looked already.
                if engine.discarding().is_some() {
                    engine.changed.notify();
                }
            },
        )
    }

    /// Sends what was admitted on its way.
    fn dispatch(&mut self, engine: &Engine, batch: &Batch<'_>, start: usize, end: usize) {
        engine.count_sent(self.pipeline, end - start);
        let mut spans = std::mem::take(&mut self.spans);
        spans.clear();
        let goes_on = end < batch.values.len();
        self.stamp(engine, batch.tokens, (start, end), goes_on, &mut spans);
        self.pass_on(engine, batch, (start, end), spans.from(0));
        self.spans = spans;
    }

    /// Does something with messages of this sender, whose origins `note` tells.
    pub(super) fn with_origins(
        &mut self,
        note: impl FnOnce(&Sender, &mut Spans),
        pass: impl FnOnce(&mut Sender, Origins<'_>),
    ) {
        let mut spans = std::mem::take(&mut self.spans);
        spans.clear();
        note(self, &mut spans);
        pass(self, spans.from(0));
        self.spans = spans;
    }

    /// Whether a batch that may go on does not: what follows has another token.
    fn is_of_another(&self, tokens: Tokens<'_>) -> bool {
        let sending = self.sending.as_ref();
        sending.is_some_and(
            |sent| matches!(tokens, Tokens::Batch(token) if sent.goes_on && token != sent.token),
        )
    }

    /// Notes where the messages of a batch from `start` to `end` come from, behind what was noted
    /// before: they get their tickets. The batch may go on behind them, with the same token.
    pub(super) fn stamp(
        &mut self,
        engine: &Engine,
        tokens: Tokens<'_>,
        (start, end): (usize, usize),
        goes_on: bool,
        spans: &mut Spans,
    ) {
        let before = spans.end();
        if self.is_of_another(tokens) {
            self.end_batch();
        }
        let tickets = &engine.pipelines[self.pipeline].tickets;
        let ticket = match (tokens, &self.sending) {
            (Tokens::None, _) => 0,
            (Tokens::Each(tokens), _) => {
                let mut index = before;
                let position = tickets.open_each(&tokens[start..end], |ticket| {
                    index += 1;
                    spans.push(self.origin(ticket), index);
                });
                self.position = position;
                return;
            }
            (Tokens::Batch(_), &Some(Sending { ticket, .. })) => {
                self.position = tickets.extend(ticket, end - start);
                ticket
            }
            (Tokens::Batch(token), None) => {
                let (ticket, position) = tickets.open(token, end - start, goes_on);
                self.position = position;
                self.sending = Some(Sending {
                    token,
                    ticket,
                    goes_on,
                });
                ticket
            }
        };
        spans.push(self.origin(ticket), before + end - start);
    }

    /// Passes the messages of a batch from `start` to `end` on, to what comes first.
    fn pass_on(
        &mut self,
        engine: &Engine,
        batch: &Batch<'_>,
        (start, end): (usize, usize),
        origins: Origins<'_>,
    ) {
        let all = &batch.values[start..end];
        if self.chain.has_steps() {
            self.chain.enter_all(all, origins);
            return self.run_chain(engine);
        }
        let (step, state) = match engine.plan.pipelines[self.pipeline].end_at(0) {
            End::State(step, state) => (step, state),
            End::Sinks => return engine.relay(self.pipeline, all, origins),
            End::Spread(step) => return engine.spread(self.pipeline, step, all, origins),
        };
        let failed = batch.failed.filter(|_| end == batch.values.len());
        let keyed = end - usize::from(failed.is_some());
        let values = (&batch.values[start..keyed], origins);
        self.push_keyed(engine, (step, state), values, batch.keys, start);
        if let Some(text) = failed {
            let origin = origins.at(keyed - start);
            self.bury(engine, step, origin, batch.values[keyed], text);
        }
    }

    /// What the sender sends comes from here; a ticket of 0 is none.
    pub(super) fn origin(&self, ticket: Ticket) -> Origin {
        Origin {
            pipeline: self.pipeline,
            batch: ticket,
            epoch: 0,
        }
    }

    /// Runs what was admitted through the steps before the first that is elsewhere.
    pub(super) fn run_chain(&mut self, engine: &Engine) {
        while self.chain.advance(engine, &mut self.bench) {}
        if let Some(reason) = engine.discarding() {
            self.chain.discard(engine, reason);
        }
        // Credits may have come back on this thread, and no worker will tell.
        engine.wake_senders();
    }

    /// Sends messages to the parts of a step, with keys that are known from index `from` on, or asked for.
    pub(super) fn push_keyed(
        &mut self,
        engine: &Engine,
        (step, state): (&StepPlan, &StatePlan),
        (values, origins): (&[Value], Origins<'_>),
        keys: BatchKeys<'_>,
        from: usize,
    ) {
        let kind = engine.plan.partitions[state.partition].key_kind;
        if let BatchKeys::Arranged = keys {
            let lane = (state.partition, state.lane);
            return self.arranged.send_arranged(engine, lane, (values, origins));
        }
        let keys = match (kind, keys) {
            (KeyKind::Single, _) => Keys::Single,
            (KeyKind::Word, BatchKeys::Words(words)) => {
                Keys::Words(&words[from..from + values.len()])
            }
            (KeyKind::Bytes, BatchKeys::Bytes(bytes)) => Keys::Bytes(bytes, from),
            _ => return self.ask(engine, (step, state), kind, values, origins),
        };
        self.scatter(engine, state, values, origins, keys);
    }

    fn scatter(
        &mut self,
        engine: &Engine,
        state: &StatePlan,
        values: &[Value],
        origins: Origins<'_>,
        keys: Keys<'_>,
    ) {
        if !values.is_empty() {
            let lane = (state.partition, state.lane);
            self.bench
                .scatter
                .send(engine, lane, (values, origins), keys);
        }
    }

    /// Asks the partition function for keys, and pushes what it has found as often as it stops.
    fn ask(
        &mut self,
        engine: &Engine,
        (step, state): (&StepPlan, &StatePlan),
        kind: KeyKind,
        mut values: &[Value],
        mut origins: Origins<'_>,
    ) {
        let Some(function) = &state.keys else { return };
        while !values.is_empty() {
            let (mut words, mut bytes) = (
                std::mem::take(&mut self.bench.words),
                std::mem::take(&mut self.bench.bytes),
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
                let stage = self.chain.end();
                let reason = DeadReason::Failed;
                let left = (values, origins);
                return engine.discard(self.pipeline, stage, stage + 1, left, reason);
            }
            self.scatter(engine, state, &values[..done], origins, keys);
            (values, origins) = (&values[done..], origins.skip(done));
            if let (Verdict::Failed(text), [first, rest @ ..]) = (&verdict, values) {
                self.bury(engine, step, origins.at(0), *first, text);
                (values, origins) = (rest, origins.skip(1));
            }
            (self.bench.words, self.bench.bytes) = (words, bytes);
        }
    }

    /// The message has no key at the first step that has a state.
    fn bury(&self, engine: &Engine, step: &StepPlan, origin: Origin, value: Value, text: &str) {
        let stage = self.chain.end();
        let death = Death {
            origin,
            stage,
            counter: stage + 1,
            path: &step.path,
            value,
            reason: DeadReason::Partition,
            key: None,
            text,
            frame: None,
        };
        engine.failed(death, step.policy);
        // Its credit came back on this thread, and no worker will tell.
        engine.wake_senders();
    }
}

impl Engine {
    /// Counts messages that were admitted, as they go on to what comes first.
    pub(super) fn count_sent(&self, pipeline: usize, count: usize) {
        let plan = &self.plan.pipelines[pipeline];
        let takers = match plan.steps.is_empty() {
            true => plan.sinks.len().max(1),
            false => 1,
        };
        let counters = &self.pipelines[pipeline].counters[0];
        counters.completed(count);
        counters.emitted(count * takers);
    }

    /// Takes credits for `count` messages, at most `piece` at a time, and waits for them. `before` runs
    /// before each piece; `pass` passes each on, from one message to another. Gives how many were accepted,
    /// from the first one on, and what refused the rest.
    pub(super) fn admit_all(
        &self,
        pipeline: usize,
        (count, piece): (usize, usize),
        wait: &Wait,
        before: impl Fn(),
        mut pass: impl FnMut(usize, usize),
    ) -> (usize, Result<(), Refusal>) {
        let mut accepted = 0;
        // The deadline is that of the whole call, however often credits trickle in.
        let started = wait.timeout.map(|timeout| (timeout, self.seam.now()));
        let mut wait = wait.clone();
        while accepted < count {
            if accepted > 0
                && let Some((timeout, started)) = started
                && !timeout.is_zero()
            {
                let left = timeout.saturating_sub(self.seam.now().saturating_sub(started));
                // What is left of a wait that was allowed is never "do not wait".
                wait.timeout = Some(left.max(Duration::from_nanos(1)));
            }
            before();
            match self.admit(pipeline, piece.min(count - accepted), &wait) {
                Ok(granted) => {
                    pass(accepted, accepted + granted);
                    accepted += granted;
                }
                Err(refusal) => return (accepted, Err(refusal)),
            }
        }
        (accepted, Ok(()))
    }

    /// Takes credits for up to `wanted` messages, and says for how many; waits for at least one.
    pub(super) fn admit(
        &self,
        pipeline: usize,
        wanted: usize,
        wait: &Wait,
    ) -> Result<usize, Refusal> {
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
