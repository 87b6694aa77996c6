//! Messages that are tried again. Each waits for its time, with those of its key that come behind it; then
//! they all go before what is queued. So a key keeps its order, and others go on meanwhile.
//!
//! While a key's messages wait, its lane's run has none of that key: whoever fills the run, and whoever
//! lets a message wait, takes them out of it.

use std::collections::VecDeque;
use std::time::Duration;

use super::clock::after;
use super::segment::{Messages, Origin};
use crate::model::{Key, Retry, Value};
use crate::state::{KeyMap, KeyRef, hash};

/// A key whose first message has failed, until that message is done or dead.
struct Tried {
    times: u32,
    /// That message and those behind it, while they wait.
    waiting: Option<Messages>,
}

/// The messages of one lane that are tried again.
#[derive(Default)]
pub(super) struct Retries {
    tried: KeyMap<Tried>,
    /// The keys whose messages wait. As all wait equally long, the first is due first.
    due: VecDeque<(Duration, Key)>,
}

impl Retries {
    /// Whether there are none.
    pub(super) fn is_empty(&self) -> bool {
        self.tried.is_empty()
    }

    pub(super) fn is_waiting(&self, key: KeyRef<'_>) -> bool {
        self.tried
            .get(key)
            .is_some_and(|tried| tried.waiting.is_some())
    }

    /// Counts a failure of the first message of a key. Tells whether that is to be tried again: then the
    /// key waits, for messages to be added in order.
    pub(super) fn again(&mut self, retry: Retry, now: Duration, key: &Key) -> bool {
        let known = self.tried.get(KeyRef::from(key));
        let times = known.map_or(0, |tried| tried.times);
        if times >= retry.times {
            self.tried.remove(KeyRef::from(key));
            return false;
        }
        let tried = Tried {
            times: times + 1,
            waiting: Some(Messages::default()),
        };
        self.tried.insert(KeyRef::from(key), tried);
        let time = after(now, retry.pause);
        self.due.push_back((time, key.clone()));
        true
    }

    /// Adds a message to those of its key that wait.
    pub(super) fn add(&mut self, origin: Origin, key: KeyRef<'_>, value: Value) {
        let tried = self.tried.get_mut(key);
        let Some(messages) = tried.and_then(|tried| tried.waiting.as_mut()) else {
            unreachable!("the key waits")
        };
        messages.values.push(value);
        messages.spans.push(origin, messages.values.len());
        match key {
            KeyRef::Word(word) => messages.words.push(word),
            KeyRef::Bytes(bytes) => {
                messages.words.push(hash::bytes(bytes));
                messages.bytes.push(bytes);
            }
            KeyRef::Single => {}
        }
    }

    /// A message that does not wait is done or dead.
    pub(super) fn over(&mut self, key: KeyRef<'_>) {
        debug_assert!(!self.is_waiting(key));
        self.tried.remove(key);
    }

    /// When the first messages are due.
    pub(super) fn next(&self) -> Option<Duration> {
        self.due.front().map(|&(time, _)| time)
    }

    /// Takes the messages that were due longest, if their time has come.
    pub(super) fn take_due(&mut self, now: Duration) -> Option<Messages> {
        self.next().filter(|&time| time <= now)?;
        let (_, key) = self.due.pop_front()?;
        self.tried.get_mut(KeyRef::from(&key))?.waiting.take()
    }
}
