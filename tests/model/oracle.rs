//! The sequential model: one message at a time, from its sender to the end of all that follows from
//! it. No shards, no runs, no credits.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use partita::model::{DeadReason, KeyKind, Policy};

use super::hand::{seen_computed, seen_dead, seen_delivered};
use super::rules::{Effect, Message, Route, Trail};
use super::shape::{Shape, SinkRule};
use super::world::{Checked, Event, Log, Part, Records, Seen};

type Parts = BTreeMap<(usize, u16), BTreeMap<Route, Trail>>;

/// What becomes of a message that is computed once.
enum Attempt {
    Done(Vec<Message>),
    UnknownKey,
    Failed(DeadReason),
}

/// What should happen.
pub struct Oracle<'a> {
    shape: &'a Shape,
    pub parts: Parts,
    attempts: BTreeMap<(usize, u16), u32>,
    quarantined: BTreeSet<(usize, u16)>,
    /// The messages before which a key was released, from the last one on.
    pub released: BTreeMap<(usize, u16), Vec<Vec<u32>>>,
    pub records: Records,
    /// Every state that each trail goes through.
    pub trails: BTreeMap<Route, Vec<Trail>>,
    /// How many die, by their stage in the metrics and by reason.
    pub dead: BTreeMap<(usize, usize), u64>,
    /// How many die of those that descend from what was sent with a completion.
    pub dead_of: BTreeMap<u64, u64>,
}

impl Oracle<'_> {
    pub fn new(shape: &Shape) -> Oracle<'_> {
        let mut oracle = Oracle {
            shape,
            parts: Parts::new(),
            attempts: BTreeMap::new(),
            quarantined: BTreeSet::new(),
            released: BTreeMap::new(),
            records: Records::new(),
            trails: BTreeMap::new(),
            dead: BTreeMap::new(),
            dead_of: BTreeMap::new(),
        };
        for (index, partition) in shape.partitions.iter().enumerate() {
            let single = usize::from(partition.kind == KeyKind::Single);
            for key in 0..partition.declared.unwrap_or(single) {
                oracle.build(index, key as u16);
            }
        }
        oracle
    }

    fn build(&mut self, partition: usize, key: u16) -> bool {
        let attempt = self.attempts.entry((partition, key)).or_default();
        *attempt += 1;
        let built = !self.shape.build_fails(partition, key, *attempt);
        if built {
            self.parts.insert((partition, key), BTreeMap::new());
        }
        built
    }

    /// A message was accepted: all that follows happens.
    pub fn accept(&mut self, message: Message) {
        if let Some(token) = message.token {
            self.dead_of.entry(token).or_default();
        }
        let mut next = VecDeque::from([message]);
        while let Some(message) = next.pop_front() {
            let steps = self.shape.pipelines[message.pipeline].steps.len();
            if message.stage == steps {
                self.deliver(&message);
            } else {
                next.extend(self.compute(&message));
            }
        }
    }

    fn deliver(&mut self, message: &Message) {
        for (sink, shape) in (0..).zip(&self.shape.pipelines[message.pipeline].sinks) {
            if shape.rule == SinkRule::Answers && message.token.is_none() {
                continue;
            }
            let place = 1 + message.stage + sink;
            let most = self.shape.pipelines[message.pipeline].sinks[sink]
                .retry
                .times;
            if (0..=most).all(|tries| self.shape.sink_fails(message, sink, tries)) {
                self.die(message, place, None, DeadReason::Sink);
            } else {
                let route = message.route(place, None);
                self.record(Event::Delivered, route, seen_delivered(message));
            }
        }
    }

    fn compute(&mut self, message: &Message) -> Vec<Message> {
        let place = message.stage + 1;
        let step = &self.shape.pipelines[message.pipeline].steps[message.stage];
        if step.stateless.is_some() {
            return self.transform(message);
        }
        let Some(key) = self.shape.key_number(message) else {
            self.die(message, place, None, DeadReason::Partition);
            return Vec::new();
        };
        let partition = step.partition;
        if self.is_quarantined(partition, key, message) {
            self.die(message, place, Some(key), DeadReason::Quarantined);
            return Vec::new();
        }
        for tries in 0.. {
            match self.attempt(message, key) {
                Attempt::Done(outputs) => return outputs,
                Attempt::UnknownKey => {
                    self.die(message, place, Some(key), DeadReason::UnknownKey);
                    break;
                }
                Attempt::Failed(_) if tries < step.retry.times => {}
                Attempt::Failed(reason) => {
                    self.die(message, place, Some(key), reason);
                    match (step.policy, reason) {
                        (Policy::Reset, DeadReason::Compute) => drop(self.build(partition, key)),
                        (Policy::Quarantine, _) => {
                            self.quarantined.insert((partition, key));
                        }
                        _ => {}
                    }
                    break;
                }
            }
        }
        Vec::new()
    }

    /// Computes a message once.
    fn attempt(&mut self, message: &Message, key: u16) -> Attempt {
        let step = self.shape.step(message.pipeline, message.stage);
        let (place, partition) = (message.stage + 1, step.partition);
        if !self.parts.contains_key(&(partition, key)) {
            // A deleted part of a declared key is not built again.
            if self.shape.partitions[partition].declared.is_some() {
                return Attempt::UnknownKey;
            }
            if !self.build(partition, key) {
                return Attempt::Failed(DeadReason::Build);
            }
        }
        let route = message.route(place, Some(key));
        let part = self.parts.get_mut(&(partition, key)).expect("it was built");
        let trail = part.entry(route.clone()).or_default();
        let effect = self.shape.compute(message, key, trail);
        let trail = trail.clone();
        let failed = matches!(effect, Effect::Fails { .. });
        self.record(
            Event::Computed,
            route.clone(),
            seen_computed(self.shape, message, &trail, failed),
        );
        self.trails.entry(route).or_default().push(trail);
        match effect {
            Effect::Fails { .. } => Attempt::Failed(DeadReason::Compute),
            Effect::Done { outputs, delete } => {
                if delete {
                    self.parts.remove(&(partition, key));
                }
                Attempt::Done(outputs)
            }
        }
    }

    fn transform(&mut self, message: &Message) -> Vec<Message> {
        let place = message.stage + 1;
        let effect = self.shape.transform(message);
        let failed = matches!(effect, Effect::Fails { .. });
        let seen = seen_computed(self.shape, message, &Trail::default(), failed);
        self.record(Event::Computed, message.route(place, None), seen);
        match effect {
            Effect::Done { outputs, .. } => outputs,
            Effect::Fails { .. } => {
                self.die(message, place, None, DeadReason::Compute);
                Vec::new()
            }
        }
    }

    /// Whether the key of a message is in quarantine, and not released before it.
    fn is_quarantined(&mut self, partition: usize, key: u16, message: &Message) -> bool {
        if !self.quarantined.contains(&(partition, key)) {
            return false;
        }
        let releases = self.released.entry((partition, key)).or_default();
        if releases.last() != Some(&message.lineage) {
            return true;
        }
        releases.pop();
        self.quarantined.remove(&(partition, key));
        false
    }

    fn die(&mut self, message: &Message, place: usize, key: Option<u16>, reason: DeadReason) {
        let stage = self.shape.stage_number(message.pipeline, place);
        *self.dead.entry((stage, reason as usize)).or_default() += 1;
        if let Some(token) = message.token {
            *self.dead_of.entry(token).or_default() += 1;
        }
        let route = message.route(place, key);
        self.record(Event::Died, route, seen_dead(message, reason));
    }

    fn record(&mut self, event: Event, route: Route, seen: Seen) {
        self.records.entry((event, route)).or_default().push(seen);
    }

    /// Whether what happened is what should: all of it, or with losses, on each route, the first of
    /// it.
    pub fn agrees(&self, log: &Log, all: bool) -> Checked {
        for (on, happened) in &log.records {
            let none = Vec::new();
            let should = self.records.get(on).unwrap_or(&none);
            if !self.shape.is_ordered(on.1.pipeline, on.1.place) {
                let odd = happened.iter().find(|seen| !should.contains(seen));
                if let Some(odd) = odd.or((happened.len() > should.len()).then(|| &happened[0])) {
                    return Err(format!("{on:?}: {odd:?} should not happen"));
                }
                continue;
            }
            let pairs = happened.iter().zip(should);
            let same = pairs.take_while(|(one, other)| one == other).count();
            if same < happened.len() {
                let (got, expected) = (&happened[same], should.get(same));
                return Err(format!(
                    "{on:?}, number {same}: {got:?} and not {expected:?}"
                ));
            }
        }
        if !all {
            return Ok(());
        }
        for (on, should) in &self.records {
            // Without a handler nobody sees what died; it is counted.
            let happened = log.records.get(on).map_or(0, Vec::len);
            let blind = on.0 == Event::Died && !self.shape.handler;
            if happened < should.len() && !blind {
                let missing = &should[happened];
                return Err(format!(
                    "{on:?}, number {happened}: {missing:?} did not happen"
                ));
            }
        }
        Ok(())
    }

    /// Whether these are all the parts there should be, and each is what it should be.
    pub fn has_parts<'p>(&self, parts: impl Iterator<Item = &'p Part>) -> Checked {
        let parts: Parts = parts
            .map(|part| ((part.partition, part.key), part.trails.clone()))
            .collect();
        for key in parts.keys().chain(self.parts.keys()) {
            let (is, should) = (parts.get(key), self.parts.get(key));
            if is != should {
                return Err(format!("the state of {key:?} is {is:?} and not {should:?}"));
            }
        }
        Ok(())
    }

    /// Whether a part is what it should have been at some time.
    pub fn had_part(&self, part: &Part) -> Checked {
        for (route, trail) in &part.trails {
            if !self.shape.is_ordered(route.pipeline, route.place) {
                continue;
            }
            let known = self.trails.get(route);
            if !known.is_some_and(|known| known.contains(trail)) {
                return Err(format!("{trail:?} was never the state of {route:?}"));
            }
        }
        Ok(())
    }
}
