//! What messages are and what becomes of them: pure functions, the same for the host that the engine
//! calls and for the sequential model.

use partita::model::Key;

use super::shape::{KeyRule, Shape};

/// Where messages that keep their order come by: one place, one sender, one path of keys.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Route {
    pub pipeline: usize,
    /// The source is 0; steps and then sinks follow.
    pub place: usize,
    pub sender: usize,
    /// The keys at the steps so far, by their number in the partition.
    pub keys: Vec<u16>,
}

/// A message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    pub pipeline: usize,
    pub sender: usize,
    /// How many steps are behind it.
    pub stage: usize,
    /// Its number at the sender, and which output of which output it is. On one route it ascends.
    pub lineage: Vec<u32>,
    pub keys: Vec<u16>,
    pub payload: u64,
    /// Whether it is one of very many already.
    pub wide: bool,
    /// The completion that was asked for with what it descends from.
    pub token: Option<u64>,
}

impl Message {
    pub fn route(&self, place: usize, key: Option<u16>) -> Route {
        Route {
            pipeline: self.pipeline,
            place,
            sender: self.sender,
            keys: self.keys.iter().copied().chain(key).collect(),
        }
    }
}

/// The state that one route has of its own within a part.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trail {
    pub count: u32,
    pub hash: u64,
}

/// What a message does.
#[derive(Debug)]
pub enum Effect {
    Done { outputs: Vec<Message>, delete: bool },
    Fails { panics: bool },
}

pub fn mix(words: &[u64]) -> u64 {
    let mut hash = 0x9e37_79b9_7f4a_7c15_u64;
    for &word in words {
        hash = (hash ^ word).wrapping_mul(0xd6e8_feb8_6659_fd93);
        hash ^= hash >> 32;
    }
    hash
}

/// Whether one of those `rate` of a thousand is told by `hash`.
fn hit(hash: u64, rate: u32) -> bool {
    hash >> 8 & 0xffff < u64::from(rate) * 65_536 / 1000
}

impl Shape {
    /// The number of a message's key at the step that it is before; none if its partition function
    /// fails on it.
    pub fn key_number(&self, message: &Message) -> Option<u16> {
        let step = &self.pipelines[message.pipeline].steps[message.stage];
        let keys = self.partitions[step.partition].keys.len() as u64;
        let hash = mix(&[self.seed, message.payload, message.stage as u64, 1]);
        if keys > 1 && hit(hash, step.keyless) {
            return None;
        }
        Some(match (step.key_rule, message.keys.last()) {
            (KeyRule::Keep, Some(&last)) => (u64::from(last) % keys) as u16,
            _ => ((hash >> 32) % keys) as u16,
        })
    }

    pub fn key(&self, partition: usize, number: u16) -> &Key {
        &self.partitions[partition].keys[usize::from(number)]
    }

    pub fn is_known(&self, partition: usize, number: u16) -> bool {
        let declared = self.partitions[partition].declared;
        declared.is_none_or(|declared| usize::from(number) < declared)
    }

    /// Whether an attempt to build the state of a key fails.
    pub fn build_fails(&self, partition: usize, number: u16, attempt: u32) -> bool {
        let shape = &self.partitions[partition];
        let name = [self.seed, partition as u64, u64::from(number), 2];
        hit(mix(&name), shape.unbuildable)
            || hit(mix(&[mix(&name), u64::from(attempt)]), shape.flaky)
    }

    /// Whether a sink fails on a message that was tried so many times before.
    pub fn sink_fails(&self, message: &Message, sink: usize, tries: u32) -> bool {
        let rate = self.pipelines[message.pipeline].sinks[sink].fails;
        let name = [self.seed, message.payload, sink as u64, 3, tries.into()];
        hit(mix(&name), rate)
    }

    /// What a message with this key does, and what it does to its trail.
    pub fn compute(&self, message: &Message, key: u16, trail: &mut Trail) -> Effect {
        let ordered = self.is_ordered(message.pipeline, message.stage + 1);
        let before = if ordered { trail.hash } else { 0 };
        trail.count += 1;
        // Where messages come in any order, it must make no difference.
        trail.hash = match ordered {
            true => mix(&[trail.hash, message.payload]),
            false => trail.hash.wrapping_add(mix(&[message.payload])),
        };
        self.effect(message, Some(key), before)
    }

    /// What a message does at a step without a state.
    pub fn transform(&self, message: &Message) -> Effect {
        self.effect(message, None, 0)
    }

    fn effect(&self, message: &Message, key: Option<u16>, before: u64) -> Effect {
        let step = &self.pipelines[message.pipeline].steps[message.stage];
        let hash = mix(&[self.seed, message.payload, before, message.stage as u64]);
        if hit(mix(&[hash, 4]), step.fails) {
            return Effect::Fails {
                panics: hash & 1 == 0,
            };
        }
        let wide = !message.wide && hit(mix(&[hash, 5]), step.wide);
        let credits = self.pipelines[message.pipeline].credits as u64;
        let count = match hash >> 16 & 15 {
            roll if message.wide => roll & 1,
            _ if wide => credits + 1 + (hash >> 24) % (3 * credits).min(30),
            0..3 => 0,
            13..15 => 2,
            15 => 3,
            _ => 1,
        };
        Effect::Done {
            outputs: (0..count as u32)
                .map(|number| message.output(number, key, hash, wide))
                .collect(),
            delete: hit(mix(&[hash, 6]), step.deletes),
        }
    }
}

impl Message {
    fn output(&self, number: u32, key: Option<u16>, hash: u64, wide: bool) -> Message {
        Message {
            stage: self.stage + 1,
            lineage: self.lineage.iter().copied().chain([number]).collect(),
            keys: self.keys.iter().copied().chain(key).collect(),
            payload: mix(&[hash, u64::from(number)]),
            wide: self.wide || wide,
            ..self.clone()
        }
    }
}
