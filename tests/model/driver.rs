//! Plays a seed: chooses what clients do, and holds what happens against what may.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use fastrand::Rng;
use partita::engine::{
    Batch, BatchKeys, Buffer, Cancel, Engine, FailureKind, Reader, Refusal, Sender, Tokens, Wait,
};
use partita::metrics::{Metrics, StageMetrics};
use partita::model::{ByteKeys, Key, Value};
use partita::topology::{Application, Clock, Threads};

use super::coverage::Coverage;
use super::declare::Declaration;
use super::halves::Halves;
use super::hand::{Hand, seen_delivered};
use super::oracle::Oracle;
use super::rules::Message;
use super::shape::{Fate, Shape, SinkRule, Tracking};
use super::world::{Checked, Event, Log, Taker, World};

/// What a client sends through.
enum Outlet {
    Sender(Box<Sender>),
    /// Perhaps together with others.
    Buffer(Arc<Buffer>),
}

struct Client {
    outlet: Outlet,
    pipeline: usize,
    number: usize,
    sent: u32,
}

/// One seed as it is played.
pub struct Driver {
    world: Arc<World>,
    engine: Arc<Engine>,
    hands: Vec<Arc<Hand>>,
    clients: Vec<Client>,
    clients_ever: usize,
    /// What was accepted, in that order.
    accepted: Vec<Message>,
    reader: Option<Reader>,
    closing: bool,
    random: Rng,
}

/// The stepper runs most seeds; a loop, which knows no chance and moves no clock, the others.
fn threads(seed: u64, world: &World) -> Threads {
    match seed % 8 {
        7 => Threads::None(Clock::Host(world.clock.clone())),
        _ => Threads::Stepped(seed),
    }
}

/// Whether a wait ended without what it waited for.
fn is_wait(refusal: Refusal) -> bool {
    use Refusal::{Cancelled, Deadlock, Timeout, WouldBlock};
    matches!(refusal, WouldBlock | Timeout | Deadlock | Cancelled)
}

impl Driver {
    pub fn new(seed: u64, trace: bool) -> Driver {
        let world = Arc::new(World::new(Shape::random(seed), trace));
        world.log().note(|| format!("{:#?}", world.shape));
        let mut declaration = Declaration::new(&world);
        let engine = Engine::new(Application {
            threads: threads(seed, &world),
            ..declaration.application()
        });
        let engine = engine.unwrap_or_else(|rejected| panic!("{:?}", rejected.mistakes));
        world
            .engine
            .set(Arc::downgrade(&engine))
            .expect("it is set once");
        let mut driver = Driver {
            engine,
            hands: declaration.hands,
            clients: Vec::new(),
            clients_ever: 0,
            accepted: Vec::new(),
            reader: None,
            closing: false,
            random: Rng::with_seed(seed ^ 0xac7),
            world,
        };
        for pipeline in 0..driver.world.shape.pipelines.len() {
            for _ in 0..driver.world.shape.pipelines[pipeline].senders {
                driver.add_client(pipeline);
            }
        }
        driver
    }

    /// What was done so far, if it was traced.
    pub fn trace(&self) -> String {
        self.world
            .log()
            .trace
            .iter()
            .flatten()
            .map(|line| format!("{line}\n"))
            .collect()
    }

    fn outlet(&mut self, pipeline: usize) -> Outlet {
        // What goes through a buffer has no completion.
        if self.random.u32(..3) > 0 || self.world.shape.tracking == Tracking::All {
            return Outlet::Sender(Box::new(Sender::new(self.engine.clone(), pipeline)));
        }
        let mut others = self.clients.iter().filter(|one| one.pipeline == pipeline);
        let shared = others.find_map(|client| match &client.outlet {
            Outlet::Buffer(buffer) => Some(buffer.clone()),
            Outlet::Sender(_) => None,
        });
        if let Some(buffer) = shared.filter(|_| self.random.bool()) {
            return Outlet::Buffer(buffer);
        }
        let limit = self.random.usize(1..=24);
        let delay = match self.random.u32(..4) {
            0 => None,
            other => Some(Duration::from_micros(u64::from(other) * 300)),
        };
        let engine = self.engine.clone();
        Outlet::Buffer(Arc::new(Buffer::new(engine, pipeline, limit, delay)))
    }

    fn add_client(&mut self, pipeline: usize) {
        let outlet = self.outlet(pipeline);
        self.clients.push(Client {
            outlet,
            pipeline,
            number: self.clients_ever,
            sent: 0,
        });
        self.clients_ever += 1;
    }

    pub fn play(&mut self) -> Checked<Coverage> {
        for _ in 0..self.world.shape.actions {
            self.act()?;
        }
        let fate = self.world.shape.fate;
        if fate == Fate::Stop {
            self.stop()?;
        }
        if fate != Fate::Close {
            self.finish()?;
        }
        self.close()?;
        self.after_the_end()?;
        self.compare()?;
        self.let_go()
    }

    fn act(&mut self) -> Checked {
        match self.random.u32(..100) {
            0..34 => self.send()?,
            34..39 => self.release()?,
            39..42 => self.poll_completions()?,
            42..45 => self.watermark()?,
            45..70 => {
                let steps = self.random.usize(1..=12);
                self.note(|| format!("step up to {steps} times"));
                if self.random.bool() {
                    return self.step_many(steps);
                }
                for _ in 0..steps {
                    if !self.engine.step() {
                        break;
                    }
                    self.invariants()?;
                }
            }
            70..83 => self.poll()?,
            83 => self.watch()?,
            84..88 => self.drain()?,
            88..92 => self.read()?,
            92..94 => self.reader = None,
            94..96 => self.replace_client(),
            96 if self.world.shape.fate == Fate::Stop && self.random.bool() => self.stop()?,
            97 => self.wait()?,
            98 => self.pass_time(Duration::from_micros(200)),
            99 if self.random.bool() => self.flush()?,
            _ => drop(self.engine.waiting_for()),
        }
        self.invariants()
    }

    /// Takes so many turns in one call, as a loop does.
    fn step_many(&mut self, budget: usize) -> Checked {
        let stepped = self.engine.step_many(budget);
        let stepped = stepped.ok_or("nobody can step it")?;
        let stepped = stepped.map_err(|refusal| format!("step: {refusal:?}"))?;
        self.note(|| format!("  {stepped:?}"));
        let over = stepped.turns > budget;
        let early = stepped.turns < budget && stepped.idle == Some(Duration::ZERO);
        expect(!over && !early, || format!("{stepped:?} of {budget}"))?;
        self.invariants()
    }

    fn pass_time(&self, by: Duration) {
        self.note(|| format!("{by:?} pass"));
        if !self.engine.advance(by) {
            self.world.clock.advance(by);
        }
    }

    /// Whether nothing was left to run when a wait ended, then or later.
    fn nothing_left(&self, refusal: Refusal) -> bool {
        matches!(refusal, Refusal::Timeout | Refusal::Deadlock)
            && self.engine.next_timer().is_none()
    }

    fn note(&self, what: impl FnOnce() -> String) {
        self.world.log().note(what);
    }

    /// How the application refuses what comes from now on, if it does.
    fn end(&self) -> Option<Refusal> {
        if self.closing {
            Some(Refusal::Closed)
        } else if self.engine.failure().is_some() {
            Some(Refusal::Failed)
        } else {
            self.world.log().stop_called.then_some(Refusal::Stopped)
        }
    }

    /// Whether messages may have been dropped.
    fn has_losses(&self) -> bool {
        self.closing || self.engine.failure().is_some()
    }

    fn a_wait(&mut self) -> Wait {
        match self.random.u32(..10) {
            0..6 => Wait::not_at_all(),
            6..8 => Wait::at_most(Duration::from_millis(1)),
            8 => Wait::forever(),
            _ => {
                let cancel = Arc::new(Cancel::default());
                cancel.fire();
                Wait {
                    timeout: None,
                    cancel: Some(cancel),
                }
            }
        }
    }

    fn send(&mut self) -> Checked {
        let client = self.random.usize(..self.clients.len());
        let count = self.random.usize(1..=12);
        let pipeline = self.clients[client].pipeline;
        let mut messages: Vec<Message> = (0..count)
            .map(|_| {
                let client = &mut self.clients[client];
                client.sent += 1;
                Message {
                    pipeline,
                    sender: client.number,
                    stage: 0,
                    lineage: vec![client.sent],
                    keys: Vec::new(),
                    payload: self.random.u64(..),
                    wide: false,
                    token: None,
                }
            })
            .collect();
        let steps = &self.world.shape.pipelines[pipeline].steps;
        let (mut words, mut bytes) = (Vec::new(), ByteKeys::default());
        let mut failed = None;
        let keyed = steps.first().is_some_and(|step| step.stateless.is_none());
        let buffered = matches!(self.clients[client].outlet, Outlet::Buffer(_));
        let given = keyed && !buffered && self.random.bool();
        if given {
            failed = self.find_keys(&mut messages, &mut words, &mut bytes);
        }
        let tokens = match buffered {
            true => Vec::new(),
            false => self.ask_for_completions(&mut messages),
        };
        let wait = self.a_wait();
        let values: Vec<Value> = {
            let mut log = self.world.log();
            log.begin_sending();
            messages
                .iter()
                .map(|message| log.give(message.clone(), None))
                .collect()
        };
        let batch = Batch {
            values: &values,
            keys: match given {
                true if !bytes.is_empty() => BatchKeys::Bytes(&bytes),
                true if !words.is_empty() => BatchKeys::Words(&words),
                _ => BatchKeys::Ask,
            },
            failed: failed.as_deref(),
            tokens: match &tokens[..] {
                [] => Tokens::None,
                [token] => Tokens::Batch(*token),
                each => Tokens::Each(each),
            },
        };
        self.note(|| {
            format!(
                "send {} by client {client}, {:?}",
                values.len(),
                wait.timeout
            )
        });
        let halves = !given && !buffered && self.random.bool();
        let (accepted, sent) =
            match &mut self.clients[client].outlet {
                Outlet::Buffer(buffer) => {
                    self.world.log().coverage.buffered = true;
                    buffer.send(&values, &wait)
                }
                Outlet::Sender(sender) if halves => Halves::new(&self.world, sender, pipeline)
                    .send(&messages, &values, batch.tokens, &wait)?,
                Outlet::Sender(sender) => sender.send(&batch, &wait),
            };
        self.note(|| format!("  accepted {accepted}, {sent:?}"));
        let position = match &self.clients[client].outlet {
            Outlet::Sender(sender) => sender.position(),
            Outlet::Buffer(_) => 0,
        };
        self.sent(pipeline, messages, &values, accepted, halves)?;
        let positions = self.world.log().tickets.position(pipeline);
        expect(
            tokens.is_empty() || accepted == 0 || position == positions,
            || format!("the send is at position {position} and not {positions}"),
        )?;
        if let Some(text) = failed.filter(|_| accepted == values.len()) {
            let policy = self.world.shape.pipelines[pipeline].steps[0].policy;
            Hand::fails(&mut self.world.log(), policy, &text);
        }
        if sent.is_ok() != (accepted == values.len()) {
            return Err(format!(
                "{accepted} of {} accepted, with {sent:?}",
                values.len()
            ));
        }
        sent.map_or_else(|refusal| self.send_refused(pipeline, refusal), Ok)
    }

    /// Asks for one completion of all the messages, for one of each, or for none.
    fn ask_for_completions(&mut self, messages: &mut [Message]) -> Vec<u64> {
        let tracked = match self.world.shape.tracking {
            Tracking::None => false,
            Tracking::Some => self.random.bool(),
            Tracking::All => true,
        };
        let mut log = self.world.log();
        let pipeline = messages[0].pipeline;
        let tokens: Vec<u64> = match tracked {
            false => Vec::new(),
            true if self.random.bool() => vec![log.tickets.new_token(pipeline)],
            true => messages
                .iter()
                .map(|_| log.tickets.new_token(pipeline))
                .collect(),
        };
        for (index, message) in messages.iter_mut().enumerate() {
            message.token = tokens.get(index).or(tokens.first()).copied();
        }
        tokens
    }

    fn poll_completions(&mut self) -> Checked {
        let wait = self.a_wait();
        let polled = self.poll_completions_once(&wait)?;
        let Err(refusal) = polled else { return Ok(()) };
        match self.end() {
            Some(end) => expect(refusal == end || is_wait(refusal), || {
                format!("poll completions: {refusal:?} and not {end:?}")
            }),
            None => expect(is_wait(refusal), || {
                format!("poll completions: {refusal:?}")
            }),
        }
    }

    /// Polls completions, if they are polled here.
    fn poll_completions_once(&mut self, wait: &Wait) -> Checked<Result<(), Refusal>> {
        let (most, mut into) = (self.random.usize(1..=5), Vec::new());
        let polled = self.engine.poll_completions(most, wait, &mut into);
        self.note(|| format!("poll completions, {:?}: {polled:?}, {into:?}", wait.timeout));
        let Some(polled) = polled else {
            return match self.world.shape.reporter {
                true => Ok(Err(Refusal::WouldBlock)),
                false => Err("completions are reported to nobody".into()),
            };
        };
        expect(
            polled.is_ok() != into.is_empty() && into.len() <= most,
            || format!("polled {polled:?} and {} completions", into.len()),
        )?;
        let mut log = self.world.log();
        log.coverage.completed |= polled.is_ok();
        into.iter()
            .try_for_each(|completion| log.tickets.reported(completion))?;
        Ok(polled)
    }

    /// Asks to be told when nothing of a pipeline is under way.
    fn watch(&mut self) -> Checked {
        let pipeline = self.random.usize(..self.world.shape.pipelines.len());
        let most = [None, Some(Duration::from_micros(300)), Some(Duration::ZERO)];
        let most = most[self.random.usize(..most.len())];
        let token = self.world.log().tickets.new_token(pipeline);
        let watched = self.engine.watch(pipeline, token, most);
        self.note(|| format!("watch pipeline {pipeline} as {token}, {most:?}: {watched:?}"));
        let mut log = self.world.log();
        match watched {
            Ok(()) => log.tickets.watched(token),
            Err(_) => log.tickets.forget_refused(),
        }
        log.coverage.watched |= watched.is_ok();
        drop(log);
        expect(watched.err() == self.end(), || {
            format!("watch: {watched:?}")
        })
    }

    fn watermark(&mut self) -> Checked {
        let pipeline = self.random.usize(..self.world.shape.pipelines.len());
        let most = self.world.log().tickets.position(pipeline) + 1;
        let (position, wait) = (self.random.u64(..=most), self.a_wait());
        let waited = self.engine.wait_watermark(pipeline, position, &wait);
        self.note(|| format!("watermark {position}, {:?}: {waited:?}", wait.timeout));
        let is = self.world.log().tickets.watermark(pipeline);
        match (waited, self.end()) {
            (Ok(watermark), _) => expect(watermark == is && is >= position, || {
                format!("the watermark is {watermark}, and not {is} for {position}")
            }),
            (Err(refusal), end) => {
                let refused = is_wait(refusal) || Some(refusal) == end;
                expect(refused && is < position, || {
                    format!("watermark {position}: {refusal:?} at {is}")
                })
            }
        }
    }

    /// Every completion is reported once everything is over. Gives how many died of each.
    fn all_completed(&mut self) -> Checked<BTreeMap<u64, u64>> {
        while self.engine.step() {}
        while self.poll_completions_once(&Wait::not_at_all())?.is_ok() {}
        self.world.log().tickets.all_reported()
    }

    /// Finds the keys of a batch, as a host may. The batch ends where there is none: why is told.
    fn find_keys(
        &self,
        messages: &mut Vec<Message>,
        words: &mut Vec<u64>,
        bytes: &mut ByteKeys,
    ) -> Option<String> {
        let shape = &self.world.shape;
        let step = &shape.pipelines[messages[0].pipeline].steps[0];
        for (index, message) in messages.iter().enumerate() {
            let Some(number) = shape.key_number(message) else {
                let text = format!("no key for {:x}", message.payload);
                messages.truncate(index + 1);
                return Some(text);
            };
            match shape.key(step.partition, number) {
                Key::Word(word) => words.push(*word),
                Key::Bytes(key) => bytes.push(key),
                Key::Single => {}
            }
        }
        None
    }

    /// Flushes a client's buffer, if it has one.
    fn flush(&mut self) -> Checked {
        let client = self.random.choice(&self.clients);
        let Some(Outlet::Buffer(buffer)) = client.map(|client| &client.outlet) else {
            return Ok(());
        };
        self.note(|| "flush".into());
        let flushed = buffer.flush();
        expect(flushed.is_ok(), || format!("flush: {flushed:?}"))
    }

    /// What was accepted is the engine's, what was not is the host's.
    fn sent(
        &mut self,
        pipeline: usize,
        messages: Vec<Message>,
        values: &[Value],
        accepted: usize,
        halves: bool,
    ) -> Checked {
        let mut log = self.world.log();
        log.sending = false;
        for &id in &values[accepted..] {
            log.refused(id)?;
        }
        if !halves && self.world.shape.pipelines[pipeline].steps.is_empty() {
            log.for_sinks[pipeline] += accepted;
        }
        for message in &messages[..accepted] {
            log.tickets.accepted(message.token);
        }
        log.tickets.forget_refused();
        self.accepted.extend(messages.into_iter().take(accepted));
        Ok(())
    }

    /// A send was refused: for a reason.
    fn send_refused(&self, pipeline: usize, refusal: Refusal) -> Checked {
        if let Some(end) = self.end() {
            return expect(refusal == end, || {
                format!("send: {refusal:?} and not {end:?}")
            });
        }
        let (credits, due) = {
            let credits = self.world.shape.pipelines[pipeline].credits;
            (credits, self.world.log().due(pipeline))
        };
        let no_room = due >= credits || self.reader.is_some() || refusal == Refusal::Cancelled;
        expect(is_wait(refusal) && no_room, || {
            format!("send: {refusal:?} with {due} of {credits} in flight")
        })
    }

    fn poll(&mut self) -> Checked {
        let queues = self.world.queues();
        let Some((pipeline, sink)) = self.random.choice(queues) else {
            return Ok(());
        };
        let wait = self.a_wait();
        let most = self.random.usize(1..=5);
        let polled = self.poll_one(pipeline, sink, most, &wait)?;
        let Err(refusal) = polled else { return Ok(()) };
        let unread = self.world.log().unread(pipeline, sink);
        // What senders send to the sinks waits behind the one that is full.
        let relayed = self.world.shape.is_relayed(pipeline);
        match self.end() {
            Some(Refusal::Stopped) if refusal == Refusal::Stopped => expect(unread == 0, || {
                format!("poll: no more will come, but {unread} are unread")
            }),
            Some(end) if end != Refusal::Stopped => expect(refusal == end, || {
                format!("poll: {refusal:?} and not {end:?}")
            }),
            _ => expect(
                is_wait(refusal) && !(self.nothing_left(refusal) && !relayed && unread > 0),
                || format!("poll: {refusal:?} with {unread} unread"),
            ),
        }
    }

    /// Polls a queue: gives how many messages it took, or what refused.
    fn poll_one(
        &self,
        pipeline: usize,
        sink: usize,
        most: usize,
        wait: &Wait,
    ) -> Checked<Result<usize, Refusal>> {
        self.note(|| {
            format!(
                "poll sink {sink} of pipeline {pipeline}, {:?}",
                wait.timeout
            )
        });
        let mut out = vec![Value(0); most];
        let polled = self.engine.poll(pipeline, sink, &mut out, wait);
        let polled = polled.ok_or("a queue is taken for a callback")?;
        self.note(|| format!("  polled {polled:?}"));
        let Ok(count) = polled else { return Ok(polled) };
        if count == 0 {
            return Err("a poll took nothing, and was not refused".into());
        }
        let steps = self.world.shape.pipelines[pipeline].steps.len();
        let mut log = self.world.log();
        for &id in &out[..count] {
            let message = log.shown(id, pipeline, steps)?.clone();
            log.take(id, Taker::Poll)?;
            let route = message.route(1 + steps + sink, None);
            log.record(Event::Delivered, route, seen_delivered(&message))?;
        }
        log.polled[pipeline][sink] += count;
        Ok(polled)
    }

    fn drain(&mut self) -> Checked {
        let wait = self.a_wait();
        let drained = self.drain_once(&wait)?;
        let Err(refusal) = drained else { return Ok(()) };
        match self.end().filter(|&end| end != Refusal::Stopped) {
            Some(end) => expect(refusal == end, || {
                format!("drain: {refusal:?} and not {end:?}")
            }),
            None => expect(is_wait(refusal), || format!("drain: {refusal:?}")),
        }
    }

    fn drain_once(&self, wait: &Wait) -> Checked<Result<(), Refusal>> {
        self.note(|| format!("drain, {:?}", wait.timeout));
        let drained = self.engine.drain(wait);
        self.note(|| format!("  drained {drained:?}"));
        let due = self.world.log().due_in_all();
        if drained.is_ok() && due > 0 {
            return Err(format!("drained with {due} in flight"));
        }
        let stuck = drained.is_err_and(|refusal| self.nothing_left(refusal));
        if stuck && !self.has_losses() && self.unread_in_all() == 0 {
            let why = self.engine.waiting_for();
            return Err(format!("nothing is left to run, but: {why}"));
        }
        Ok(drained)
    }

    fn unread_in_all(&self) -> usize {
        let log = self.world.log();
        let queues = self.world.queues();
        queues
            .iter()
            .map(|&(pipeline, sink)| log.unread(pipeline, sink))
            .sum()
    }

    fn wait(&mut self) -> Checked {
        self.note(|| "wait".into());
        let waited = self.engine.wait(&Wait::at_most(Duration::from_millis(1)));
        match (waited, self.end()) {
            (Ok(()), Some(Refusal::Stopped)) => expect(self.world.log().due_in_all() == 0, || {
                "wait: in flight".into()
            }),
            (Err(Refusal::Timeout), None | Some(Refusal::Stopped)) => Ok(()),
            (Err(refusal), Some(end)) if refusal == end => Ok(()),
            other => Err(format!("wait: {other:?}")),
        }
    }

    /// Reads a partition, if it is let, and may go on reading for a while.
    fn read(&mut self) -> Checked {
        let partition = self.random.usize(..self.world.shape.partitions.len());
        let number = self.engine.partition_named(&format!("part{partition}"));
        let number = number.ok_or("a partition has lost its name")?;
        let read = self.engine.read(number);
        self.note(|| {
            format!(
                "read partition {partition}: {:?}",
                read.as_ref().map(|_| ())
            )
        });
        let mut reader = match read {
            Ok(reader) => reader,
            Err(Refusal::Busy) => return Ok(()),
            Err(refusal) => return Err(format!("read: {refusal:?}")),
        };
        self.has_all_parts(partition, &mut reader)?;
        if self.random.bool() {
            self.reader = Some(reader);
        }
        Ok(())
    }

    fn has_all_parts(&self, partition: usize, reader: &mut Reader) -> Checked {
        let log = self.world.log();
        if log.due_in_all() > 0 {
            return Err("read: messages are in flight".into());
        }
        let shape = &self.world.shape;
        let mut read: Vec<(Key, Value)> = reader.map(|part| (part.key, part.state)).collect();
        read.sort();
        let live = log.live.range((partition, 0)..(partition + 1, 0));
        let mut live: Vec<(Key, Value)> = live
            .map(|(&(_, key), &state)| (shape.key(partition, key).clone(), state))
            .collect();
        live.sort();
        expect(read == live, || format!("read: {read:?} and not {live:?}"))
    }

    fn replace_client(&mut self) {
        let client = self.random.usize(..self.clients.len());
        let pipeline = self.clients[client].pipeline;
        // Where one sender is all there is, order is kept from end to end: so it stays.
        if self.world.shape.pipelines[pipeline].senders > 1 {
            self.clients.swap_remove(client);
            self.add_client(pipeline);
        }
    }

    fn stop(&mut self) -> Checked {
        self.note(|| "stop".into());
        self.world.log().stop_called = true;
        let stopped = self.engine.stop();
        expect(stopped.is_ok(), || format!("stop: {stopped:?}"))
    }

    /// Releases a few keys from quarantine, if keys are to be released.
    fn release(&mut self) -> Checked {
        for _ in 0..if self.world.shape.releases { 4 } else { 0 } {
            let kept: Vec<_> = self.world.log().quarantined.iter().copied().collect();
            let known = self.random.choice(kept).filter(|_| self.random.u8(..4) > 0);
            let (partition, number) = known.unwrap_or_else(|| self.world.any_key());
            let key = self.world.shape.key(partition, number);
            let released = self.engine.release(partition, key);
            self.note(|| format!("release {key} of {partition}: {released:?}"));
            let mut log = self.world.log();
            match released {
                Ok(true) => log.release(partition, number)?,
                Ok(false) if !log.quarantined.contains(&(partition, number)) => {}
                Err(Refusal::Closed) if self.closing => {}
                other => return Err(format!("release of {key}: {other:?}")),
            }
        }
        Ok(())
    }

    /// The keys that are listed are those in quarantine.
    fn lists_quarantine(&self, log: &Log) -> Checked {
        let shape = &self.world.shape;
        let mut sum = 0;
        for partition in 0..shape.partitions.len() {
            let listed = self.engine.quarantined(partition);
            sum += listed.len() as u64;
            let keys = |keys: &BTreeSet<(usize, u16)>| {
                let keys = keys.range((partition, 0)..(partition + 1, 0));
                let mut keys: Vec<Key> = keys
                    .map(|&(_, key)| shape.key(partition, key).clone())
                    .collect();
                keys.sort();
                keys
            };
            let (clear, unclear) = (keys(&log.quarantined), keys(&log.unclear));
            let known: Vec<_> = listed.iter().filter(|key| clear.contains(key)).collect();
            let rest = listed.iter().filter(|key| !clear.contains(key));
            let agrees = known.iter().copied().eq(&clear)
                && rest.into_iter().all(|key| unclear.contains(key));
            expect(agrees, || {
                format!("{listed:?} are in quarantine of {partition}, and not {clear:?}")
            })?;
        }
        let counted = self.engine.metrics().quarantined;
        expect(counted == sum, || {
            format!("{counted} are counted in quarantine, of {sum}")
        })
    }

    /// What is true between any two steps of the engine.
    fn invariants(&self) -> Checked {
        let mut log = self.world.log();
        if !log.defects.is_empty() {
            return Err(log.defects.join("\n"));
        }
        let failure = self.engine.failure();
        if log.doomed && failure.is_none() {
            return Err(format!("it should have failed: {:?}", log.fatal));
        }
        if let Some(failure) = failure.filter(|failure| {
            let known = log.fatal.iter().any(|text| failure.message.contains(text));
            failure.kind != FailureKind::Callback || !known
        }) {
            return Err(format!("the application failed: {failure}"));
        }
        let metrics = self.engine.metrics();
        let (due, parts) = (log.due_in_all() as u64, log.parts.len() as u64);
        let held = (metrics.in_flight, metrics.parts, metrics.values_held);
        if held != (due, parts, due + parts) {
            return Err(format!(
                "{held:?} in flight, parts and both: {due} and {parts}"
            ));
        }
        self.world.sample(&mut log)?;
        self.lists_quarantine(&log)?;
        for pipeline in 0..self.world.shape.pipelines.len() {
            let (is, should) = (
                self.engine.watermark(pipeline),
                log.tickets.watermark(pipeline),
            );
            expect(is == should, || {
                format!("the watermark of {pipeline} is {is} and not {should}")
            })?;
        }
        let taken = |takers: &[Taker]| takers.iter().map(|&taker| log.taken(taker)).sum::<u64>();
        let counts = [metrics.sent, metrics.computed, metrics.delivered];
        let counted = [
            self.accepted.len() as u64,
            taken(&[Taker::Compute]),
            taken(&[Taker::Sink, Taker::Poll]),
        ];
        expect(counts == counted, || {
            format!("sent, computed, delivered are {counts:?} and not {counted:?}")
        })?;
        match due {
            0 => self.counters_add_up(&log, &metrics),
            _ => Ok(()),
        }
    }

    /// What goes into each place comes out of it: exactly so when nothing is in flight.
    fn counters_add_up(&self, log: &Log, metrics: &Metrics) -> Checked {
        let shape = &self.world.shape;
        let dead = |stage: &StageMetrics| stage.dead.iter().sum::<u64>();
        let mut emitted_in_all = 0;
        for (index, pipeline) in shape.pipelines.iter().enumerate() {
            let first = shape.stage_number(index, 0);
            let stages = &metrics.stages[first..];
            let (steps, sinks) = (pipeline.steps.len(), pipeline.sinks.len());
            let mut into = stages[0].emitted;
            emitted_in_all += into;
            for step in &stages[1..1 + steps] {
                let out = step.completed + dead(step);
                expect(into == out, || format!("{into} came, {out} went: {step:?}"))?;
                into = step.emitted;
            }
            let rules = pipeline.sinks.iter().map(|sink| sink.rule);
            for (sink, rule) in stages[1 + steps..1 + steps + sinks].iter().zip(rules) {
                let (each, out) = (into / sinks as u64, sink.completed + dead(sink));
                // What nobody called for is discarded.
                let all = each == out || rule == SinkRule::Answers && each > out;
                expect(all, || format!("{each} came, {out} went: {sink:?}"))?;
            }
        }
        let died: u64 = metrics.dead.iter().sum();
        let out = metrics.computed + metrics.delivered + metrics.discarded + died;
        expect(emitted_in_all + metrics.emitted == out, || {
            format!("{metrics:?}")
        })?;
        let lost = log.taken(Taker::Handler) + log.taken(Taker::Drop);
        expect(lost == metrics.discarded + died, || {
            format!(
                "{lost} were handed back, {} discarded, {died} died",
                metrics.discarded
            )
        })
    }

    /// Polls and drains until everything is computed.
    fn finish(&mut self) -> Checked {
        self.reader = None;
        loop {
            let drained = self.drain_once(&Wait::forever())?;
            self.invariants()?;
            match drained {
                Ok(()) => return self.all_is_as_it_should(),
                Err(Refusal::Failed) if self.engine.failure().is_some() => return Ok(()),
                Err(Refusal::Deadlock) => {}
                Err(refusal) => return Err(format!("drain: {refusal:?}")),
            }
            let mut polled = 0;
            for (pipeline, sink) in self.world.queues() {
                let one = self.poll_one(pipeline, sink, 64, &Wait::not_at_all())?;
                polled += one.unwrap_or(0);
            }
            let timer = self.engine.next_timer();
            if let Some(timer) = timer.filter(|_| polled == 0) {
                self.pass_time(timer);
                continue;
            }
            if polled == 0 {
                return Err(format!("nothing moves, but: {}", self.engine.waiting_for()));
            }
        }
    }

    fn oracle(&self) -> Oracle<'_> {
        let mut oracle = Oracle::new(&self.world.shape);
        oracle.released = self.world.log().resumed.clone();
        oracle
            .released
            .values_mut()
            .for_each(|messages| messages.reverse());
        self.accepted
            .iter()
            .for_each(|message| oracle.accept(message.clone()));
        oracle
    }

    /// Nothing was lost, and all that is to happen has happened.
    fn all_is_as_it_should(&mut self) -> Checked {
        let completed = self.all_completed()?;
        for partition in 0..self.world.shape.partitions.len() {
            let reader = self.engine.read(partition);
            let mut reader = reader.map_err(|refusal| format!("read: {refusal:?}"))?;
            self.has_all_parts(partition, &mut reader)?;
        }
        if !self.world.shape.determined {
            return Ok(());
        }
        let oracle = self.oracle();
        let mut log = self.world.log();
        log.coverage.compared = true;
        oracle.agrees(&log, true)?;
        oracle.has_parts(log.parts.values())?;
        expect(completed == oracle.dead_of, || {
            format!("{completed:?} died, and not {:?}", oracle.dead_of)
        })?;
        let metrics = self.engine.metrics();
        for (number, stage) in metrics.stages.iter().enumerate() {
            for (reason, &count) in stage.dead.iter().enumerate() {
                let should = oracle.dead.get(&(number, reason)).copied().unwrap_or(0);
                expect(count == should, || {
                    format!("{should} should be dead of {stage:?}")
                })?;
            }
        }
        Ok(())
    }

    fn close(&mut self) -> Checked {
        self.note(|| "close".into());
        {
            let mut log = self.world.log();
            log.coverage.close_in_flight = log.due_in_all() > 0;
        }
        self.closing = true;
        if self.reader.is_some() {
            let wait = self.a_wait();
            let closed = self.engine.close(&wait);
            expect(closed.is_err_and(is_wait), || {
                format!("closed a reader: {closed:?}")
            })?;
            self.invariants()?;
            self.reader = None;
        }
        let closed = self.engine.close(&Wait::forever());
        self.note(|| format!("  closed {closed:?}"));
        self.invariants()?;
        expect(closed.is_ok(), || {
            format!("close: {closed:?}, {}", self.engine.waiting_for())
        })
    }

    /// Everything is refused, nothing is held and nothing is called.
    fn after_the_end(&mut self) -> Checked {
        let odd = self.hands.iter().find(|hand| hand.released() != 1);
        if let Some(hand) = odd {
            let (role, times) = (hand.role(), hand.released());
            return Err(format!("{role:?} was released {times} times"));
        }
        self.world.log().closed = true;
        let completed = self.all_completed()?;
        if self.world.shape.tracking == Tracking::All {
            let dead: u64 = self.engine.metrics().dead.iter().sum();
            let told: u64 = completed.values().sum();
            expect(dead == told, || {
                format!("{dead} died, of {told} completions tell")
            })?;
        }
        self.poll_completions()?;
        self.watermark()?;
        self.send()?;
        self.drain()?;
        self.wait()?;
        self.poll()?;
        let others = [
            self.engine.read(0).map(drop),
            self.engine.stop(),
            self.engine.close(&Wait::not_at_all()),
        ];
        let should = [Err(Refusal::Closed), Err(Refusal::Closed), Ok(())];
        expect(others == should, || format!("after the end: {others:?}"))?;
        while self.engine.step() {}
        self.invariants()?;
        let held = self.engine.metrics().values_held;
        expect(held == 0, || {
            format!("{held} values are held after the end")
        })
    }

    /// What happened was the first of what should have, on each route and in each part.
    fn compare(&self) -> Checked {
        self.world.log().coverage.failure = self.engine.failure().is_some();
        self.covered();
        if !self.world.shape.determined {
            return Ok(());
        }
        let oracle = self.oracle();
        let log = self.world.log();
        oracle.agrees(&log, false)?;
        log.dropped_parts
            .iter()
            .try_for_each(|part| oracle.had_part(part))
    }

    fn covered(&self) {
        let shape = &self.world.shape;
        let mut log = self.world.log();
        let computed = |pipeline: usize, step: usize| {
            let mut keys = log.records.keys();
            keys.any(|(event, route)| {
                *event == Event::Computed && (route.pipeline, route.place) == (pipeline, step + 1)
            })
        };
        let keyed = |pipeline: usize, step: usize| shape.has_keys(pipeline, step);
        let two = (0..shape.pipelines.len()).any(|pipeline| {
            let steps = 0..shape.pipelines[pipeline].steps.len();
            let used = steps.filter(|&step| keyed(pipeline, step) && computed(pipeline, step));
            used.count() > 1
        });
        let shared = (0..shape.partitions.len()).any(|partition| {
            let uses = shape.uses(partition);
            uses.filter(|&(pipeline, step)| computed(pipeline, step))
                .count()
                > 1
        });
        let stateless = |is: &dyn Fn(usize, usize) -> bool| {
            (0..shape.pipelines.len()).any(|pipeline| {
                let steps = &shape.pipelines[pipeline].steps;
                let mut steps = (0..steps.len()).filter(|&step| steps[step].stateless.is_some());
                steps.any(|step| is(pipeline, step) && computed(pipeline, step))
            })
        };
        let in_senders = stateless(&|p, step| step < shape.sender_steps(p));
        let in_shards =
            stateless(&|p, step| step >= shape.sender_steps(p) && shape.is_ordered(p, step + 1));
        let parallel = stateless(&|p, step| step + 1 == shape.unordered_from(p));
        log.coverage.blocking = (0..shape.pipelines.len()).any(|pipeline| {
            let mut steps = shape.pipelines[pipeline].steps.iter().enumerate();
            steps.any(|(number, step)| step.blocking > 0 && computed(pipeline, number))
        });
        log.coverage.in_senders = in_senders;
        log.coverage.in_shards = in_shards;
        log.coverage.parallel = parallel;
        (log.coverage.two_keyed_steps, log.coverage.shared_partition) = (two, shared);
    }

    /// Nothing of the engine is left once its handles are gone.
    fn let_go(&mut self) -> Checked<Coverage> {
        self.clients.clear();
        let references = Arc::strong_count(&self.engine);
        expect(references == 1, || {
            format!("{references} references to the engine")
        })?;
        Ok(self.world.log().coverage)
    }

    /// Lets the engine go, and looks whether it kept anything.
    pub fn into_nothing(self) -> Checked {
        drop(self.engine);
        let kept = self
            .hands
            .iter()
            .filter(|hand| Arc::strong_count(hand) != 1)
            .count();
        expect(kept == 0, || {
            format!("the engine keeps {kept} of its hosts")
        })
    }
}

fn expect(holds: bool, defect: impl FnOnce() -> String) -> Checked {
    if holds { Ok(()) } else { Err(defect()) }
}
