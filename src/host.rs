//! What the engine asks of its host: the traits that the C ABI implements with function pointers,
//! and Rust programs directly.
//!
//! Callbacks take many items and say in `done` how many they completed, from the first one on.
//! `done` is 0 on entry, and lies in memory of the engine: should the calling thread end inside the
//! callback, the engine still reads it.

mod stream;

use std::any::Any;
use std::sync::Arc;

use crate::model::{ByteKeys, DeadReason, Key, KeyKind, Value};

pub use stream::{Decode, DecodeBatch, Encode, EncodeBatch, Frame, Level, Log, Record, Split};

/// How a callback ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// What is in `done` is done. If that is not all, the rest comes again.
    Done,
    /// The item at `done` failed, for this reason. The rest comes again.
    Failed(String),
    /// The outputs of the message at `done` do not fit (computations, and what encodes messages).
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
pub trait Partition: Host + Any {
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
    /// Set by a computation that has only taken note of the run: it is answered later, with
    /// [`Engine::serve_on`](crate::engine::Engine::serve_on), and all else stays lent until then. Only there
    /// if the thread serves.
    pub later: Option<&'a mut bool>,
}

/// A computation.
pub trait Compute: Host {
    /// Computes a run. A worker's thread.
    fn compute(&self, run: &mut Run<'_>) -> Verdict;
}

/// Messages of stateless steps next to each other.
pub struct ChainRun<'a> {
    /// The first of the steps, counted from 0 within its pipeline.
    pub step: u32,
    /// The messages, which wait for the first of the steps.
    pub values: &'a [Value],
    /// Takes what comes out, as for [`Run::outputs`]: what has gone through all of the steps first.
    /// What has not, because the call ends early, stands behind that, and what is further behind what
    /// is less far.
    pub outputs: &'a mut Vec<Output>,
    /// For each of the steps but the first, how many outputs have not gone through it and those behind
    /// it. 0 on entry.
    pub waiting: &'a mut [usize],
    /// How many messages each of the steps completed, 0 on entry. For the first of them these are the
    /// messages that are done.
    pub completed: &'a mut [usize],
    /// What kind of keys may be found for what has gone through all of the steps; none for none.
    pub kind: Option<KeyKind>,
    /// Takes keys of the first outputs, if they are words.
    pub words: &'a mut Vec<u64>,
    /// Takes keys of the first outputs, if they are bytes.
    pub bytes: &'a mut ByteKeys,
    /// What failed, if that is not the message that is not done.
    pub fallen: &'a mut Option<Fallen>,
}

/// A message that failed behind the first step of a chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fallen {
    /// The message.
    pub value: Value,
    /// The index, within the run, of the message it descends from. That one is done.
    pub from: usize,
    /// At which of the steps, counted from 0 for the first one of the call; as many as there are if no
    /// key was found for it.
    pub step: usize,
}

/// A stateless computation.
pub trait Transform: Host + Any {
    /// Runs messages through this step. The sender's thread or a worker's.
    fn transform(&self, run: &mut ChainRun<'_>) -> Verdict;

    /// What runs this step and those behind it in one call, if there is something; `keys` is the
    /// partition function behind all of them. Asked once, before anything runs.
    fn fuse(
        &self,
        behind: &[Arc<dyn Transform>],
        keys: Option<&Arc<dyn Partition>>,
    ) -> Option<Fused> {
        let _ = (behind, keys);
        None
    }
}

/// What runs several steps in one call.
#[derive(Clone)]
pub struct Fused {
    /// It is not released: it is made of hosts that are.
    pub run: Arc<dyn Transform>,
    /// How many steps it runs, at least one.
    pub steps: usize,
    /// Whether it finds keys, too. Then it runs all of the steps.
    pub keys: bool,
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

/// Tells the time to an application without threads.
pub trait Clock: Host {
    /// The time since some moment in the past; it never goes back. Any thread; it calls nothing of
    /// the engine.
    fn now(&self) -> std::time::Duration;
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
    /// The frame, if it could not be decoded: then there is no value.
    pub frame: Option<Box<[u8]>>,
}

/// What became of a batch, or of a message, that was sent with a completion: nothing that descends from
/// it is left.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Completion {
    /// What its sender called it.
    pub token: u64,
    /// How many messages among those that descend from it died.
    pub dead: u64,
    /// Why the first of them died, and what the callback said.
    pub first: Option<(DeadReason, Box<str>)>,
}

/// Learns of completions.
pub trait Completions: Host {
    /// Takes completions, one call at a time. They count as taken however it ends; if it fails, the
    /// application does. A worker's thread.
    fn completed(&self, completions: &[Completion]) -> Verdict;
}

/// Answers callers at the end of a pipeline.
pub trait Answer: Host {
    /// Takes messages that descend from some that were sent with a completion, and what each of those
    /// was called by its sender. One call at a time. A worker's thread.
    fn answer(&self, values: &[Value], tokens: &[u64], done: &mut usize) -> Verdict;
}

/// Takes dead letters.
pub trait DeadLetters: Host {
    /// Takes dead letters, one call at a time. A worker's thread.
    fn handle(&self, letters: &[DeadLetter], done: &mut usize) -> Verdict;
}
