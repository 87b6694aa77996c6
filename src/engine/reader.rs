//! Reading the parts of a partition while nothing is in flight.

use super::event::{Wait, WaitError};
use super::life::Refusal;
use super::schedule::{ActorId, Claim};
use super::{Actor, Engine};
use crate::model::{Key, KeyKind, Value};
use crate::state::{Cursor, KeyRef};
use crate::sync::{Arc, Ordering};

/// One state part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// Its key.
    pub key: Key,
    /// Its state; the engine keeps it.
    pub state: Value,
}

/// Reads all parts of one partition, in no particular order. While it lives nothing is admitted.
pub struct Reader {
    engine: Arc<Engine>,
    claims: Vec<Claim>,
    /// The partition that it has to itself.
    partition: Option<usize>,
    shard: usize,
    cursor: Cursor,
}

impl Engine {
    /// The number of the partition of this name.
    pub fn partition_named(&self, name: &str) -> Option<usize> {
        self.plan
            .partitions
            .iter()
            .position(|partition| partition.name == name)
    }

    /// What the keys of a partition are.
    pub(crate) fn key_kind(&self, partition: usize) -> KeyKind {
        self.plan.partitions[partition].key_kind
    }

    /// Opens a reader of a partition; refused while messages are in flight, or another reader has it.
    pub fn read(self: &Arc<Self>, partition: usize) -> Result<Reader, Refusal> {
        if super::callback::inside(self) {
            return Err(Refusal::WouldDeadlock);
        }
        self.readers.fetch_add(1, Ordering::SeqCst);
        let mut reader = Reader {
            engine: self.clone(),
            claims: Vec::new(),
            partition: None,
            shard: 0,
            cursor: Cursor::default(),
        };
        if self.refusal() == Some(Refusal::Closed) {
            return Err(Refusal::Closed);
        }
        if !self.is_quiet() {
            return Err(Refusal::Busy);
        }
        let slot = &self.partitions[partition];
        if slot.being_read.swap(true, Ordering::SeqCst) {
            return Err(Refusal::Busy);
        }
        reader.partition = Some(partition);
        for actor in slot.first_actor..slot.first_actor + slot.shards {
            reader.claims.push(self.claim(ActorId(actor))?);
        }
        Ok(reader)
    }

    /// Claims an actor that has nothing to do: at most a worker is about to give it back.
    fn claim(&self, actor: ActorId) -> Result<Claim, Refusal> {
        loop {
            match self.pools.try_claim(actor) {
                Some(claim) => return Ok(claim),
                None if self.refusal() == Some(Refusal::Closed) => return Err(Refusal::Closed),
                // Who had it will never give it back.
                None if self.is_broken() => return Err(Refusal::Failed),
                None => self.pause(),
            }
        }
    }

    /// Lets others go on for a moment.
    fn pause(&self) {
        let moment = Wait::at_most(std::time::Duration::from_micros(50));
        let paused: Result<(), WaitError> =
            self.seam.wait_until(self, &self.changed, &moment, || None);
        debug_assert!(paused.is_err());
    }
}

impl Reader {
    /// The next part, if there is one.
    pub(crate) fn next_part(&mut self) -> Option<(KeyRef<'_>, Value)> {
        loop {
            // Looked at twice: once to move on, once to lend.
            let claim = self.claims.get_mut(self.shard)?;
            let mut ahead = self.cursor;
            match self.engine.cells.get(claim) {
                Actor::Shard(shard) if shard.parts.next(&mut ahead).is_some() => break,
                _ => {
                    self.shard += 1;
                    self.cursor = Cursor::default();
                }
            }
        }
        match self.engine.cells.get(self.claims.get_mut(self.shard)?) {
            Actor::Shard(shard) => shard.parts.next(&mut self.cursor),
            _ => None,
        }
    }
}

impl Iterator for Reader {
    type Item = Part;

    fn next(&mut self) -> Option<Part> {
        self.next_part().map(|(key, state)| Part {
            key: key.to_key(),
            state,
        })
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        for claim in self.claims.drain(..) {
            self.engine.pools.give_back(claim, true);
        }
        if let Some(partition) = self.partition {
            let slot = &self.engine.partitions[partition];
            slot.being_read.store(false, Ordering::SeqCst);
        }
        self.engine.readers.fetch_sub(1, Ordering::SeqCst);
        self.engine.wake_senders();
        self.engine.changed.notify();
    }
}
