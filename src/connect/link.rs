//! The connection of a sink: made again when it is lost, after pauses that grow.

use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr};
use std::time::{Duration, Instant};

use mio::net::TcpStream;
use mio::{Interest, Registry, Token};

/// How often is read what a peer sends, in one turn.
const READS: usize = 16;

enum State {
    /// There is none, and none will be made.
    Over,
    /// There is none; one is made at this time.
    Down(Instant),
    /// One is on the way.
    Coming(TcpStream),
    Up(TcpStream),
}

/// What has become of a link.
#[derive(Debug)]
pub(super) enum Change {
    None,
    /// It is there.
    Up(SocketAddr),
    /// It could not be made, or was lost.
    Down {
        error: io::Error,
        /// Whether it was there before.
        was_up: bool,
        pause: Duration,
    },
}

pub(super) struct Link {
    addresses: Vec<SocketAddr>,
    /// Which of them is tried next.
    next: usize,
    token: Token,
    pauses: (Duration, Duration),
    pause: Duration,
    state: State,
    pub(super) writable: bool,
    readable: bool,
    random: fastrand::Rng,
}

impl Link {
    pub(super) fn new(
        addresses: Vec<SocketAddr>,
        token: Token,
        pauses: (Duration, Duration),
        now: Instant,
    ) -> Link {
        Link {
            addresses,
            next: 0,
            token,
            pauses,
            pause: pauses.0,
            state: State::Down(now),
            writable: false,
            readable: false,
            random: fastrand::Rng::with_seed(seed()),
        }
    }

    pub(super) fn is_up(&self) -> bool {
        matches!(self.state, State::Up(_))
    }

    /// It is needed no more. What the peer has sent is read before: with bytes unread the system would
    /// reset the connection, and throw away what is still on its way to the peer.
    pub(super) fn hang_up(&mut self, now: Instant) {
        if let State::Up(stream) = &self.state {
            let _ = stream.shutdown(Shutdown::Write);
            self.readable = true;
            self.listen(now);
        }
        self.state = State::Over;
    }

    /// Whether the peer has sent more than was read.
    pub(super) fn is_readable(&self) -> bool {
        self.is_up() && self.readable
    }

    /// When it is made again, if it is not there.
    pub(super) fn due(&self) -> Option<Instant> {
        match self.state {
            State::Down(at) => Some(at),
            _ => None,
        }
    }

    /// Notes what the system told of it.
    pub(super) fn ready(&mut self, readable: bool, writable: bool) {
        self.readable |= readable;
        self.writable |= writable;
    }

    /// Goes on, as far as that goes without waiting.
    pub(super) fn advance(&mut self, registry: &Registry, now: Instant) -> Change {
        match &self.state {
            State::Down(at) if *at <= now => self.connect(registry, now),
            State::Down(_) | State::Over => Change::None,
            State::Coming(_) => self.arrive(now),
            State::Up(_) => self.listen(now),
        }
    }

    fn connect(&mut self, registry: &Registry, now: Instant) -> Change {
        let address = self.addresses[self.next % self.addresses.len()];
        (self.readable, self.writable) = (false, false);
        let made = TcpStream::connect(address).and_then(|mut stream| {
            let interest = Interest::READABLE | Interest::WRITABLE;
            registry.register(&mut stream, self.token, interest)?;
            Ok(stream)
        });
        match made {
            Ok(stream) => {
                self.state = State::Coming(stream);
                Change::None
            }
            Err(error) => self.down(error, now),
        }
    }

    fn arrive(&mut self, now: Instant) -> Change {
        let State::Coming(stream) = &self.state else {
            return Change::None;
        };
        if !self.writable && !self.readable {
            return Change::None;
        }
        let arrived = match stream.take_error() {
            Ok(Some(error)) | Err(error) => Err(error),
            Ok(None) => stream.peer_addr(),
        };
        match arrived {
            Err(error) if error.kind() == io::ErrorKind::NotConnected => {
                self.writable = false;
                Change::None
            }
            Err(error) => self.down(error, now),
            Ok(peer) => {
                // Small writes are gathered here: the system need not.
                let _ = stream.set_nodelay(true);
                let coming = std::mem::replace(&mut self.state, State::Down(now));
                if let State::Coming(stream) = coming {
                    self.state = State::Up(stream);
                }
                self.pause = self.pauses.0;
                Change::Up(peer)
            }
        }
    }

    /// Reads some of what the peer sends and throws it away: that tells that it is gone.
    fn listen(&mut self, now: Instant) -> Change {
        let State::Up(stream) = &mut self.state else {
            return Change::None;
        };
        let mut away = [0; 4096];
        for _ in 0..READS {
            if !self.readable {
                break;
            }
            match stream.read(&mut away) {
                Ok(0) => return self.down(io::ErrorKind::UnexpectedEof.into(), now),
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => self.readable = false,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return self.down(error, now),
            }
        }
        Change::None
    }

    /// Writes as much as the system takes, and tells how much.
    pub(super) fn write(&mut self, bytes: &[u8], now: Instant) -> (usize, Change) {
        let mut written = 0;
        while self.writable && written < bytes.len() {
            let State::Up(stream) = &mut self.state else {
                break;
            };
            match stream.write(&bytes[written..]) {
                Ok(0) => return (written, self.down(io::ErrorKind::WriteZero.into(), now)),
                Ok(count) => written += count,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => self.writable = false,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return (written, self.down(error, now)),
            }
        }
        (written, Change::None)
    }

    /// It is not there any more; the next one is made after a pause, which is somewhat different each time
    /// so that many that lost the same peer do not come back at once.
    fn down(&mut self, error: io::Error, now: Instant) -> Change {
        let was_up = self.is_up();
        let pause = self.pause.mul_f64(0.75 + self.random.f64() / 4.0);
        self.pause = (self.pause * 2).min(self.pauses.1);
        self.next += 1;
        self.state = State::Down(now + pause);
        Change::Down {
            error,
            was_up,
            pause,
        }
    }
}

/// Pauses are to differ from one process to the next, no more than that.
fn seed() -> u64 {
    let now = std::time::UNIX_EPOCH.elapsed().unwrap_or_default();
    now.as_nanos() as u64 ^ u64::from(std::process::id()).rotate_right(16)
}
