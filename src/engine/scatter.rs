//! Sorting messages by shard: a counting sort, so that a batch costs one append for each shard it
//! touches.

use super::Engine;
use super::inbox::Mail;
use super::schedule::ActorId;
use super::segment::{Origins, Spans};
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
    /// Which keys belong to the sorted messages, if keys are bytes.
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
                let routing = &slot.routing;
                self.shard_of.clear();
                self.shard_of
                    .extend(words.iter().map(|&w| routing.shard(hash::word(w))));
                self.sort(slot.shards, values, words);
            }
            Keys::Bytes(bytes, from) => {
                let routing = &slot.routing;
                let all = from..from + values.len();
                let mut hashes = std::mem::take(&mut self.hashes);
                hashes.clear();
                hashes.extend(all.map(|index| hash::bytes(bytes.get(index))));
                self.shard_of.clear();
                self.shard_of
                    .extend(hashes.iter().map(|&hash| routing.shard(hash)));
                self.sort(slot.shards, values, &hashes);
                self.sort_which(from);
                self.hashes = hashes;
            }
        }
        self.sort_origins(origins);
        self.deliver(engine, partition, lane, keys);
    }

    /// Sorts values and words by shard.
    fn sort(&mut self, shards: usize, values: &[Value], words: &[u64]) {
        if planted(Fault::WrongShard) {
            self.shard_of[0] = (self.shard_of[0] + 1) % shards as u16;
        }
        self.count(shards);
        self.values.resize(values.len(), Value(0));
        self.words.resize(values.len(), 0);
        for ((&shard, &value), &word) in self.shard_of.iter().zip(values).zip(words) {
            let next = &mut self.ends[shard as usize];
            self.values[*next as usize] = value;
            self.words[*next as usize] = word;
            *next += 1;
        }
    }

    /// Notes where the messages of each shard begin; sorting moves that to where they end.
    fn count(&mut self, shards: usize) {
        self.ends.clear();
        self.ends.resize(shards + 1, 0);
        self.shard_of
            .iter()
            .for_each(|&shard| self.ends[shard as usize + 1] += 1);
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

    fn deliver(&mut self, engine: &Engine, partition: usize, lane: usize, keys: Keys<'_>) {
        let slot = &engine.partitions[partition];
        let mut start = 0;
        self.actors.clear();
        for shard in 0..slot.shards {
            let end = self.ends[shard] as usize;
            if start == end {
                continue;
            }
            if planted(Fault::SegmentReversed) {
                self.values[start..end].reverse();
                self.words[start..end].reverse();
                if let Keys::Bytes(..) = keys {
                    self.which[start..end].reverse();
                }
            }
            let mail = Mail {
                values: &self.values[start..end],
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
