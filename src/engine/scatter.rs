//! Sorting messages by shard: a counting sort, so that a batch costs one push for each shard it
//! touches.

use super::Engine;
use super::segment::{Messages, Origin, Segment};
use crate::fault::{Fault, planted};
use crate::model::{ByteKeys, KeyKind, Value};
use crate::state::hash;

/// The keys of the messages to sort: as many as there are values.
#[derive(Clone, Copy)]
pub(crate) enum Keys<'a> {
    Words(&'a [u64]),
    /// These, from this index on.
    Bytes(&'a ByteKeys, usize),
    Single,
}

impl Keys<'_> {
    fn skip(self, start: usize, end: usize) -> Self {
        match self {
            Keys::Words(words) => Keys::Words(&words[start..end]),
            Keys::Bytes(bytes, from) => Keys::Bytes(bytes, from + start),
            Keys::Single => Keys::Single,
        }
    }
}

/// Working memory, kept by whoever sorts.
#[derive(Default)]
pub(crate) struct Scatter {
    shard_of: Vec<u16>,
    hashes: Vec<u64>,
    counts: Vec<u32>,
    sorted: Vec<Messages>,
}

impl Scatter {
    /// Sends messages to the shards of a partition, into the lane of one of its steps.
    pub(crate) fn send(
        &mut self,
        engine: &Engine,
        partition: usize,
        lane: usize,
        origin: Origin,
        values: &[Value],
        keys: Keys<'_>,
    ) {
        let slot = &engine.partitions[partition];
        if let Keys::Single = keys {
            let messages = Messages {
                values: values.to_vec(),
                ..Messages::default()
            };
            engine.deliver(slot.first_actor, lane, Segment::new(origin, messages));
            return;
        }
        self.sort(engine, partition, values, keys);
        for (shard, messages) in self.sorted.iter_mut().enumerate() {
            if messages.values.is_empty() {
                continue;
            }
            let mut messages = std::mem::take(messages);
            if planted(Fault::SegmentReversed) {
                messages.values.reverse();
                messages.words.reverse();
            }
            let shard = match planted(Fault::MailboxSwapped) {
                true => (shard + 1) % slot.shards,
                false => shard,
            };
            engine.deliver(
                slot.first_actor + shard,
                lane,
                Segment::new(origin, messages),
            );
        }
    }

    fn sort(&mut self, engine: &Engine, partition: usize, values: &[Value], keys: Keys<'_>) {
        let slot = &engine.partitions[partition];
        let routing = &slot.routing;
        let count = values.len();
        self.counts.clear();
        self.counts.resize(slot.shards, 0);
        self.shard_of.clear();
        self.hashes.clear();
        match keys {
            Keys::Words(words) => {
                self.shard_of
                    .extend(words.iter().map(|&w| routing.place(hash::word(w)).shard));
            }
            Keys::Bytes(bytes, from) => {
                self.hashes
                    .extend((from..from + count).map(|index| hash::bytes(bytes.get(index))));
                self.shard_of
                    .extend(self.hashes.iter().map(|&hash| routing.place(hash).shard));
            }
            Keys::Single => {}
        }
        if planted(Fault::WrongShard) {
            self.shard_of[0] = (self.shard_of[0] + 1) % slot.shards as u16;
        }
        self.shard_of
            .iter()
            .for_each(|&shard| self.counts[shard as usize] += 1);
        self.sorted.resize_with(slot.shards, Messages::default);
        for (messages, &count) in self.sorted.iter_mut().zip(&self.counts) {
            messages.values.reserve_exact(count as usize);
            messages.words.reserve_exact(count as usize);
        }
        for (index, &shard) in self.shard_of.iter().enumerate() {
            let messages = &mut self.sorted[shard as usize];
            messages.values.push(values[index]);
            match keys {
                Keys::Words(words) => messages.words.push(words[index]),
                Keys::Bytes(bytes, from) => {
                    messages.words.push(self.hashes[index]);
                    messages.bytes.push(bytes.get(from + index));
                }
                Keys::Single => {}
            }
        }
        debug_assert_eq!(
            slot.plan_kind == KeyKind::Bytes,
            matches!(keys, Keys::Bytes(..))
        );
    }

    /// Sends messages of several origins.
    pub(crate) fn send_spans(
        &mut self,
        engine: &Engine,
        (partition, lane): (usize, usize),
        spans: impl Iterator<Item = (Origin, usize, usize)>,
        (values, start): (&[Value], usize),
        keys: Keys<'_>,
    ) {
        for (origin, low, high) in spans {
            let keys = keys.skip(low - start, high - start);
            self.send(engine, partition, lane, origin, &values[low..high], keys);
        }
    }
}
