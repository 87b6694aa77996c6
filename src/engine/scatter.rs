//! Sorting messages by shard: a counting sort, so that a batch costs one append for each shard it
//! touches.

use super::inbox::Mail;
use super::schedule::ActorId;
use super::segment::{Origins, Spans};
use super::{Engine, PartitionSlot};
use crate::fault::{Fault, planted};
use crate::model::{ByteKeys, Value};
use crate::state::hash;

/// The keys of the messages to sort: as many as there are values.
#[derive(Clone, Copy)]
pub(crate) enum Keys<'a> {
    Words(&'a [u64]),
    /// These, from this index on.
    Bytes(&'a ByteKeys, usize),
    Single,
}

/// Working memory, kept by whoever sorts.
#[derive(Default)]
pub(crate) struct Scatter {
    shard_of: Vec<u16>,
    hashes: Vec<u64>,
    /// Where the messages of each shard end, in what is sorted.
    ends: Vec<u32>,
    values: Vec<Value>,
    words: Vec<u64>,
    /// Which keys belong to the sorted messages, if keys are bytes; or which messages to the sorted keys.
    which: Vec<u32>,
    /// Where the sorted messages came from.
    spans: Spans,
    /// For each of them, which span it is of, if there are several.
    span_of: Vec<u32>,
    actors: Vec<ActorId>,
}

impl Scatter {
    /// Sends messages to the shards of a partition, into the lane of one of its steps.
    pub(crate) fn send(
        &mut self,
        engine: &Engine,
        (partition, lane): (usize, usize),
        (values, origins): (&[Value], Origins<'_>),
        keys: Keys<'_>,
    ) {
        let slot = &engine.partitions[partition];
        match keys {
            Keys::Single => {
                engine.deliver(slot.first_actor, lane, Mail::keyless(values, origins));
                return;
            }
            Keys::Words(words) => {
                self.route(slot, words.iter().map(|&word| hash::word(word)));
                self.sort(values, words);
            }
            Keys::Bytes(bytes, from) => {
                let all = from..from + values.len();
                let mut hashes = std::mem::take(&mut self.hashes);
                hashes.clear();
                hashes.extend(all.map(|index| hash::bytes(bytes.get(index))));
                self.route(slot, hashes.iter().copied());
                self.sort(values, &hashes);
                self.sort_which(from);
                self.hashes = hashes;
            }
        }
        self.sort_origins(origins);
        let sorted = std::mem::take(&mut self.values);
        self.deliver(engine, (partition, lane), &sorted, keys);
        self.values = sorted;
    }

    /// Sorts keys whose messages come later, and tells in which order they are to come.
    pub(crate) fn arrange(&mut self, engine: &Engine, partition: usize, words: &[u64]) -> &[u32] {
        self.route(
            &engine.partitions[partition],
            words.iter().map(|&word| hash::word(word)),
        );
        self.words.resize(words.len(), 0);
        self.which.resize(words.len(), 0);
        let (to, which) = (&mut self.words[..], &mut self.which[..]);
        let each = words.iter().zip(0..);
        place(
            &self.shard_of,
            &mut self.ends,
            each,
            |place, (&word, index)| {
                to[place] = word;
                which[place] = index;
            },
        );
        &self.which
    }

    /// Sends messages whose keys were arranged, in that order. They come from one place.
    pub(crate) fn send_arranged(
        &mut self,
        engine: &Engine,
        to: (usize, usize),
        (values, origins): (&[Value], Origins<'_>),
    ) {
        debug_assert_eq!(values.len(), self.words.len());
        self.spans.clear();
        self.spans.push(origins.at(0), values.len());
        self.deliver(engine, to, values, Keys::Words(&[]));
    }

    /// Finds the shard of each key, and where the messages of each shard begin; sorting moves that to
    /// where they end.
    fn route(&mut self, slot: &PartitionSlot, hashes: impl Iterator<Item = u64>) {
        self.shard_of.clear();
        self.shard_of
            .extend(hashes.map(|hash| slot.routing.shard(hash)));
        if planted(Fault::WrongShard) {
            self.shard_of[0] = (self.shard_of[0] + 1) % slot.shards as u16;
        }
        self.count(slot.shards);
    }

    /// Sorts values and words by shard.
    fn sort(&mut self, values: &[Value], words: &[u64]) {
        self.values.resize(values.len(), Value(0));
        self.words.resize(values.len(), 0);
        let (to, keys) = (&mut self.values[..], &mut self.words[..]);
        let each = values.iter().zip(words);
        place(
            &self.shard_of,
            &mut self.ends,
            each,
            |place, (&value, &word)| {
                to[place] = value;
                keys[place] = word;
            },
        );
    }

    /// Notes where the messages of each shard begin.
    fn count(&mut self, shards: usize) {
        self.ends.clear();
        self.ends.resize(shards + 1, 0);
        if shards < FEW {
            let mut few = [0; FEW];
            let each = self.shard_of.iter();
            each.for_each(|&shard| few[shard as usize % FEW] += 1);
            self.ends[1..].copy_from_slice(&few[..shards]);
        } else {
            let each = self.shard_of.iter();
            each.for_each(|&shard| self.ends[shard as usize + 1] += 1);
        }
        for shard in 0..shards {
            self.ends[shard + 1] += self.ends[shard];
        }
    }

    /// Sorts the numbers of the keys, which are too large to move about twice.
    fn sort_which(&mut self, from: usize) {
        let shards = self.ends.len() - 1;
        self.count(shards);
        self.which.resize(self.shard_of.len(), 0);
        for (index, &shard) in self.shard_of.iter().enumerate() {
            let next = &mut self.ends[shard as usize];
            self.which[*next as usize] = (from + index) as u32;
            *next += 1;
        }
    }

    /// Sorts where the messages came from as they are sorted. Most come from one place.
    fn sort_origins(&mut self, origins: Origins<'_>) {
        let len = self.shard_of.len();
        self.spans.clear();
        if let Some(origin) = origins.only(len) {
            return self.spans.push(origin, len);
        }
        let shards = self.ends.len() - 1;
        self.count(shards);
        self.span_of.resize(len, 0);
        let spans: Vec<_> = origins.first(len).collect();
        for (index, &(_, low, high)) in spans.iter().enumerate() {
            for &shard in &self.shard_of[low..high] {
                let next = &mut self.ends[shard as usize];
                self.span_of[*next as usize] = index as u32;
                *next += 1;
            }
        }
        for (end, &span) in (1..).zip(&self.span_of) {
            self.spans.push(spans[span as usize].0, end);
        }
    }

    /// Delivers what is sorted to each shard.
    fn deliver(
        &mut self,
        engine: &Engine,
        (partition, lane): (usize, usize),
        values: &[Value],
        keys: Keys<'_>,
    ) {
        let slot = &engine.partitions[partition];
        let mut start = 0;
        self.actors.clear();
        for shard in 0..slot.shards {
            let end = self.ends[shard] as usize;
            if start == end {
                continue;
            }
            let mut reversed = Vec::new();
            if planted(Fault::SegmentReversed) {
                reversed = values[start..end].iter().rev().copied().collect();
                self.words[start..end].reverse();
                if let Keys::Bytes(..) = keys {
                    self.which[start..end].reverse();
                }
            }
            let mail = Mail {
                values: match reversed.is_empty() {
                    true => &values[start..end],
                    false => &reversed,
                },
                origins: self.spans.from(start),
                words: &self.words[start..end],
                bytes: match keys {
                    Keys::Bytes(bytes, _) => Some((bytes, &self.which[start..end])),
                    _ => None,
                },
            };
            let shard = match planted(Fault::MailboxSwapped) {
                true => (shard + 1) % slot.shards,
                false => shard,
            };
            let actor = slot.first_actor + shard;
            engine.inboxes[actor][lane].append(mail);
            self.actors.push(ActorId(actor));
            start = end;
        }
        if !planted(Fault::NotifyLost) {
            engine.pools.notify_many(&self.actors);
        }
    }
}

/// Few enough shards that where their messages go next is kept on the stack, where nothing else points to.
const FEW: usize = 64;

/// Gives each item its place: the next one of its shard.
#[inline(always)]
fn place<T>(
    shard_of: &[u16],
    ends: &mut [u32],
    items: impl Iterator<Item = T>,
    mut put: impl FnMut(usize, T),
) {
    let mut few = [0; FEW];
    if ends.len() > FEW {
        for (&shard, item) in shard_of.iter().zip(items) {
            put(ends[shard as usize] as usize, item);
            ends[shard as usize] += 1;
        }
        return;
    }
    few[..ends.len()].copy_from_slice(ends);
    for (&shard, item) in shard_of.iter().zip(items) {
        let next = &mut few[shard as usize % FEW];
        let place = *next;
        *next += 1;
        put(place as usize, item);
    }
    ends.copy_from_slice(&few[..ends.len()]);
}
