//! The table of one key group: open addressing with linear probing, growing by half or more.
//!
//! Tables are many and small, so growing one is a short pause however many keys there are. An entry
//! tells by itself that it is empty, so that a table of words needs 16 bytes for a slot and nothing
//! else.

use super::{hash, prefetch::prefetch};
use crate::model::Value;

/// One slot of a table.
pub(super) trait Entry: Sized {
    /// A key as it is looked up.
    type Probe<'a>: Copy;

    /// An empty slot of a table whose emptiness is told by `vacant`.
    fn empty(vacant: u64) -> Self;
    fn is_empty(&self, vacant: u64) -> bool;
    fn matches(&self, hash: u64, probe: Self::Probe<'_>) -> bool;
    fn occupied(hash: u64, probe: Self::Probe<'_>, state: Value) -> Self;
    fn hash(&self) -> u64;
    fn state(&self) -> Value;
    fn state_mut(&mut self) -> &mut Value;
}

/// A slot for a key that is a word. It is empty if the key is one that belongs to another group.
pub(super) struct WordEntry {
    pub(super) key: u64,
    state: Value,
}

/// A word of group 0, whatever the number of groups.
const IN_FIRST_GROUP: u64 = 0;
/// A word that is never in group 0: the highest bit of its hash is set.
const NOT_IN_FIRST_GROUP: u64 = 1;
const _: () = assert!(hash::word(IN_FIRST_GROUP) == 0);
const _: () = assert!(hash::word(NOT_IN_FIRST_GROUP) >> 63 == 1);

/// The word that marks empty slots in the table of a group: one that can never be a key there.
pub(super) fn vacant_word(group: u32) -> u64 {
    if group == 0 {
        NOT_IN_FIRST_GROUP
    } else {
        IN_FIRST_GROUP
    }
}

impl Entry for WordEntry {
    type Probe<'a> = u64;

    fn empty(vacant: u64) -> Self {
        WordEntry {
            key: vacant,
            state: Value(0),
        }
    }
    fn is_empty(&self, vacant: u64) -> bool {
        self.key == vacant
    }
    fn matches(&self, _hash: u64, probe: u64) -> bool {
        self.key == probe
    }
    fn occupied(_hash: u64, probe: u64, state: Value) -> Self {
        WordEntry { key: probe, state }
    }
    fn hash(&self) -> u64 {
        hash::word(self.key)
    }
    fn state(&self) -> Value {
        self.state
    }
    fn state_mut(&mut self) -> &mut Value {
        &mut self.state
    }
}

/// A slot for a key that is bytes.
pub(super) struct ByteEntry {
    hash: u64,
    pub(super) key: Option<Box<[u8]>>,
    state: Value,
}

impl Entry for ByteEntry {
    type Probe<'a> = &'a [u8];

    fn empty(_vacant: u64) -> Self {
        ByteEntry {
            hash: 0,
            key: None,
            state: Value(0),
        }
    }
    fn is_empty(&self, _vacant: u64) -> bool {
        self.key.is_none()
    }
    fn matches(&self, hash: u64, probe: &[u8]) -> bool {
        self.hash == hash && self.key.as_deref() == Some(probe)
    }
    fn occupied(hash: u64, probe: &[u8], state: Value) -> Self {
        ByteEntry {
            hash,
            key: Some(probe.into()),
            state,
        }
    }
    fn hash(&self) -> u64 {
        self.hash
    }
    fn state(&self) -> Value {
        self.state
    }
    fn state_mut(&mut self) -> &mut Value {
        &mut self.state
    }
}

/// The keys of one group and their states.
pub(super) struct Table<E> {
    slots: Box<[E]>,
    len: usize,
}

impl<E> Default for Table<E> {
    fn default() -> Self {
        Table {
            slots: Box::default(),
            len: 0,
        }
    }
}

impl<E: Entry> Table<E> {
    /// Asks for the memory that looking up `hash` will need.
    #[inline]
    pub(super) fn prefetch(&self, hash: u64) {
        let index = hash::slot(hash, self.slots.len());
        prefetch(&self.slots, index);
        // The search often goes on into the next line.
        prefetch(&self.slots, index + 2);
    }

    #[inline]
    pub(super) fn get(&self, vacant: u64, hash: u64, probe: E::Probe<'_>) -> Option<Value> {
        self.find(vacant, hash, probe)
            .map(|index| self.slots[index].state())
    }

    pub(super) fn get_mut(
        &mut self,
        vacant: u64,
        hash: u64,
        probe: E::Probe<'_>,
    ) -> Option<&mut Value> {
        self.find(vacant, hash, probe)
            .map(|index| self.slots[index].state_mut())
    }

    #[inline]
    fn find(&self, vacant: u64, hash: u64, probe: E::Probe<'_>) -> Option<usize> {
        let slots = &*self.slots;
        let mut index = hash::slot(hash, slots.len());
        // An empty slot is always left, except in a table without any.
        while let Some(entry) = slots.get(index) {
            if entry.matches(hash, probe) && !entry.is_empty(vacant) {
                return Some(index);
            }
            if entry.is_empty(vacant) {
                return None;
            }
            index += 1;
            if index == slots.len() {
                index = 0;
            }
        }
        None
    }

    /// The state of a key; one that is not there yet is added with `state`.
    pub(super) fn get_or_insert(
        &mut self,
        vacant: u64,
        hash: u64,
        probe: E::Probe<'_>,
        state: Value,
    ) -> Option<Value> {
        let known = self.get(vacant, hash, probe);
        if known.is_none() {
            self.insert(vacant, hash, probe, state);
        }
        known
    }

    /// Adds a key that is not there yet.
    fn insert(&mut self, vacant: u64, hash: u64, probe: E::Probe<'_>, state: Value) {
        if (self.len + 1) * 5 > self.slots.len() * 4 {
            self.grow(vacant);
        }
        self.place(vacant, E::occupied(hash, probe, state));
        self.len += 1;
    }

    fn place(&mut self, vacant: u64, entry: E) {
        let mut index = hash::slot(entry.hash(), self.slots.len());
        while !self.slots[index].is_empty(vacant) {
            index = self.next(index);
        }
        self.slots[index] = entry;
    }

    /// Removes a key; those that had to move aside for it move back.
    pub(super) fn remove(&mut self, vacant: u64, hash: u64, probe: E::Probe<'_>) -> Option<Value> {
        let mut hole = self.find(vacant, hash, probe)?;
        let removed = std::mem::replace(&mut self.slots[hole], E::empty(vacant));
        self.len -= 1;
        let mut index = self.next(hole);
        while !self.slots[index].is_empty(vacant) {
            let home = hash::slot(self.slots[index].hash(), self.slots.len());
            if self.distance(home, index) >= self.distance(hole, index) {
                self.slots.swap(hole, index);
                hole = index;
            }
            index = self.next(index);
        }
        Some(removed.state())
    }

    fn next(&self, index: usize) -> usize {
        if index + 1 == self.slots.len() {
            0
        } else {
            index + 1
        }
    }

    fn distance(&self, from: usize, to: usize) -> usize {
        if to >= from {
            to - from
        } else {
            to + self.slots.len() - from
        }
    }

    fn grow(&mut self, vacant: u64) {
        let capacity = match self.slots.len() {
            small @ ..32 => (small * 2).max(2),
            large => large + large / 2,
        };
        let slots = (0..capacity).map(|_| E::empty(vacant)).collect();
        for entry in std::mem::replace(&mut self.slots, slots) {
            if !entry.is_empty(vacant) {
                self.place(vacant, entry);
            }
        }
    }

    pub(super) fn slots(&self) -> &[E] {
        &self.slots
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    /// Random insertions, removals and look-ups against a `BTreeMap`.
    fn agrees_with_a_map<E: Entry>(
        seed: u64,
        vacant: u64,
        probe: impl for<'a> Fn(&'a u64, &'a [u8; 8]) -> (u64, E::Probe<'a>),
    ) {
        println!("seed {seed}");
        let mut random = fastrand::Rng::with_seed(seed);
        let mut table = Table::<E>::default();
        let mut model = BTreeMap::new();
        for _ in 0..20_000 {
            // Few different hashes, so that keys collide and wrap around.
            let key = random.u64(1..400) << 20;
            let bytes = key.to_le_bytes();
            let (hash, probe) = probe(&key, &bytes);
            assert_eq!(table.get(vacant, hash, probe), model.get(&key).copied());
            if random.u8(..) < 120 {
                assert_eq!(table.remove(vacant, hash, probe), model.remove(&key));
            } else if !model.contains_key(&key) {
                let state = Value(random.u64(..));
                assert_eq!(table.get_or_insert(vacant, hash, probe, state), None);
                model.insert(key, state);
            } else if random.bool() {
                let state = Value(random.u64(..));
                *table.get_mut(vacant, hash, probe).unwrap() = state;
                model.insert(key, state);
            }
            assert_eq!(table.len, model.len());
        }
    }

    #[test]
    fn a_table_of_words_agrees_with_a_map() {
        agrees_with_a_map::<WordEntry>(1, vacant_word(1), |&key, _| (hash::word(key), key));
    }

    #[test]
    fn a_table_of_bytes_agrees_with_a_map_even_if_all_hashes_are_the_same() {
        agrees_with_a_map::<ByteEntry>(2, 0, |_, bytes| (hash::bytes(bytes), bytes));
        agrees_with_a_map::<ByteEntry>(3, 0, |_, bytes| (u64::MAX, bytes));
    }

    #[test]
    fn the_mark_of_an_empty_slot_is_never_a_key_of_its_group() {
        for groups in [2, 3, 17, 4096, 65_536] {
            for group in 0..groups {
                assert_ne!(hash::group(hash::word(vacant_word(group)), groups), group);
            }
        }
    }
}
