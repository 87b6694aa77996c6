//! The host's side of the bargain: which values the engine owes, and what was seen to happen to them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};
use std::time::Duration;

use fastrand::Rng;
use partita::engine::Engine;
use partita::host::{self, Host};
use partita::model::{Retry, Value};

use super::coverage::Coverage;
use super::rules::{Message, Route, Trail};
use super::shape::{Shape, SinkRule};
use super::tickets::Tickets;

/// What happened to a message on its route.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Event {
    Computed,
    Delivered,
    Died,
}

/// A message to which something happened, and what exactly.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    pub lineage: Vec<u32>,
    pub digest: u64,
}

/// What happened on each route, in order.
pub type Records = BTreeMap<(Event, Route), Vec<Seen>>;

/// A message that the engine owes.
pub struct Held {
    pub message: Message,
    /// How many times.
    due: usize,
    shared: bool,
}

/// The state of one key.
pub struct Part {
    pub partition: usize,
    pub key: u16,
    pub trails: BTreeMap<Route, Trail>,
}

/// What failed and is to be tried again.
#[derive(Clone, Copy, Debug)]
pub struct Try {
    /// How often it has failed.
    pub times: u32,
    due: Duration,
    /// The message, unless its state could not be built.
    id: Option<Value>,
}

impl Try {
    /// A failure more, if it is to be tried again.
    fn again(before: Option<&Try>, now: Duration, retry: Retry, id: Option<Value>) -> Option<Try> {
        let times = before.map_or(0, |before| before.times);
        (times < retry.times).then(|| Try {
            times: times + 1,
            due: now + retry.pause,
            id,
        })
    }

    /// What comes next is what failed, and not too early.
    fn check(&self, now: Duration, id: Option<Value>) -> Checked {
        if let (Some(known), Some(id)) = (self.id, id)
            && known != id
        {
            return Err(format!("{id:?} overtook {self:?}"));
        }
        match now < self.due {
            true => Err(format!("{self:?} comes too early, at {now:?}")),
            false => Ok(()),
        }
    }
}

/// Who takes a message back from the engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taker {
    Compute,
    Sink,
    Poll,
    Handler,
    Drop,
}

/// What is wrong, if something is.
pub type Checked<T = ()> = Result<T, String>;

/// A clock that is moved by hand.
#[derive(Default)]
pub struct Moved(AtomicU64);

impl Moved {
    pub fn advance(&self, by: Duration) {
        self.0.fetch_add(by.as_nanos() as u64, Ordering::Relaxed);
    }
}

impl Host for Moved {}

impl host::Clock for Moved {
    fn now(&self) -> Duration {
        Duration::from_nanos(self.0.load(Ordering::Relaxed))
    }
}

pub struct World {
    pub clock: Arc<Moved>,
    pub shape: Shape,
    pub engine: OnceLock<Weak<Engine>>,
    log: Mutex<Log>,
}

pub struct Log {
    /// Decides what must make no difference.
    pub random: Rng,
    ids: u64,
    messages: BTreeMap<Value, Held>,
    pub parts: BTreeMap<Value, Part>,
    /// The state of each key that has one.
    pub live: BTreeMap<(usize, u16), Value>,
    pub attempts: BTreeMap<(usize, u16), u32>,
    /// The parts that were handed back at the end.
    pub dropped_parts: Vec<Part>,
    /// How many messages the engine owes, by pipeline.
    due: Vec<usize>,
    /// How often each taker took one.
    taken: [u64; 5],
    pub records: Records,
    /// How many outputs of each pipeline are for its sinks, and how many each sink's polls took.
    pub for_sinks: Vec<usize>,
    pub polled: Vec<Vec<usize>>,
    /// The most outputs of one call, each for all that take it, by pipeline and the step it began with.
    widest: Vec<Vec<usize>>,
    /// How much came of one send in its sender, at most, by pipeline; and of the send that is on its way.
    fanned_out: Vec<usize>,
    fanning_out: usize,
    /// The first place of each pipeline at which order is lost.
    unordered_from: Vec<usize>,
    /// The message that asked for room last, and how much it was offered.
    pub asked: Option<(Value, usize)>,
    /// What was said of failures that end the application.
    pub fatal: Vec<String>,
    /// Something failed after which the application must fail.
    /// The parts to be built anew, because a message failed.
    pub resetting: BTreeSet<(usize, u16)>,
    pub doomed: bool,
    /// When the callback that runs was called.
    pub now: Duration,
    /// The messages that failed and are to be tried again: at a step by key, and at a sink.
    pub tries: BTreeMap<(usize, usize, u16), Try>,
    pub tries_of_sinks: BTreeMap<(usize, usize), Try>,
    /// The keys that are in quarantine, and those that are if their state was built for a step with that
    /// policy, and those that ever may have been.
    pub quarantined: BTreeSet<(usize, u16)>,
    pub unclear: BTreeSet<(usize, u16)>,
    pub ever_quarantined: BTreeSet<(usize, u16)>,
    /// The keys that were released, and of which nothing was computed since.
    pub released: BTreeSet<(usize, u16)>,
    /// The messages that were computed first after their key was released.
    pub resumed: BTreeMap<(usize, u16), Vec<Vec<u32>>>,
    pub tickets: Tickets,
    /// A send is on its way: it is not known yet which messages were accepted.
    pub sending: bool,
    pub stop_called: bool,
    pub closed: bool,
    pub coverage: Coverage,
    pub defects: Vec<String>,
    pub trace: Option<Vec<String>>,
}

impl World {
    pub fn new(shape: Shape, trace: bool) -> World {
        let pipelines = &shape.pipelines;
        let log = Log {
            random: Rng::with_seed(shape.seed ^ 0x5eed),
            ids: 0,
            messages: BTreeMap::new(),
            parts: BTreeMap::new(),
            live: BTreeMap::new(),
            attempts: BTreeMap::new(),
            dropped_parts: Vec::new(),
            due: vec![0; pipelines.len()],
            taken: [0; 5],
            records: Records::new(),
            for_sinks: vec![0; pipelines.len()],
            polled: pipelines.iter().map(|p| vec![0; p.sinks.len()]).collect(),
            fanned_out: vec![0; pipelines.len()],
            fanning_out: 0,
            unordered_from: (0..pipelines.len())
                .map(|pipeline| shape.unordered_from(pipeline))
                .collect(),
            widest: pipelines.iter().map(|p| vec![0; p.steps.len()]).collect(),
            asked: None,
            fatal: Vec::new(),
            resetting: BTreeSet::new(),
            doomed: false,
            now: Duration::ZERO,
            tries: BTreeMap::new(),
            tries_of_sinks: BTreeMap::new(),
            quarantined: BTreeSet::new(),
            unclear: BTreeSet::new(),
            ever_quarantined: BTreeSet::new(),
            released: BTreeSet::new(),
            resumed: BTreeMap::new(),
            tickets: Tickets::default(),
            sending: false,
            stop_called: false,
            closed: false,
            coverage: Coverage::default(),
            defects: Vec::new(),
            trace: trace.then(Vec::new),
        };
        World {
            clock: Arc::default(),
            shape,
            engine: OnceLock::new(),
            log: Mutex::new(log),
        }
    }

    pub fn log(&self) -> MutexGuard<'_, Log> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The most messages that one pipeline may have in flight: its credits, and one output array for
    /// each step, or one message's outputs if that is more. (One shard runs at a time here.)
    fn most_in_flight(&self, log: &Log, pipeline: usize) -> usize {
        let shape = &self.shape.pipelines[pipeline];
        // What one send fanned out to is overdraft, too.
        let admitted = shape.credits + log.fanned_out[pipeline];
        if self.shape.is_relayed(pipeline) {
            return admitted * shape.sinks.len().max(1);
        }
        admitted + log.widest[pipeline].iter().sum::<usize>()
    }

    /// Looks at how many messages are in flight.
    pub fn sample(&self, log: &mut Log) -> Checked {
        if log.sending {
            return Ok(());
        }
        for (pipeline, shape) in self.shape.pipelines.iter().enumerate() {
            let (due, most) = (log.due[pipeline], self.most_in_flight(log, pipeline));
            if due > most {
                return Err(format!(
                    "pipeline {pipeline} has {due} in flight, of {most}"
                ));
            }
            if !shape.steps.is_empty() {
                log.coverage.overdraft |= due > shape.credits;
                for (sink, rule) in shape.sinks.iter().enumerate() {
                    if let SinkRule::Queue(capacity) = rule.rule {
                        log.coverage.stall |= log.unread(pipeline, sink) > capacity;
                    }
                }
            }
        }
        Ok(())
    }

    /// A key of a partition, by number.
    pub fn any_key(&self) -> (usize, u16) {
        let random = &mut self.log().random;
        let partition = random.usize(..self.shape.partitions.len());
        let keys = self.shape.partitions[partition].keys.len() as u16;
        (partition, random.u16(..keys))
    }

    /// The sinks that are queues, as (pipeline, sink).
    pub fn queues(&self) -> Vec<(usize, usize)> {
        let pipelines = self.shape.pipelines.iter().enumerate();
        let sinks = pipelines.flat_map(|(pipeline, shape)| {
            let sinks = shape.sinks.iter().enumerate();
            sinks.map(move |(sink, shape)| (pipeline, sink, shape.rule))
        });
        sinks
            .filter(|(_, _, rule)| matches!(rule, SinkRule::Queue(_)))
            .map(|(pipeline, sink, _)| (pipeline, sink))
            .collect()
    }
}

impl Log {
    pub fn note(&mut self, what: impl FnOnce() -> String) {
        if let Some(trace) = &mut self.trace {
            trace.push(what());
        }
    }

    /// Notes a defect, if there is one.
    pub fn check(&mut self, checked: Checked) {
        if let Err(defect) = checked {
            self.note(|| format!("DEFECT {defect}"));
            self.defects.push(defect);
        }
    }

    /// The application must fail, and say this, unless something else made it fail.
    pub fn doom(&mut self, text: &str) {
        self.fatal.push(text.to_owned());
        self.doomed = true;
    }

    /// Something fails at a step: tells whether it is tried again.
    pub fn again(&mut self, at: (usize, usize, u16), retry: Retry, id: Option<Value>) -> bool {
        let again = Try::again(self.tries.get(&at), self.now, retry, id);
        match again {
            Some(again) => drop(self.tries.insert(at, again)),
            None => drop(self.tries.remove(&at)),
        }
        again.is_some()
    }

    /// A message, or a state for it, comes to a step: if its key has one to be tried again, it is that,
    /// unless that may have died otherwise. Tells whether it is one that failed there.
    pub fn comes(
        &mut self,
        at: (usize, usize, u16),
        id: Option<Value>,
        may_be_dead: bool,
    ) -> Checked<bool> {
        let Some(tried) = self.tries.get(&at).copied() else {
            return Ok(false);
        };
        match tried.check(self.now, id) {
            Ok(()) => Ok(tried.id.is_some()),
            Err(_) if may_be_dead => {
                self.tries.remove(&at);
                Ok(false)
            }
            Err(defect) => Err(defect),
        }
    }

    /// As [`Log::again`], for a sink.
    pub fn again_at_sink(&mut self, at: (usize, usize), retry: Retry, id: Value) -> bool {
        let again = Try::again(self.tries_of_sinks.get(&at), self.now, retry, Some(id));
        match again {
            Some(again) => drop(self.tries_of_sinks.insert(at, again)),
            None => drop(self.tries_of_sinks.remove(&at)),
        }
        again.is_some()
    }

    /// A message comes to a sink: tells how often it has failed there.
    pub fn comes_to_sink(&mut self, at: (usize, usize), id: Value) -> Checked<u32> {
        let Some(tried) = self.tries_of_sinks.get(&at) else {
            return Ok(0);
        };
        tried.check(self.now, Some(id))?;
        Ok(tried.times)
    }

    /// A key is put in quarantine, or may be if it is unclear.
    pub fn quarantine(&mut self, partition: usize, key: u16, clear: bool) {
        self.ever_quarantined.insert((partition, key));
        let keys = match clear {
            true => &mut self.quarantined,
            false => &mut self.unclear,
        };
        keys.insert((partition, key));
        self.coverage.quarantine |= clear;
    }

    /// The engine released a key: it must have been in quarantine.
    pub fn release(&mut self, partition: usize, key: u16) -> Checked {
        let clear = self.quarantined.remove(&(partition, key));
        if !clear && !self.unclear.remove(&(partition, key)) {
            return Err(format!("key {key} of {partition} was in no quarantine"));
        }
        self.released.insert((partition, key));
        Ok(())
    }

    /// A message is about to be computed.
    pub fn resume(&mut self, partition: usize, key: u16, message: &Message) -> Checked {
        if self.quarantined.contains(&(partition, key)) {
            return Err(format!("{message:?} is computed in quarantine"));
        }
        if self.released.remove(&(partition, key)) {
            let resumed = self.resumed.entry((partition, key)).or_default();
            resumed.push(message.lineage.clone());
            self.coverage.release = true;
        }
        Ok(())
    }

    fn new_id(&mut self) -> Value {
        // 0 is the first; the rest is all over the place.
        let id = self.ids.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        self.ids += 1;
        Value(id)
    }

    /// The engine gets a message, to hand it back once. It may have the number of one that is gone.
    pub fn give(&mut self, message: Message, number: Option<Value>) -> Value {
        let id = number.unwrap_or_else(|| self.new_id());
        self.due[message.pipeline] += 1;
        self.tickets.owed(message.token, 1);
        let held = Held {
            message,
            due: 1,
            shared: false,
        };
        let before = self.messages.insert(id, held);
        assert!(before.is_none(), "the test gives numbers once");
        id
    }

    /// Whether it is a message as it was sent.
    pub fn is_sent(&self, id: Value) -> bool {
        let held = self.messages.get(&id);
        held.is_some_and(|held| held.message.stage == 0)
    }

    /// A send did not accept this one: nothing may have happened to it.
    pub fn refused(&mut self, id: Value) -> Checked {
        match self.messages.remove(&id) {
            Some(held) if held.due == 1 && held.message.stage == 0 => {
                self.due[held.message.pipeline] -= 1;
                self.tickets.handed_back(held.message.token)
            }
            _ => Err(format!("{id:?} was refused, but something was done to it")),
        }
    }

    /// A message that the engine shows, which it must still owe.
    pub fn shown(&self, id: Value, pipeline: usize, stage: usize) -> Checked<&Message> {
        let held = self.messages.get(&id);
        let message = &held
            .ok_or_else(|| format!("{id:?} is not the engine's"))?
            .message;
        if (message.pipeline, message.stage) != (pipeline, stage) {
            return Err(format!(
                "{message:?} at stage {stage} of pipeline {pipeline}"
            ));
        }
        Ok(message)
    }

    /// The engine hands a message back.
    pub fn take(&mut self, id: Value, taker: Taker) -> Checked<Message> {
        let held = self.messages.get_mut(&id);
        let held = held.ok_or_else(|| format!("{id:?} is handed to {taker:?}, once too often"))?;
        held.due -= 1;
        self.taken[taker as usize] += 1;
        self.due[held.message.pipeline] -= 1;
        self.tickets.handed_back(held.message.token)?;
        if held.due > 0 {
            return Ok(held.message.clone());
        }
        Ok(self.messages.remove(&id).expect("it was there").message)
    }

    pub fn share(&mut self, id: Value, times: usize) -> Checked {
        let held = self.messages.get_mut(&id);
        let held = held.ok_or_else(|| format!("{id:?} is shared, but not the engine's"))?;
        if held.shared || held.due != 1 {
            return Err(format!("{:?} is shared twice", held.message));
        }
        (held.shared, held.due) = (true, times);
        self.due[held.message.pipeline] += times - 1;
        self.tickets.owed(held.message.token, times - 1);
        Ok(())
    }

    pub fn taken(&self, taker: Taker) -> u64 {
        self.taken[taker as usize]
    }

    pub fn due(&self, pipeline: usize) -> usize {
        self.due[pipeline]
    }

    pub fn due_in_all(&self) -> usize {
        self.due.iter().sum()
    }

    /// How many messages are for a queue and were not polled, if none was dropped.
    pub fn unread(&self, pipeline: usize, sink: usize) -> usize {
        self.for_sinks[pipeline] - self.polled[pipeline][sink]
    }

    /// One call at so many steps from one on gave so many outputs, `through` all of them so many.
    pub fn emitted(
        &mut self,
        pipeline: usize,
        (step, steps): (usize, usize),
        count: usize,
        through: usize,
    ) {
        let widest = &mut self.widest[pipeline];
        let last = step + steps == widest.len();
        let takers = if last {
            self.polled[pipeline].len().max(1)
        } else {
            1
        };
        widest[step] = widest[step].max(count - through + through * takers);
        if last {
            self.for_sinks[pipeline] += through;
        }
    }

    /// So many more messages are there than before, of a send that is on its way.
    pub fn fans_out(&mut self, pipeline: usize, count: usize) {
        self.fanning_out += count;
        let fanned_out = &mut self.fanned_out[pipeline];
        *fanned_out = self.fanning_out.max(*fanned_out);
    }

    /// A send begins.
    pub fn begin_sending(&mut self) {
        self.sending = true;
        self.fanning_out = 0;
    }

    /// A message was computed that the engine never held.
    pub fn computed_on_the_way(&mut self) {
        self.taken[Taker::Compute as usize] += 1;
    }

    pub fn add_part(&mut self, partition: usize, key: u16) -> Value {
        let id = self.new_id();
        let part = Part {
            partition,
            key,
            trails: BTreeMap::new(),
        };
        self.parts.insert(id, part);
        self.live.insert((partition, key), id);
        id
    }

    pub fn drop_part(&mut self, id: Value, partition: usize) -> Checked {
        let part = self.parts.remove(&id);
        let part = part.ok_or_else(|| format!("state {id:?} is handed back once too often"))?;
        if part.partition != partition {
            return Err(format!(
                "partition {partition} drops a state of {}",
                part.partition
            ));
        }
        if self.live.get(&(partition, part.key)) == Some(&id) {
            self.live.remove(&(partition, part.key));
            self.dropped_parts.push(part);
        }
        Ok(())
    }

    /// Something happened to a message: on its route it must be later than what happened before.
    pub fn record(&mut self, event: Event, route: Route, seen: Seen) -> Checked {
        self.record_again(event, route, seen, false)
    }

    /// The same; a message that is tried again is the one that happened before.
    pub fn record_again(&mut self, event: Event, route: Route, seen: Seen, again: bool) -> Checked {
        self.note(|| format!("    {event:?} {:?} on {route:?}", seen.lineage));
        let ordered = route.place < self.unordered_from[route.pipeline];
        let before = self.records.entry((event, route)).or_default();
        let late =
            |last: &&Seen| last.lineage > seen.lineage || !again && last.lineage == seen.lineage;
        if ordered && let Some(last) = before.last().filter(late) {
            let (last, next) = (&last.lineage, &seen.lineage);
            return Err(format!("{event:?}: {next:?} came behind {last:?}"));
        }
        before.push(seen);
        Ok(())
    }
}
