//! Messages on their way: many together, with where they came from.

use super::inbox::Mail;
use crate::model::{ByteKeys, Value};

/// Where messages came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Origin {
    /// The pipeline whose credits they hold.
    pub(crate) pipeline: usize,
    /// The number of the sent batch they descend from, counted per sender; 0 if nobody asks.
    pub(crate) batch: u64,
    /// The epoch they were admitted in.
    pub(crate) epoch: u64,
}

/// Messages, with their keys if they are on the way to a step.
#[derive(Default)]
pub(crate) struct Messages {
    pub(crate) values: Vec<Value>,
    /// The keys that are words, or the hashes of those that are bytes.
    pub(crate) words: Vec<u64>,
    pub(crate) bytes: ByteKeys,
}

impl Messages {
    pub(crate) fn append(&mut self, mail: Mail<'_>) {
        self.values.extend_from_slice(mail.values);
        self.words.extend_from_slice(mail.words);
        if let Some((bytes, which)) = mail.bytes {
            which
                .iter()
                .for_each(|&index| self.bytes.push(bytes.get(index as usize)));
        }
    }

    pub(crate) fn clear(&mut self) {
        self.values.clear();
        self.words.clear();
        self.bytes.clear();
    }
}

/// Messages of one origin.
pub(crate) struct Segment {
    pub(crate) origin: Origin,
    pub(crate) messages: Messages,
    /// How many of them were taken.
    pub(crate) taken: usize,
}

impl Segment {
    pub(crate) fn new(origin: Origin, messages: Messages) -> Segment {
        Segment {
            origin,
            messages,
            taken: 0,
        }
    }

    pub(crate) fn left(&self) -> usize {
        self.messages.values.len() - self.taken
    }

    pub(crate) fn values_left(&self) -> &[Value] {
        &self.messages.values[self.taken..]
    }
}

/// What an actor took from an inbox, and buffers it has emptied, to give back.
#[derive(Default)]
pub(crate) struct Bag {
    pub(crate) arrived: Vec<Segment>,
    pub(crate) empty: Vec<Messages>,
}

impl Bag {
    /// Keeps the buffer of a segment that is used up.
    pub(crate) fn empty(&mut self, segment: Segment) {
        let mut messages = segment.messages;
        messages.clear();
        self.empty.push(messages);
    }
}

/// Which origin the messages of a list have: runs of equal ones, each up to an index.
#[derive(Default)]
pub(crate) struct Spans(Vec<(Origin, usize)>);

impl Spans {
    /// Notes that messages up to `end` (from the end of the span before) have this origin.
    pub(crate) fn push(&mut self, origin: Origin, end: usize) {
        match self.0.last_mut() {
            Some(last) if last.0 == origin => last.1 = end,
            _ => self.0.push((origin, end)),
        }
    }

    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    /// Calls back for each span that has messages in `start..end`, cut to them.
    pub(crate) fn within(
        &self,
        start: usize,
        end: usize,
    ) -> impl Iterator<Item = (Origin, usize, usize)> {
        let mut from = start;
        self.0.iter().filter_map(move |&(origin, span_end)| {
            let (low, high) = (from, span_end.min(end));
            (low < high).then(|| {
                from = high;
                (origin, low, high)
            })
        })
    }

    /// The origin of the message at `index`.
    pub(crate) fn origin_at(&self, index: usize) -> Origin {
        self.0[self.0.partition_point(|&(_, end)| end <= index)].0
    }

    /// Forgets the message at `index`: those behind it move up.
    pub(crate) fn remove(&mut self, index: usize) {
        for (_, end) in self.0.iter_mut().filter(|(_, end)| *end > index) {
            *end -= 1;
        }
    }
}
