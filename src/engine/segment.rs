//! Messages on their way: many together, with where they came from.

use super::inbox::Mail;
use crate::model::{ByteKeys, Value};

/// Where messages came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Origin {
    /// The pipeline whose credits they hold.
    pub(crate) pipeline: usize,
    /// The ticket of the sent batch they descend from; 0 if nobody asks.
    pub(crate) batch: u64,
    /// The epoch they were admitted in.
    pub(crate) epoch: u64,
}

/// Messages, with where they came from, and their keys if they are on the way to a step.
#[derive(Default)]
pub(crate) struct Messages {
    pub(crate) values: Vec<Value>,
    /// The keys that are words, or the hashes of those that are bytes.
    pub(crate) words: Vec<u64>,
    pub(crate) bytes: ByteKeys,
    pub(crate) spans: Spans,
}

impl Messages {
    pub(crate) fn append(&mut self, mail: Mail<'_>) {
        let end = self.values.len();
        self.spans.append(mail.origins, mail.values.len(), end);
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
        self.spans.clear();
    }
}

/// Messages of which the first ones may be taken already.
#[derive(Default)]
pub(crate) struct Segment {
    pub(crate) messages: Messages,
    /// How many of them were taken.
    pub(crate) taken: usize,
}

impl Segment {
    pub(crate) fn new(messages: Messages) -> Segment {
        Segment { messages, taken: 0 }
    }

    pub(crate) fn left(&self) -> usize {
        self.messages.values.len() - self.taken
    }

    pub(crate) fn values_left(&self) -> &[Value] {
        &self.messages.values[self.taken..]
    }

    /// Where those that are left came from.
    pub(crate) fn origins_left(&self) -> Origins<'_> {
        self.messages.spans.from(self.taken)
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
pub(crate) struct Spans {
    list: Vec<(Origin, usize)>,
    /// Whether one of them has a ticket.
    tracked: bool,
}

/// Where messages came from: the first of them is at this index of these spans.
#[derive(Clone, Copy)]
pub(crate) struct Origins<'a> {
    spans: &'a Spans,
    start: usize,
}

impl<'a> Origins<'a> {
    /// Those of the messages behind the first `count`.
    pub(crate) fn skip(self, count: usize) -> Origins<'a> {
        self.spans.from(self.start + count)
    }

    /// The spans of the first `count` messages: each with where it begins and ends among them.
    pub(crate) fn first(self, count: usize) -> impl Iterator<Item = (Origin, usize, usize)> + 'a {
        let (spans, start, end) = (&self.spans.list, self.start, self.start + count);
        let mut from = start;
        let begin = spans.partition_point(|&(_, span_end)| span_end <= start);
        let cut = spans[begin..].iter().map_while(move |&(origin, span_end)| {
            (from < end).then(|| {
                let low = from;
                from = span_end.min(end);
                (origin, low - start, from - start)
            })
        });
        // Messages that were removed may have left spans empty.
        cut.filter(|(_, low, high)| low < high)
    }

    /// Whether some may have a ticket.
    #[inline]
    pub(crate) fn are_tracked(self) -> bool {
        self.spans.tracked
    }

    /// The origin of one of the messages.
    pub(crate) fn at(self, index: usize) -> Origin {
        self.spans.origin_at(self.start + index)
    }

    /// The origin of the first `count` messages, if they have but one.
    pub(crate) fn only(self, count: usize) -> Option<Origin> {
        let (origin, _, end) = self.first(count).next()?;
        (end == count).then_some(origin)
    }
}

impl Spans {
    /// Notes that messages up to `end` (from the end of the span before) have this origin.
    pub(crate) fn push(&mut self, origin: Origin, end: usize) {
        match self.list.last_mut() {
            Some(last) if last.0 == origin => last.1 = end,
            _ => {
                self.tracked |= origin.batch != 0;
                self.list.push((origin, end));
            }
        }
    }

    /// Notes the origins of `count` messages behind the `end` that there are.
    pub(crate) fn append(&mut self, origins: Origins<'_>, count: usize, end: usize) {
        for (origin, _, high) in origins.first(count) {
            self.push(origin, end + high);
        }
    }

    pub(crate) fn clear(&mut self) {
        self.list.clear();
        self.tracked = false;
    }

    /// How many messages they are of.
    pub(crate) fn end(&self) -> usize {
        self.list.last().map_or(0, |&(_, end)| end)
    }

    /// Forgets all messages from this index on.
    pub(crate) fn truncate(&mut self, end: usize) {
        let before = |&(_, span_end): &(Origin, usize)| span_end < end;
        let kept = self.list.partition_point(before);
        self.list.truncate(kept + usize::from(end > 0));
        if let Some(last) = self.list.last_mut() {
            last.1 = last.1.min(end);
        }
    }

    /// Forgets the first `count` messages: those behind them move up.
    pub(crate) fn remove_first(&mut self, count: usize) {
        let gone = self.list.partition_point(|&(_, end)| end <= count);
        self.list.drain(..gone);
        self.list.iter_mut().for_each(|(_, end)| *end -= count);
        self.tracked &= !self.list.is_empty();
    }

    /// The origins of the messages from this index on.
    pub(crate) fn from(&self, start: usize) -> Origins<'_> {
        Origins { spans: self, start }
    }

    /// The origin of the message at `index`.
    pub(crate) fn origin_at(&self, index: usize) -> Origin {
        self.list[self.list.partition_point(|&(_, end)| end <= index)].0
    }

    /// Finds the origins of messages one after the other: each index is at least the one before.
    pub(crate) fn walk(&self) -> impl FnMut(usize) -> Origin + '_ {
        let mut span = 0;
        move |index| {
            while self.list[span].1 <= index {
                span += 1;
            }
            self.list[span].0
        }
    }

    /// Forgets the message at `index`: those behind it move up.
    pub(crate) fn remove(&mut self, index: usize) {
        for (_, end) in self.list.iter_mut().filter(|(_, end)| *end > index) {
            *end -= 1;
        }
    }
}
