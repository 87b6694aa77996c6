//! A small ordered map by key, for what concerns few keys: those set aside, those tried again.

use std::collections::BTreeMap;

use super::KeyRef;
use crate::model::Key;

/// What some keys have. All keys of one map are of one kind.
pub(crate) struct KeyMap<V> {
    words: BTreeMap<u64, V>,
    bytes: BTreeMap<Box<[u8]>, V>,
    single: Option<V>,
}

impl<V> Default for KeyMap<V> {
    fn default() -> Self {
        KeyMap {
            words: BTreeMap::new(),
            bytes: BTreeMap::new(),
            single: None,
        }
    }
}

impl<V> KeyMap<V> {
    pub(crate) fn len(&self) -> usize {
        self.words.len() + self.bytes.len() + usize::from(self.single.is_some())
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub(crate) fn get(&self, key: KeyRef<'_>) -> Option<&V> {
        match key {
            KeyRef::Word(word) => self.words.get(&word),
            KeyRef::Bytes(bytes) => self.bytes.get(bytes),
            KeyRef::Single => self.single.as_ref(),
        }
    }

    pub(crate) fn get_mut(&mut self, key: KeyRef<'_>) -> Option<&mut V> {
        match key {
            KeyRef::Word(word) => self.words.get_mut(&word),
            KeyRef::Bytes(bytes) => self.bytes.get_mut(bytes),
            KeyRef::Single => self.single.as_mut(),
        }
    }

    pub(crate) fn contains(&self, key: KeyRef<'_>) -> bool {
        self.get(key).is_some()
    }

    /// Gives a key this; gives back what it had.
    pub(crate) fn insert(&mut self, key: KeyRef<'_>, what: V) -> Option<V> {
        match key {
            KeyRef::Word(word) => self.words.insert(word, what),
            KeyRef::Bytes(bytes) => self.bytes.insert(bytes.into(), what),
            KeyRef::Single => self.single.replace(what),
        }
    }

    pub(crate) fn remove(&mut self, key: KeyRef<'_>) -> Option<V> {
        match key {
            KeyRef::Word(word) => self.words.remove(&word),
            KeyRef::Bytes(bytes) => self.bytes.remove(bytes),
            KeyRef::Single => self.single.take(),
        }
    }

    /// The keys, in ascending order.
    pub(crate) fn keys(&self) -> impl Iterator<Item = Key> {
        let words = self.words.keys().map(|&word| Key::Word(word));
        let bytes = self.bytes.keys().map(|bytes| Key::Bytes(bytes.clone()));
        let single = self.single.iter().map(|_| Key::Single);
        words.chain(bytes).chain(single)
    }
}
