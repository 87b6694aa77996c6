//! What went through the sockets of a source or a sink.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// Counters of a source that listens, or of a sink that connects. One thread counts, any thread reads.
#[derive(Debug, Default)]
pub struct Traffic {
    pub(super) connections: AtomicU64,
    pub(super) connected: AtomicU64,
    pub(super) cut: AtomicU64,
    pub(super) bytes: AtomicU64,
    pub(super) frames: AtomicU64,
    pub(super) filtered: AtomicU64,
    pub(super) dropped: AtomicU64,
    pub(super) again: AtomicU64,
}

/// What was counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counted {
    /// How many connections there are now.
    pub connections: u64,
    /// How many there ever were.
    pub connected: u64,
    /// How many of them were closed here because they broke a limit or made no sense.
    pub cut: u64,
    /// How many bytes were read, or written.
    pub bytes: u64,
    /// How many frames were taken: each is completed or dead at the source's stage, or filtered.
    pub frames: u64,
    /// How many of them were filtered.
    pub filtered: u64,
    /// How many bytes were dropped that were no whole frame, or not taken, when their connection ended.
    pub dropped: u64,
    /// How many messages were written again because their connection was lost.
    pub again: u64,
}

impl Traffic {
    /// Reads the counters.
    pub fn read(&self) -> Counted {
        Counted {
            connections: self.connections.load(Relaxed),
            connected: self.connected.load(Relaxed),
            cut: self.cut.load(Relaxed),
            bytes: self.bytes.load(Relaxed),
            frames: self.frames.load(Relaxed),
            filtered: self.filtered.load(Relaxed),
            dropped: self.dropped.load(Relaxed),
            again: self.again.load(Relaxed),
        }
    }

    pub(super) fn opened(&self) {
        self.connected.fetch_add(1, Relaxed);
        self.connections.fetch_add(1, Relaxed);
    }

    pub(super) fn closed(&self) {
        self.connections.fetch_sub(1, Relaxed);
    }
}

/// Adds to a counter.
pub(super) fn count(counter: &AtomicU64, more: usize) {
    counter.fetch_add(more as u64, Relaxed);
}
