//! Messages, what is computed, and how a system is run. A state remembers its messages in their order: one that is
//! lost, repeated or out of order shows.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::time::Duration;

pub const WORKERS: usize = 2;
pub const BATCH: usize = 1024;

#[derive(Clone, Copy, serde::Deserialize, serde::Serialize)]
pub struct Message {
    pub key: u64,
    pub value: u64,
}

#[derive(Clone, Copy, Default)]
pub struct State {
    pub count: u64,
    pub hash: u64,
}

pub fn partition(message: &Message) -> u64 {
    message.key
}

pub fn compute(message: &Message, state: &mut State) {
    state.count += 1;
    state.hash = state
        .hash
        .wrapping_mul(0x9e37_79b9_7f4a_7c15)
        .wrapping_add(message.value);
}

/// The finalizer of SplitMix64.
pub fn mix(mut bits: u64) -> u64 {
    bits = (bits ^ bits >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ bits >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ bits >> 31
}

/// Stands for the final states, in whatever order they were added.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Outcome {
    pub states: u64,
    pub sum: u64,
}

impl Outcome {
    pub fn add(&mut self, key: u64, state: &State) {
        let own = mix(state.hash.wrapping_add(mix(state.count)));
        self.states += 1;
        self.sum = self.sum.wrapping_add(mix(key.wrapping_add(own)));
    }

    pub fn of(table: &Table) -> Self {
        let mut outcome = Self::default();
        for (&key, state) in table {
            outcome.add(key, state);
        }
        outcome
    }

    pub fn join(self, other: Self) -> Self {
        Self {
            states: self.states + other.states,
            sum: self.sum.wrapping_add(other.sum),
        }
    }
}

/// One way to run messages: first those in `known`, one for each key, then `messages`, whose time it tells until all
/// are computed.
pub trait System {
    fn name(&self) -> &'static str;
    fn run(&self, known: &[Message], messages: &[Message]) -> (Duration, Outcome);
}

/// States by key, with a fast hash.
pub type Table = HashMap<u64, State, BuildHasherDefault<WordHasher>>;

#[derive(Default)]
pub struct WordHasher(u64);

impl Hasher for WordHasher {
    fn finish(&self) -> u64 {
        self.0
    }
    fn write(&mut self, _: &[u8]) {
        unreachable!("keys are words");
    }
    fn write_u64(&mut self, word: u64) {
        let wide = u128::from(word) * 0x9e37_79b9_7f4a_7c15;
        self.0 = (wide >> 64) as u64 ^ wide as u64;
    }
}

/// Which of the workers has a key.
pub fn place(key: u64) -> usize {
    let scattered = key.wrapping_mul(0xd6e8_feb8_6659_fd93) >> 32;
    (scattered as usize * WORKERS) >> 32
}
