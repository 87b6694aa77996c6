//! Sources that listen and sinks that connect, as declared: streams of bytes over TCP.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::host;

/// How a stream is cut into frames.
#[derive(Clone)]
pub enum Framing {
    /// A length of four bytes, big-endian, and so many bytes.
    Length,
    /// Bytes up to a newline, without it and a carriage return before it.
    Lines,
    /// So many bytes each.
    Fixed(usize),
    /// A header of so many bytes, of which the host knows how many follow.
    Header(usize, Arc<dyn host::Split>),
}

impl fmt::Display for Framing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Framing::Length => write!(f, "length prefix"),
            Framing::Lines => write!(f, "lines"),
            Framing::Fixed(len) => write!(f, "{len} bytes each"),
            Framing::Header(len, _) => write!(f, "header of {len} bytes"),
        }
    }
}

/// What a source that listens allows its clients.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The longest payload of a frame, in bytes.
    pub frame: usize,
    /// How many connections at once.
    pub connections: usize,
    /// How many bytes of a connection are kept that are not decoded, beyond one whole frame.
    pub buffered: usize,
    /// How long a connection may send nothing, while it is read; none for as long as it likes.
    pub idle: Option<Duration>,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            frame: 1 << 20,
            connections: 1_024,
            buffered: 256 << 10,
            idle: Some(Duration::from_secs(600)),
        }
    }
}

/// The longest frame that can be allowed.
pub const FRAME_MAX: usize = 1 << 30;

/// A source that listens.
pub struct Listen {
    /// Where, as it was given: `host:port`. Without a host it is loopback, and port 0 is any free one.
    pub address: String,
    /// How its clients' streams are cut into frames.
    pub framing: Framing,
    /// Turns frames into messages.
    pub decode: Arc<dyn host::Decode>,
    /// What its clients may do.
    pub limits: Limits,
    /// The first frame of a client that wants to be told how many of its frames are done.
    pub ack_request: Option<Box<[u8]>>,
}

impl Listen {
    /// Tells the host that nothing of it is needed any more.
    pub(crate) fn release(&self) {
        if let Framing::Header(_, split) = &self.framing {
            split.release();
        }
        self.decode.release();
    }
}

/// A sink that connects.
pub struct Connect {
    /// Where to, as it was given: `host:port`. Without a host it is loopback.
    pub address: String,
    /// Turns messages into bytes.
    pub encode: Arc<dyn host::Encode>,
    /// How many messages may wait to be encoded.
    pub capacity: u64,
    /// How many encoded bytes may wait to be written, beyond one whole message.
    pub buffered: usize,
    /// How long the first pause before it connects again is, and the longest.
    pub pauses: (Duration, Duration),
    /// How long what is encoded may take to be written once the application closes; none for as long as it
    /// takes.
    pub flush: Option<Duration>,
}

/// The address that a source or sink was given could not be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unusable {
    /// Where it was declared.
    pub path: String,
    /// Which address, and why.
    pub message: String,
}
