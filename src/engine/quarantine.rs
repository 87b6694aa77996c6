//! The keys that are set aside, because a message of theirs failed.
//!
//! Only the shard of a key sets it aside; any thread lists and releases. A shard that reads that there
//! is none has not set one aside since the last release, so it may go on without the lock.

use super::{Engine, PartitionSlot, Refusal};
use crate::model::{Key, KeyKind};
use crate::state::{KeyMap, KeyRef, hash};
use crate::sync::{AtomicUsize, Mutex, Ordering, lock};

/// The keys of one shard that are set aside.
#[derive(Default)]
pub(crate) struct Quarantine {
    keys: Mutex<KeyMap<()>>,
    len: AtomicUsize,
}

impl Quarantine {
    /// Whether there are none.
    pub(crate) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub(crate) fn len(&self) -> usize {
        // Relaxed: only the shard makes it more, and finds what it did itself. Whoever reads an old
        // count that is too large takes the lock.
        self.len.load(Ordering::Relaxed)
    }

    /// Sets a key aside.
    pub(crate) fn add(&self, key: KeyRef<'_>) {
        let mut keys = lock(&self.keys);
        keys.insert(key, ());
        self.len.store(keys.len(), Ordering::Relaxed);
    }

    /// Releases a key; tells whether it was set aside.
    pub(crate) fn release(&self, key: KeyRef<'_>) -> bool {
        let mut keys = lock(&self.keys);
        let released = keys.remove(key).is_some();
        self.len.store(keys.len(), Ordering::Relaxed);
        released
    }

    /// Calls back with a look at the keys, which stay as they are meanwhile.
    pub(crate) fn look<T>(&self, look: impl FnOnce(&KeyMap<()>) -> T) -> T {
        look(&lock(&self.keys))
    }
}

impl PartitionSlot {
    /// The shard that has a key.
    fn shard_of(&self, key: &Key) -> usize {
        match key {
            Key::Word(word) => self.routing.shard(hash::word(*word)).into(),
            Key::Bytes(bytes) => self.routing.shard(hash::bytes(bytes)).into(),
            Key::Single => 0,
        }
    }

    /// How many of its keys are set aside.
    pub(super) fn quarantined(&self) -> usize {
        self.quarantines.iter().map(Quarantine::len).sum()
    }
}

impl Engine {
    /// The keys of a partition that are in quarantine, in ascending order. Any thread, at any time.
    pub fn quarantined(&self, partition: usize) -> Vec<Key> {
        let quarantines = &self.partitions[partition].quarantines;
        let shards = quarantines.iter().filter(|shard| !shard.is_empty());
        let mut keys: Vec<Key> = shards
            .flat_map(|shard| shard.look(|keys| keys.keys().collect::<Vec<_>>()))
            .collect();
        keys.sort();
        keys
    }

    /// Releases a key from quarantine; tells whether it was in it. Its messages are computed again from
    /// here on. Any thread, at any time.
    pub fn release(&self, partition: usize, key: &Key) -> Result<bool, Refusal> {
        if self.refusal() == Some(Refusal::Closed) {
            return Err(Refusal::Closed);
        }
        let kind = match key {
            Key::Word(_) => KeyKind::Word,
            Key::Bytes(_) => KeyKind::Bytes,
            Key::Single => KeyKind::Single,
        };
        let slot = &self.partitions[partition];
        Ok(kind == self.key_kind(partition)
            && slot.quarantines[slot.shard_of(key)].release(KeyRef::from(key)))
    }
}
