//! What is asked of a host whose messages come and go as bytes: cutting a stream into frames, turning
//! frames into messages, and messages into bytes; and taking note of what is logged.

use super::{Host, Verdict};
use crate::model::Value;

/// A frame within a stream of bytes.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frame {
    /// Where its payload begins.
    pub start: usize,
    /// How long its payload is.
    pub len: usize,
    /// Where the next frame begins.
    pub end: usize,
}

/// Cuts a stream into frames, in a way of the host's: each is a header of a fixed length, and a payload.
pub trait Split: Host {
    /// Pushes frames, from the first byte on, as long as a whole header of `header` bytes is there, and at
    /// most `most`. A frame may end behind the bytes that are there: it is the last one. What it has done is
    /// how many it pushed. A payload longer than `longest` is for the caller to refuse. The thread of the
    /// sockets.
    fn split(
        &self,
        bytes: &[u8],
        header: usize,
        longest: usize,
        most: usize,
        frames: &mut Vec<Frame>,
    ) -> Verdict;
}

/// Frames to be decoded.
pub struct DecodeBatch<'a> {
    /// All of their bytes, and what lies between them.
    pub bytes: &'a [u8],
    /// The frames, in order.
    pub frames: &'a [Frame],
    /// Takes the message of each; any for one that is filtered.
    pub values: &'a mut Vec<Value>,
    /// Takes 1 for each that is filtered, and is 0 on entry.
    pub filtered: &'a mut [u8],
}

/// Turns frames into messages. What it has done is how many it pushed.
pub trait Decode: Host {
    /// Decodes frames, which are borrowed for the call. The thread of the sockets.
    fn decode(&self, batch: &mut DecodeBatch<'_>) -> Verdict;
}

/// Messages to be encoded.
pub struct EncodeBatch<'a> {
    /// The messages.
    pub values: &'a [Value],
    /// Takes the bytes of all, one after the other. It is never to grow beyond its capacity.
    pub bytes: &'a mut Vec<u8>,
    /// Takes for each message where its bytes end, within `bytes`.
    pub ends: &'a mut Vec<usize>,
    /// How many bytes the message needs for which there is no room, if that is known; 0 on entry.
    pub needed: &'a mut usize,
}

/// Turns messages into bytes. What it has done is how many ends it pushed; those are the host's.
pub trait Encode: Host {
    /// Encodes messages. With [`Verdict::OutputsFull`] the first that is not done comes again with more
    /// room. The thread of the sockets.
    fn encode(&self, batch: &mut EncodeBatch<'_>) -> Verdict;
}

/// How grave what is logged is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Nothing is wrong.
    Info,
    /// Something went wrong outside, and the engine goes on.
    Warning,
    /// Something is lost.
    Error,
}

/// Something to take note of.
#[derive(Clone, Debug)]
pub struct Record<'a> {
    /// How grave it is.
    pub level: Level,
    /// Where, as in `application "x" / pipeline "y" / source`.
    pub path: &'a str,
    /// What happened.
    pub text: &'a str,
    /// How many records were left out since the one before, because there were too many.
    pub left_out: u64,
}

/// Takes note of what happens.
pub trait Log: Host {
    /// Takes one record. The thread of the sockets; it is not to wait.
    fn log(&self, record: &Record<'_>);
}
