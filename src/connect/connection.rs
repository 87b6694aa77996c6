//! One client of a source that listens: what it sent that is not taken yet, and what it is to be told.

use std::collections::VecDeque;
use std::io::{self, Read, Write};
use std::net::SocketAddr;
use std::time::Instant;

use mio::net::TcpStream;

use super::left::Left;

/// As much of a connection's bytes is copied to where its next ones are read; more stays where it is.
const COPIED_MAX: usize = 16 << 10;
/// How many bytes are read at a time behind what stays.
const READ_BEHIND: usize = 64 << 10;

/// Why nothing more comes.
#[derive(Debug)]
pub(super) enum End {
    /// The client has sent all.
    Finished,
    /// The connection failed.
    Failed(io::Error),
}

/// Where the bytes lie that a connection has to offer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Place {
    /// In the connection.
    #[default]
    Left,
    /// In the memory that all connections share: so many.
    Shared(usize),
}

impl Place {
    /// The bytes there.
    pub(super) fn of<'a>(self, left: &'a Left, shared: &'a [u8]) -> &'a [u8] {
        match self {
            Place::Left => left.bytes(),
            Place::Shared(len) => &shared[..len],
        }
    }
}

pub(super) struct Connection {
    pub(super) stream: TcpStream,
    pub(super) peer: SocketAddr,
    pub(super) source: usize,
    /// What was read and not taken.
    pub(super) left: Left,
    /// Whether they begin with a whole frame, as far as is known: then no more is read.
    pub(super) whole: bool,
    pub(super) progress: Progress,
    /// Whether there may be something to read.
    pub(super) readable: bool,
    /// Whether the system has told that nothing more comes: that is read after all else.
    pub(super) closing: bool,
    pub(super) end: Option<End>,
    /// Whether it waits for credits.
    pub(super) waits: bool,
    /// Whether it is among those that have something to do.
    pub(super) queued: bool,
    /// When something was last read, or could have been.
    pub(super) last: Instant,
}

/// How far the taking of a connection's frames has come.
#[derive(Default)]
pub(super) struct Progress {
    /// How many of the bytes that are left were searched, and have no whole frame.
    pub(super) searched: usize,
    /// Whether a frame was taken.
    pub(super) begun: bool,
    pub(super) acks: Option<Acks>,
}

impl Connection {
    pub(super) fn new(
        stream: TcpStream,
        peer: SocketAddr,
        source: usize,
        now: Instant,
    ) -> Connection {
        Connection {
            stream,
            peer,
            source,
            left: Left::default(),
            whole: false,
            progress: Progress::default(),
            readable: true,
            closing: false,
            end: None,
            waits: false,
            queued: false,
            last: now,
        }
    }

    /// Reads once, if there may be something, no whole frame waits, and no more than `most` bytes do; tells
    /// where all of its bytes are, and how many were read.
    pub(super) fn read(&mut self, shared: &mut [u8], most: usize, now: Instant) -> (Place, usize) {
        let stays = !self.readable || self.end.is_some() || self.whole;
        if stays || self.left.len() >= most {
            return (Place::Left, 0);
        }
        self.last = now;
        let had = self.left.len();
        if had > COPIED_MAX {
            let asked = READ_BEHIND.min(most - had);
            let stream = &mut self.stream;
            let read = self.left.read(asked, |room| read_some(stream, room));
            return (Place::Left, self.note(read, asked));
        }
        self.left.move_to(shared);
        let asked = (shared.len() - had).min(most - had);
        let read = read_some(&mut self.stream, &mut shared[had..had + asked]);
        let count = self.note(read, asked);
        (Place::Shared(had + count), count)
    }

    /// Notes how a read went; tells how many bytes came.
    fn note(&mut self, read: io::Result<usize>, asked: usize) -> usize {
        match read {
            Ok(0) => self.end = Some(End::Finished),
            // What comes behind a short read is told of, unless it was before.
            Ok(count) => {
                self.readable = count == asked || self.closing;
                return count;
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => self.readable = false,
            Err(error) => self.end = Some(End::Failed(error)),
        }
        0
    }

    /// Keeps what was not taken: all from `at` on.
    pub(super) fn keep(&mut self, place: Place, shared: &[u8], at: usize) {
        match place {
            Place::Left => self.left.take(at),
            Place::Shared(len) => self.left.add(&shared[at..len]),
        }
        self.left.shrink();
    }

    /// Whether it still has something to be told.
    pub(super) fn is_owed(&self) -> bool {
        self.progress.acks.as_ref().is_some_and(Acks::is_owed)
    }
}

fn read_some(stream: &mut TcpStream, room: &mut [u8]) -> io::Result<usize> {
    loop {
        match stream.read(room) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            result => return result,
        }
    }
}

/// What a client is told that asked how many of its frames are done.
pub(super) struct Acks {
    /// How many frames were taken, and behind which position of the pipeline; in order.
    marks: VecDeque<(u64, u64)>,
    taken: u64,
    done: u64,
    told: u64,
    /// The count that is being written, and how many bytes of it are.
    writing: Option<([u8; 8], usize)>,
    pub(super) writable: bool,
}

impl Default for Acks {
    fn default() -> Acks {
        Acks {
            marks: VecDeque::new(),
            taken: 0,
            done: 0,
            told: 0,
            writing: None,
            // The system tells when it begins; it may have been told before anybody asked.
            writable: true,
        }
    }
}

impl Acks {
    /// So many more frames were taken, and are done when the pipeline is up to a position.
    pub(super) fn took(&mut self, frames: usize, position: u64) {
        self.taken += frames as u64;
        self.marks.push_back((position, self.taken));
    }

    /// The pipeline is done up to here; tells whether that is news.
    pub(super) fn passed(&mut self, watermark: u64) -> bool {
        let before = self.done;
        while let Some(&(position, count)) = self.marks.front()
            && position <= watermark
        {
            self.done = count;
            self.marks.pop_front();
        }
        self.done > before
    }

    /// Whether all frames that were taken are done.
    pub(super) fn is_done(&self) -> bool {
        self.marks.is_empty()
    }

    /// The position at which there will be more to tell.
    pub(super) fn next(&self) -> Option<u64> {
        self.marks.front().map(|&(position, _)| position)
    }

    /// Whether there is something to tell now.
    pub(super) fn is_late(&self) -> bool {
        self.told < self.done || self.writing.is_some()
    }

    fn is_owed(&self) -> bool {
        !self.marks.is_empty() || self.is_late()
    }

    /// Writes the newest count, as far as that goes without waiting.
    pub(super) fn tell(&mut self, stream: &mut TcpStream) -> io::Result<()> {
        while self.writable && self.is_late() {
            let (bytes, from) = self.writing.unwrap_or_else(|| {
                self.told = self.done;
                (self.done.to_be_bytes(), 0)
            });
            self.writing = Some((bytes, from));
            match stream.write(&bytes[from..]) {
                Ok(count) if from + count == bytes.len() => self.writing = None,
                Ok(count) => self.writing = Some((bytes, from + count)),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => self.writable = false,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}
