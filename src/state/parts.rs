//! The state parts of one shard.

use super::hash;
use super::table::{Cursor, Table};
use crate::model::{ByteKeys, Key, KeyKind, Value};

/// Which shard has which key group of a partition.
pub(crate) struct Routing {
    shards: Box<[u16]>,
}

impl Routing {
    /// Deals the key groups to `shards` shards in turn. The groups of `first` are dealt first, so that
    /// a few declared keys use every shard.
    pub(crate) fn deal(groups: u32, shards: usize, first: impl Iterator<Item = u32>) -> Routing {
        let mut dealt = vec![None; groups as usize];
        let mut turn = 0;
        for group in first.chain(0..groups) {
            let shard = &mut dealt[group as usize];
            if shard.is_none() {
                *shard = Some(turn as u16);
                turn = (turn + 1) % shards;
            }
        }
        Routing {
            shards: dealt.into_iter().flatten().collect(),
        }
    }

    #[inline]
    pub(crate) fn shard(&self, hash: u64) -> u16 {
        self.shards[hash::group(hash, self.shards.len() as u32) as usize]
    }
}

/// A key as it is looked up.
#[derive(Clone, Copy, Debug)]
pub(crate) enum KeyRef<'a> {
    Word(u64),
    Bytes(&'a [u8]),
    Single,
}

impl<'a> From<&'a Key> for KeyRef<'a> {
    fn from(key: &'a Key) -> KeyRef<'a> {
        match key {
            Key::Word(word) => KeyRef::Word(*word),
            Key::Bytes(bytes) => KeyRef::Bytes(bytes),
            Key::Single => KeyRef::Single,
        }
    }
}

impl KeyRef<'_> {
    pub(crate) fn to_key(self) -> Key {
        match self {
            KeyRef::Word(word) => Key::Word(word),
            KeyRef::Bytes(bytes) => Key::Bytes(bytes.into()),
            KeyRef::Single => Key::Single,
        }
    }
}

/// A key that is bytes, and its state. Those of one hash are a chain.
struct ByteEntry {
    key: Box<[u8]>,
    state: Value,
    next: Option<u32>,
}

/// The parts of keys that are bytes: a table from their hashes to the first entry of each chain.
#[derive(Default)]
struct ByteParts {
    heads: Table,
    entries: Vec<Option<ByteEntry>>,
    free: Vec<u32>,
}

impl ByteParts {
    fn index_of(&self, hash: u64, key: &[u8]) -> Option<u32> {
        let mut next = self
            .heads
            .get(hash::word(hash), hash)
            .map(|head| head.0 as u32);
        while let Some(index) = next {
            let entry = self.entries[index as usize].as_ref()?;
            if *entry.key == *key {
                return Some(index);
            }
            next = entry.next;
        }
        None
    }

    fn get(&self, hash: u64, key: &[u8]) -> Option<Value> {
        let index = self.index_of(hash, key)?;
        self.entries[index as usize]
            .as_ref()
            .map(|entry| entry.state)
    }

    fn get_mut(&mut self, key: &[u8]) -> Option<&mut Value> {
        let index = self.index_of(hash::bytes(key), key)?;
        self.entries[index as usize]
            .as_mut()
            .map(|entry| &mut entry.state)
    }

    fn get_or_insert(&mut self, key: &[u8], state: Value) -> Option<Value> {
        let hash = hash::bytes(key);
        if let Some(known) = self.get(hash, key) {
            return Some(known);
        }
        let index = self.free.pop().unwrap_or(self.entries.len() as u32);
        if index as usize == self.entries.len() {
            self.entries.push(None);
        }
        let head = self.heads.get_or_insert(hash, Value(index.into()));
        if head.is_some()
            && let Some(first) = self.heads.get_mut(hash)
        {
            *first = Value(index.into());
        }
        let next = head.map(|head| head.0 as u32);
        self.entries[index as usize] = Some(ByteEntry {
            key: key.into(),
            state,
            next,
        });
        None
    }

    fn remove(&mut self, key: &[u8]) -> Option<Value> {
        let hash = hash::bytes(key);
        let index = self.index_of(hash, key)?;
        let removed = self.entries[index as usize].take()?;
        self.free.push(index);
        let head = self.heads.get_mut(hash)?;
        if head.0 == u64::from(index) {
            match removed.next {
                Some(next) => *head = Value(next.into()),
                None => drop(self.heads.remove(hash)),
            }
        } else {
            let mut chain = self.entries.iter_mut().flatten();
            if let Some(before) = chain.find(|entry| entry.next == Some(index)) {
                before.next = removed.next;
            }
        }
        Some(removed.state)
    }

    fn next(&self, cursor: &mut Cursor) -> Option<(&[u8], Value)> {
        while let Some(entry) = self.entries.get(cursor.place) {
            cursor.place += 1;
            if let Some(entry) = entry {
                return Some((&entry.key, entry.state));
            }
        }
        None
    }
}

enum Store {
    Words(Table),
    Bytes(ByteParts),
    Single(Option<Value>),
}

/// The state parts of one shard.
pub(crate) struct Parts {
    store: Store,
    hashes: Vec<u64>,
}

impl Parts {
    pub(crate) fn new(kind: KeyKind) -> Parts {
        let store = match kind {
            KeyKind::Word => Store::Words(Table::default()),
            KeyKind::Bytes => Store::Bytes(ByteParts::default()),
            KeyKind::Single => Store::Single(None),
        };
        Parts {
            store,
            hashes: Vec::new(),
        }
    }

    /// Looks the keys of many messages up, from message `start` on: writes the state of each to
    /// `states`, and the index (from `start`) of those that have none to `missing`. For keys that
    /// are bytes, `words` has their hashes.
    pub(crate) fn look_up(
        &mut self,
        words: &[u64],
        bytes: &ByteKeys,
        start: usize,
        states: &mut [Value],
        missing: &mut Vec<u32>,
    ) {
        let all = start..start + states.len();
        match &self.store {
            Store::Words(table) => {
                table.look_up(&words[all], &mut self.hashes, states, missing);
            }
            Store::Bytes(parts) => {
                for (index, (&hash, state)) in words[all].iter().zip(states).enumerate() {
                    match parts.get(hash, bytes.get(start + index)) {
                        Some(known) => *state = known,
                        None => missing.push(index as u32),
                    }
                }
            }
            Store::Single(Some(state)) => states.fill(*state),
            Store::Single(None) => missing.extend(0..states.len() as u32),
        }
    }

    pub(crate) fn get_mut(&mut self, key: KeyRef<'_>) -> Option<&mut Value> {
        match (&mut self.store, key) {
            (Store::Words(table), KeyRef::Word(key)) => table.get_mut(key),
            (Store::Bytes(parts), KeyRef::Bytes(key)) => parts.get_mut(key),
            (Store::Single(state), KeyRef::Single) => state.as_mut(),
            _ => None,
        }
    }

    /// The state of a key; one that has no part yet gets one with `state`.
    pub(crate) fn get_or_insert(&mut self, key: KeyRef<'_>, state: Value) -> Option<Value> {
        match (&mut self.store, key) {
            (Store::Words(table), KeyRef::Word(key)) => table.get_or_insert(key, state),
            (Store::Bytes(parts), KeyRef::Bytes(key)) => parts.get_or_insert(key, state),
            (Store::Single(single), KeyRef::Single) => {
                let known = *single;
                single.get_or_insert(state);
                known
            }
            _ => unreachable!("the key is of the partition's kind"),
        }
    }

    pub(crate) fn remove(&mut self, key: KeyRef<'_>) -> Option<Value> {
        match (&mut self.store, key) {
            (Store::Words(table), KeyRef::Word(key)) => table.remove(key),
            (Store::Bytes(parts), KeyRef::Bytes(key)) => parts.remove(key),
            (Store::Single(state), KeyRef::Single) => state.take(),
            _ => None,
        }
    }

    /// The next part behind `cursor`, in no particular order.
    pub(crate) fn next(&self, cursor: &mut Cursor) -> Option<(KeyRef<'_>, Value)> {
        match &self.store {
            Store::Words(table) => table
                .next(cursor)
                .map(|(key, state)| (KeyRef::Word(key), state)),
            Store::Bytes(parts) => parts
                .next(cursor)
                .map(|(key, state)| (KeyRef::Bytes(key), state)),
            Store::Single(state) if cursor.place == 0 => {
                cursor.place = 1;
                state.map(|state| (KeyRef::Single, state))
            }
            Store::Single(_) => None,
        }
    }

    /// Forgets all parts and gives back their states.
    pub(crate) fn take_all(&mut self) -> Vec<Value> {
        let mut cursor = Cursor::default();
        let states =
            std::iter::from_fn(|| self.next(&mut cursor).map(|(_, state)| state)).collect();
        match &mut self.store {
            Store::Words(table) => *table = Table::default(),
            Store::Bytes(parts) => *parts = ByteParts::default(),
            Store::Single(state) => *state = None,
        }
        states
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn parts_of_bytes_agree_with_a_map_also_when_hashes_collide() {
        let mut random = fastrand::Rng::with_seed(7);
        let mut parts = Parts::new(KeyKind::Bytes);
        let mut model = BTreeMap::new();
        for _ in 0..20_000 {
            let key = format!("key {}", random.u32(..500)).into_bytes();
            let state = Value(random.u64(..));
            match random.u8(..3) {
                0 => assert_eq!(parts.remove(KeyRef::Bytes(&key)), model.remove(&key)),
                _ => {
                    let known = parts.get_or_insert(KeyRef::Bytes(&key), state);
                    assert_eq!(known, model.get(&key).copied());
                    model.entry(key).or_insert(state);
                }
            }
        }
        let mut cursor = Cursor::default();
        let mut visited = BTreeMap::new();
        while let Some((KeyRef::Bytes(key), state)) = parts.next(&mut cursor) {
            visited.insert(key.to_vec(), state);
        }
        assert_eq!(visited, model);
    }

    #[test]
    fn a_chain_of_one_hash_keeps_all_its_keys() {
        let mut parts = ByteParts::default();
        // Two keys whose hashes are the same cannot be had; a chain can.
        for (index, key) in [b"a", b"b", b"c"].into_iter().enumerate() {
            let next = index.checked_sub(1).map(|before| before as u32);
            parts.entries.push(Some(ByteEntry {
                key: key[..].into(),
                state: Value(index as u64),
                next,
            }));
        }
        let hash = hash::bytes(b"a");
        parts.heads.get_or_insert(hash, Value(2));
        assert_eq!(parts.get(hash, b"a"), Some(Value(0)));
        assert_eq!(parts.get(hash, b"c"), Some(Value(2)));
        assert_eq!(parts.remove(b"a"), Some(Value(0)));
        assert_eq!(parts.get(hash, b"a"), None);
        assert_eq!(parts.get(hash, b"b"), Some(Value(1)));
    }

    #[test]
    fn declared_groups_are_dealt_to_every_shard() {
        let declared = [5, 9, 5, 1000, 7];
        let routing = Routing::deal(4096, 4, declared.into_iter());
        let shards: Vec<u16> = [5, 9, 1000, 7]
            .map(|group: usize| routing.shards[group])
            .into();
        assert_eq!(shards, [0, 1, 2, 3]);
        for shard in 0..4 {
            assert_eq!(routing.shards.iter().filter(|&&s| s == shard).count(), 1024);
        }
    }
}
