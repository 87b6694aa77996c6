//! The state parts of one shard: a table for each of its key groups.

use super::hash;
use super::table::{ByteEntry, Entry, Table, WordEntry, vacant_word};
use crate::model::{ByteKeys, Key, KeyKind, Value};

/// How far ahead of its use a slot is asked for, in messages. A cache miss takes about as long as
/// looking up a dozen keys.
const AHEAD: usize = 12;

/// Where a key group is: which shard has it, and its place among that shard's groups.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    pub(crate) shard: u16,
    pub(crate) local: u16,
}

/// Which shard has which key group of a partition.
pub(crate) struct Routing {
    places: Box<[Place]>,
}

impl Routing {
    /// Deals the key groups to `shards` shards. The groups of `first` are dealt first and in turn, so
    /// that a few declared keys use every shard.
    pub(crate) fn deal(groups: u32, shards: usize, first: impl Iterator<Item = u32>) -> Routing {
        let mut places = vec![None; groups as usize];
        let mut sizes = vec![0u16; shards];
        let mut turn = 0;
        for group in first.chain(0..groups) {
            let place = &mut places[group as usize];
            if place.is_none() {
                *place = Some(Place {
                    shard: turn as u16,
                    local: sizes[turn],
                });
                sizes[turn] += 1;
                turn = (turn + 1) % shards;
            }
        }
        Routing {
            places: places.into_iter().flatten().collect(),
        }
    }

    #[inline]
    pub(crate) fn place(&self, hash: u64) -> Place {
        self.places[hash::group(hash, self.places.len() as u32) as usize]
    }

    pub(crate) fn groups(&self) -> u32 {
        self.places.len() as u32
    }

    /// The groups of one shard, in the order of their local places.
    fn groups_of(&self, shard: u16) -> Vec<u32> {
        let mut of_shard: Vec<_> = (0..)
            .zip(&self.places)
            .filter(|(_, p)| p.shard == shard)
            .collect();
        of_shard.sort_by_key(|(_, place)| place.local);
        of_shard.into_iter().map(|(group, _)| group).collect()
    }
}

/// The tables of one kind of key.
struct Groups<E> {
    tables: Vec<(u64, Table<E>)>,
    hashes: Vec<(u64, u16)>,
}

impl<E: Entry> Groups<E> {
    fn new(groups: &[u32]) -> Self {
        let table = |&group: &u32| (vacant_word(group), Table::default());
        Groups {
            tables: groups.iter().map(table).collect(),
            hashes: Vec::new(),
        }
    }

    #[inline]
    fn prefetch(&self, index: usize) {
        if let Some(&(hash, local)) = self.hashes.get(index) {
            self.tables[local as usize].1.prefetch(hash);
        }
    }

    /// Looks many keys up: writes the state of each to `states`, and the index of those that have
    /// none to `missing`.
    fn look_up<'a>(
        &mut self,
        routing: &Routing,
        hashes: impl Iterator<Item = u64>,
        probe: impl Fn(usize) -> E::Probe<'a>,
        states: &mut [Value],
        missing: &mut Vec<u32>,
    ) {
        self.hashes.clear();
        self.hashes
            .extend(hashes.map(|hash| (hash, routing.place(hash).local)));
        (0..AHEAD).for_each(|index| self.prefetch(index));
        for index in 0..self.hashes.len() {
            self.prefetch(index + AHEAD);
            let (hash, local) = self.hashes[index];
            let (vacant, table) = &self.tables[local as usize];
            match table.get(*vacant, hash, probe(index)) {
                Some(state) => states[index] = state,
                None => missing.push(index as u32),
            }
        }
    }

    fn table(&mut self, routing: &Routing, hash: u64) -> (u64, &mut Table<E>) {
        let (vacant, table) = &mut self.tables[routing.place(hash).local as usize];
        (*vacant, table)
    }

    fn state_mut(
        &mut self,
        routing: &Routing,
        hash: u64,
        probe: E::Probe<'_>,
    ) -> Option<&mut Value> {
        let (vacant, table) = self.table(routing, hash);
        table.get_mut(vacant, hash, probe)
    }

    fn get_or_insert(
        &mut self,
        routing: &Routing,
        hash: u64,
        probe: E::Probe<'_>,
        state: Value,
    ) -> Option<Value> {
        let (vacant, table) = self.table(routing, hash);
        table.get_or_insert(vacant, hash, probe, state)
    }

    fn remove(&mut self, routing: &Routing, hash: u64, probe: E::Probe<'_>) -> Option<Value> {
        let (vacant, table) = self.table(routing, hash);
        table.remove(vacant, hash, probe)
    }

    /// The first occupied slot at or behind `cursor`, which moves behind it.
    fn next(&self, cursor: &mut Cursor) -> Option<&E> {
        while let Some((vacant, table)) = self.tables.get(cursor.table) {
            while let Some(entry) = table.slots().get(cursor.slot) {
                cursor.slot += 1;
                if !entry.is_empty(*vacant) {
                    return Some(entry);
                }
            }
            *cursor = Cursor {
                table: cursor.table + 1,
                slot: 0,
            };
        }
        None
    }
}

/// How far a visit of all parts has come.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Cursor {
    table: usize,
    slot: usize,
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

enum Store {
    Words(Groups<WordEntry>),
    Bytes(Groups<ByteEntry>),
    Single(Option<Value>),
}

/// The state parts of one shard.
pub(crate) struct Parts {
    store: Store,
    len: usize,
}

impl Parts {
    pub(crate) fn new(kind: KeyKind, routing: &Routing, shard: u16) -> Parts {
        let groups = routing.groups_of(shard);
        let store = match kind {
            KeyKind::Word => Store::Words(Groups::new(&groups)),
            KeyKind::Bytes => Store::Bytes(Groups::new(&groups)),
            KeyKind::Single => Store::Single(None),
        };
        Parts { store, len: 0 }
    }

    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// Looks the keys of many messages up, from message `start` on: writes the state of each to
    /// `states`, and the index (from `start`) of those that have none to `missing`. For keys that
    /// are bytes, `words` has their hashes.
    pub(crate) fn look_up(
        &mut self,
        routing: &Routing,
        words: &[u64],
        bytes: &ByteKeys,
        start: usize,
        states: &mut [Value],
        missing: &mut Vec<u32>,
    ) {
        match &mut self.store {
            Store::Words(groups) => {
                let words = &words[start..start + states.len()];
                let hashes = words.iter().map(|&key| hash::word(key));
                groups.look_up(routing, hashes, |index| words[index], states, missing);
            }
            Store::Bytes(groups) => {
                let hashes = words[start..start + states.len()].iter().copied();
                groups.look_up(
                    routing,
                    hashes,
                    |index| bytes.get(start + index),
                    states,
                    missing,
                );
            }
            Store::Single(Some(state)) => states.fill(*state),
            Store::Single(None) => missing.extend(0..states.len() as u32),
        }
    }

    pub(crate) fn get_mut(&mut self, routing: &Routing, key: KeyRef<'_>) -> Option<&mut Value> {
        match (&mut self.store, key) {
            (Store::Words(groups), KeyRef::Word(key)) => {
                groups.state_mut(routing, hash::word(key), key)
            }
            (Store::Bytes(groups), KeyRef::Bytes(key)) => {
                groups.state_mut(routing, hash::bytes(key), key)
            }
            (Store::Single(state), KeyRef::Single) => state.as_mut(),
            _ => None,
        }
    }

    /// The state of a key; one that has no part yet gets one with `state`.
    pub(crate) fn get_or_insert(
        &mut self,
        routing: &Routing,
        key: KeyRef<'_>,
        state: Value,
    ) -> Option<Value> {
        let known = match (&mut self.store, key) {
            (Store::Words(groups), KeyRef::Word(key)) => {
                groups.get_or_insert(routing, hash::word(key), key, state)
            }
            (Store::Bytes(groups), KeyRef::Bytes(key)) => {
                groups.get_or_insert(routing, hash::bytes(key), key, state)
            }
            (Store::Single(single), KeyRef::Single) => match single {
                Some(known) => Some(*known),
                None => {
                    *single = Some(state);
                    None
                }
            },
            _ => unreachable!("the key is of the partition's kind"),
        };
        self.len += usize::from(known.is_none());
        known
    }

    pub(crate) fn remove(&mut self, routing: &Routing, key: KeyRef<'_>) -> Option<Value> {
        let removed = match (&mut self.store, key) {
            (Store::Words(groups), KeyRef::Word(key)) => {
                groups.remove(routing, hash::word(key), key)
            }
            (Store::Bytes(groups), KeyRef::Bytes(key)) => {
                groups.remove(routing, hash::bytes(key), key)
            }
            (Store::Single(state), KeyRef::Single) => state.take(),
            _ => None,
        };
        self.len -= usize::from(removed.is_some());
        removed
    }

    /// The next part behind `cursor`, in no particular order.
    pub(crate) fn next(&self, cursor: &mut Cursor) -> Option<(KeyRef<'_>, Value)> {
        match &self.store {
            Store::Words(groups) => groups
                .next(cursor)
                .map(|entry| (KeyRef::Word(entry.key), entry.state())),
            Store::Bytes(groups) => groups.next(cursor).map(|entry| {
                (
                    KeyRef::Bytes(entry.key.as_deref().unwrap_or_default()),
                    entry.state(),
                )
            }),
            Store::Single(state) if cursor.slot == 0 => {
                cursor.slot = 1;
                state.map(|state| (KeyRef::Single, state))
            }
            Store::Single(_) => None,
        }
    }

    /// Forgets all parts and gives back their states.
    pub(crate) fn take_all(&mut self) -> Vec<Value> {
        let mut cursor = Cursor::default();
        let mut states = Vec::with_capacity(self.len);
        while let Some((_, state)) = self.next(&mut cursor) {
            states.push(state);
        }
        match &mut self.store {
            Store::Words(groups) => groups
                .tables
                .iter_mut()
                .for_each(|t| t.1 = Table::default()),
            Store::Bytes(groups) => groups
                .tables
                .iter_mut()
                .for_each(|t| t.1 = Table::default()),
            Store::Single(state) => *state = None,
        }
        self.len = 0;
        states
    }
}
