//! The words of the model: values, keys, and why a message died.

use std::fmt;

/// One host object, as the engine holds it: 64 bits, never looked into.
#[repr(transparent)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Value(pub u64);

/// What the keys of a partition are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyKind {
    /// 64-bit words.
    Word,
    /// Bytes, kept and compared exactly.
    Bytes,
    /// There is one part, and no key.
    Single,
}

/// The key of a state part.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Key {
    /// A 64-bit word.
    Word(u64),
    /// Bytes.
    Bytes(Box<[u8]>),
    /// The key of a single part.
    Single,
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Key::Word(word) => write!(f, "key {word}"),
            Key::Bytes(bytes) => write!(f, "key \"{}\"", bytes.escape_ascii()),
            Key::Single => write!(f, "the single part"),
        }
    }
}

/// Many keys of bytes, back to back.
#[derive(Clone, Debug, Default)]
pub struct ByteKeys {
    data: Vec<u8>,
    ends: Vec<usize>,
}

impl ByteKeys {
    /// Appends a key.
    pub fn push(&mut self, key: &[u8]) {
        self.data.extend_from_slice(key);
        self.ends.push(self.data.len());
    }

    /// The key at `index`, counted from 0.
    pub fn get(&self, index: usize) -> &[u8] {
        let start = if index == 0 { 0 } else { self.ends[index - 1] };
        &self.data[start..self.ends[index]]
    }

    /// How many keys there are.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// All keys, in order.
    pub fn iter(&self) -> impl Iterator<Item = &[u8]> {
        (0..self.len()).map(|index| self.get(index))
    }

    pub(crate) fn clear(&mut self) {
        self.data.clear();
        self.ends.clear();
    }

    /// Removes the key at `index`; those behind it move up.
    pub(crate) fn remove(&mut self, index: usize) {
        let len = self.get(index).len();
        let end = self.ends.remove(index);
        self.data.drain(end - len..end);
        self.ends[index..].iter_mut().for_each(|end| *end -= len);
    }
}

/// Why a message died.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DeadReason {
    /// Its key was not declared.
    UnknownKey,
    /// The partition function failed on it.
    Partition,
    /// The state of its key could not be built.
    Build,
    /// The computation failed on it.
    Compute,
    /// A sink failed on it.
    Sink,
    /// It was queued when the application failed.
    Failed,
    /// It was queued when the application was closed.
    Closed,
    /// Its key is in quarantine.
    Quarantined,
    /// It is a frame that could not be decoded.
    Decode,
}

impl DeadReason {
    /// How many reasons there are.
    pub const COUNT: usize = 9;
}

/// How often a message that fails is tried again before its policy says what becomes of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Retry {
    /// How many times; 0 is never.
    pub times: u32,
    /// How long each time is behind the one before, at least.
    pub pause: std::time::Duration,
}

impl Retry {
    /// The most times.
    pub const TIMES_MAX: u32 = 1_000_000;
    /// The longest pause.
    pub const PAUSE_MAX: std::time::Duration = std::time::Duration::from_secs(24 * 60 * 60);
}

/// What happens when a message fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Policy {
    /// The application fails.
    Stop,
    /// The message becomes a dead letter and the application goes on.
    Skip,
    /// As [`Policy::Skip`], and the state of the message's key is built anew (computations only).
    Reset,
    /// As [`Policy::Skip`], and the message's key is set aside: until it is released, every later
    /// message of it becomes a dead letter, at every step of the partition (computations only).
    Quarantine,
}
