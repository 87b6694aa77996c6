//! What the engine asks of its host: the traits that the C ABI implements with function pointers,
//! and Rust programs directly.
//!
//! Callbacks take many items and say in `done` how many they completed, from the first one on.
//! `done` is 0 on entry, and lies in memory of the engine: should the calling thread end inside the
//! callback, the engine still reads it.

use crate::model::{ByteKeys, DeadReason, Key, KeyKind, Value};

/// How a callback ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// What is in `done` is done. If that is not all, the rest comes again.
    Done,
    /// The item at `done` failed, for this reason. The rest comes again.
    Failed(String),
    /// The outputs of the message at `done` do not fit (computations only).
    OutputsFull,
    /// The callback broke its contract. The application fails.
    Contract(String),
}

/// Something the host lends to the engine.
pub trait Host: Send + Sync {
    /// Called once the engine needs it no more; it is not used afterwards.
    fn release(&self) {}
}

/// Takes back values.
pub trait Values: Host {
    /// These values are the host's again. Any thread, also several at once.
    fn drop_values(&self, values: &[Value]) {
        let _ = values;
    }

    /// Each of these values will be handed out `times` times in all. Any thread, also several at
    /// once.
    fn share(&self, values: &[Value], times: usize) {
        let _ = (values, times);
    }
}

/// Keys to be found: one for each message.
pub struct KeyBatch<'a> {
    /// What kind of keys to find.
    pub kind: KeyKind,
    /// The messages, borrowed.
    pub values: &'a [Value],
    /// Takes one key for each message, if keys are words.
    pub words: &'a mut Vec<u64>,
    /// Takes one key for each message, if keys are bytes.
    pub bytes: &'a mut ByteKeys,
}

/// A partition function. What it has done is how many keys it pushed.
pub trait Partition: Host {
    /// Finds the keys of messages. The sender's thread or a worker's.
    fn keys(&self, batch: &mut KeyBatch<'_>) -> Verdict;
}

/// One output of a run.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Output {
    /// The new message.
    pub value: Value,
    /// The index, within the run, of the message it follows from. Outputs ascend in it.
    pub from: u64,
}

/// A flag of a message: it changed its part.
pub const CHANGED: u8 = 1;
/// A flag of a message: its part is to be deleted. It must be the last message that is done.
pub const DELETE: u8 = 2;

/// The keys of a run.
#[derive(Clone, Copy)]
pub enum RunKeys<'a> {
    /// There is one part, and no key.
    Single,
    /// One word for each message.
    Words(&'a [u64]),
    /// The keys of the messages begin at this index.
    Bytes(&'a ByteKeys, usize),
}

/// Messages of one step for parts that no other thread has.
pub struct Run<'a> {
    /// Which step, counted from 0 within its pipeline.
    pub step: u32,
    /// The messages.
    pub values: &'a [Value],
    /// The state part of each.
    pub states: &'a [Value],
    /// The key of each.
    pub keys: RunKeys<'a>,
    /// Takes the outputs. Its capacity is what the engine suggests at most, except for the outputs
    /// of one message.
    pub outputs: &'a mut Vec<Output>,
    /// The flags of each message, 0 on entry.
    pub flags: &'a mut [u8],
    /// How many messages are done.
    pub done: &'a mut usize,
}

/// A computation.
pub trait Compute: Host {
    /// Computes a run. A worker's thread.
    fn compute(&self, run: &mut Run<'_>) -> Verdict;
}

/// States to be built.
pub struct BuildBatch<'a> {
    /// The keys.
    pub keys: RunKeys<'a>,
    /// Takes one state for each key.
    pub states: &'a mut Vec<Value>,
    /// How many states to build.
    pub len: usize,
}

/// Builds states, and takes them back. What it has done is how many states it pushed.
pub trait Build: Host {
    /// Builds the states of new keys. A worker's thread.
    fn build(&self, batch: &mut BuildBatch<'_>) -> Verdict;

    /// These states are the host's again. Any thread.
    fn drop_states(&self, states: &[Value]) {
        let _ = states;
    }
}

/// Takes messages at the end of a pipeline.
pub trait Deliver: Host {
    /// Takes messages, one call at a time. A worker's thread.
    fn deliver(&self, values: &[Value], done: &mut usize) -> Verdict;
}

/// Lets workers sleep in the host's way: for hosts whose threads should not sleep inside the engine.
pub trait Sleep: Host {
    /// Sleeps on the thread of this worker until it is unparked, or was since it last slept, or the
    /// time is over, if there is one. It may also return for no reason.
    fn park(&self, worker: usize, most: Option<std::time::Duration>);

    /// Ends the sleep of a worker, or its next one. Any thread.
    fn unpark(&self, worker: usize);
}

/// One message that could not be processed.
#[derive(Clone, Debug)]
pub struct DeadLetter {
    /// The message.
    pub value: Value,
    /// Why it died.
    pub reason: DeadReason,
    /// Its key, if known.
    pub key: Option<Key>,
    /// Where it died: the number of the stage, as in `Metrics::stages`.
    pub stage: usize,
    /// Where it died.
    pub path: std::sync::Arc<str>,
    /// What the callback said.
    pub text: Box<str>,
}

/// Takes dead letters.
pub trait DeadLetters: Host {
    /// Takes dead letters, one call at a time. A worker's thread.
    fn handle(&self, letters: &[DeadLetter], done: &mut usize) -> Verdict;
}
