//! A source that listens: its clients, and how frames of theirs become messages.

use std::collections::VecDeque;
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use mio::net::TcpListener;

use super::connection::{Acks, Connection, Place, Progress};
use super::frame::{Framer, Wrong};
use super::traffic::{Traffic, count};
use crate::engine::callback::call;
use crate::engine::{Engine, Failure, Intake, Refusal};
use crate::host::{DecodeBatch, Frame, Level, Verdict};
use crate::model::Value;
use crate::topology::Listen;

/// How long no client is accepted after that has failed.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// A source, without its clients.
pub(super) struct Source {
    pub(super) pipeline: usize,
    pub(super) path: Arc<str>,
    pub(super) listen: Arc<Listen>,
    framer: Framer,
    intake: Intake,
    /// None once intake has ended.
    pub(super) listener: Option<TcpListener>,
    /// Whether there may be a client to accept, and from when on that is tried.
    pub(super) acceptable: bool,
    pub(super) accept_at: Option<Instant>,
    pub(super) traffic: Arc<Traffic>,
    /// Clients that wait for credits, in order.
    pub(super) waiting: VecDeque<usize>,
    /// Clients that asked to be told how much is done.
    pub(super) asking: Vec<usize>,
    pub(super) open: usize,
}

/// What a look for a client came to.
pub(super) enum Accepted {
    Client(Box<Connection>),
    /// Another look may find one.
    Refused,
    Nobody,
}

impl Source {
    pub(super) fn new(
        pipeline: usize,
        path: &str,
        listen: &Arc<Listen>,
        listener: TcpListener,
        traffic: Arc<Traffic>,
    ) -> Source {
        Source {
            pipeline,
            path: path.into(),
            framer: Framer::new(&listen.framing, listen.limits.frame),
            listen: listen.clone(),
            intake: Intake::new(pipeline),
            listener: Some(listener),
            acceptable: true,
            accept_at: None,
            traffic,
            waiting: VecDeque::new(),
            asking: Vec::new(),
            open: 0,
        }
    }

    /// Takes one client that wants to connect.
    pub(super) fn accept(&mut self, engine: &Engine, number: usize, now: Instant) -> Accepted {
        let Some(listener) = self.listener.as_ref().filter(|_| self.acceptable) else {
            return Accepted::Nobody;
        };
        if self.accept_at.is_some_and(|at| at > now) {
            return Accepted::Nobody;
        }
        self.accept_at = None;
        match listener.accept() {
            Ok((stream, peer)) if self.open < self.listen.limits.connections => {
                self.open += 1;
                self.traffic.opened();
                Accepted::Client(Box::new(Connection::new(stream, peer, number, now)))
            }
            Ok((_, peer)) => {
                let most = self.listen.limits.connections;
                count(&self.traffic.cut, 1);
                let text = format!("closed the connection of {peer}: there are {most} already");
                engine.log(Level::Warning, &self.path, &text);
                Accepted::Refused
            }
            Err(error) => self.not_accepted(engine, &error, now),
        }
    }

    fn not_accepted(&mut self, engine: &Engine, error: &io::Error, now: Instant) -> Accepted {
        match error.kind() {
            io::ErrorKind::WouldBlock => {
                self.acceptable = false;
                Accepted::Nobody
            }
            // The client is gone again.
            io::ErrorKind::Interrupted
            | io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionReset => Accepted::Refused,
            _ => {
                self.accept_at = Some(now + ACCEPT_PAUSE);
                let text = format!("cannot accept a connection: {error}; trying again");
                engine.log(Level::Warning, &self.path, &text);
                Accepted::Nobody
            }
        }
    }

    /// How many bytes of a connection may wait: one whole frame, and what is allowed beyond.
    pub(super) fn buffered_max(&self) -> usize {
        self.framer.whole_max() + self.listen.limits.buffered
    }
}

/// Which callback runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Call {
    #[default]
    None,
    Split,
    Decode,
}

/// What a connection has to offer, while it becomes messages. All of it is kept here and not on the stack:
/// the thread may end inside a callback, and another goes on.
#[derive(Default)]
pub(super) struct Taking {
    /// Whose it is.
    pub(super) key: Option<usize>,
    pub(super) place: Place,
    /// How many bytes of it are taken.
    pub(super) at: usize,
    /// Whether it may have credits: nobody else stands in line for them.
    may: bool,
    /// Frames that credits were taken for, behind those bytes, and how many of them are over.
    frames: Vec<Frame>,
    next: usize,
    /// What a decoder makes of them.
    values: Vec<Value>,
    filtered: Vec<u8>,
    kept: Vec<Value>,
    call: Call,
    wrong: Option<Wrong>,
}

/// Why no more of a connection is taken.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Stop {
    /// There is no whole frame left.
    NoFrame,
    /// There are no credits.
    NoRoom,
    /// Intake has ended.
    Ended,
    /// What comes next makes no sense.
    Wrong(Wrong),
}

impl Taking {
    pub(super) fn begin(&mut self, key: usize, place: Place, may: bool) {
        (self.key, self.place, self.at) = (Some(key), place, 0);
        self.may = may;
        self.frames.clear();
        self.next = 0;
    }

    /// Takes whole frames out of `bytes`, as long as there are credits.
    pub(super) fn go_on(
        &mut self,
        engine: &Engine,
        (source, progress): (&mut Source, &mut Progress),
        bytes: &[u8],
        watch: impl Fn(),
    ) -> Stop {
        loop {
            while self.next < self.frames.len() {
                let verdict = self.decode(engine, source, bytes);
                self.decoded(engine, source, bytes, verdict);
            }
            self.at += self.frames.last().map_or(0, |frame| frame.end);
            self.frames.clear();
            self.next = 0;
            if let Some(wrong) = self.wrong.take() {
                return Stop::Wrong(wrong);
            }
            // One tells whether there is any.
            let most = match self.may {
                true => engine
                    .room(source.pipeline)
                    .clamp(1, engine.plan.run_length),
                false => 1,
            };
            let searched = &mut progress.searched;
            self.call = Call::Split;
            let left = &bytes[self.at..];
            let cut = source
                .framer
                .cut(left, (most, searched), &mut self.frames, |host| {
                    call(engine, host)
                });
            self.call = Call::None;
            if let Err(wrong) = cut {
                return Stop::Wrong(wrong);
            }
            let Some(first) = self.frames.first() else {
                return Stop::NoFrame;
            };
            if !progress.begun {
                progress.begun = true;
                let payload = &bytes[self.at + first.start..][..first.len];
                if source.listen.ack_request.as_deref() == Some(payload) {
                    progress.acks = Some(Acks::default());
                    self.at += first.end;
                    self.frames.clear();
                    continue;
                }
            }
            if let Err(stop) = self.admit(engine, (source, progress), &watch) {
                self.frames.clear();
                return stop;
            }
        }
    }

    /// Takes credits for as many of the frames as there are.
    fn admit(
        &mut self,
        engine: &Engine,
        (source, progress): (&mut Source, &mut Progress),
        watch: impl Fn(),
    ) -> Result<(), Stop> {
        if !self.may {
            return Err(Stop::NoRoom);
        }
        let tracked = progress.acks.is_some();
        let mut admit = || source.intake.admit(engine, self.frames.len(), tracked);
        let admitted = match admit() {
            Err(Refusal::WouldBlock) => {
                watch();
                admit()
            }
            admitted => admitted,
        };
        match admitted {
            Ok(count) => {
                self.frames.truncate(count);
                if let Some(acks) = &mut progress.acks {
                    acks.took(count, source.intake.position());
                }
                Ok(())
            }
            Err(Refusal::WouldBlock) => Err(Stop::NoRoom),
            Err(_) => Err(Stop::Ended),
        }
    }

    fn decode(&mut self, engine: &Engine, source: &Source, bytes: &[u8]) -> Verdict {
        let frames = &self.frames[self.next..];
        self.values.clear();
        self.filtered.clear();
        self.filtered.resize(frames.len(), 0);
        self.call = Call::Decode;
        let mut batch = DecodeBatch {
            bytes: &bytes[self.at..],
            frames,
            values: &mut self.values,
            filtered: &mut self.filtered,
        };
        call(engine, || source.listen.decode.decode(&mut batch))
    }

    /// Lets in what was decoded.
    fn decoded(&mut self, engine: &Engine, source: &mut Source, bytes: &[u8], verdict: Verdict) {
        self.call = Call::None;
        let given = self.frames.len() - self.next;
        let done = self.values.len();
        let contract = match verdict {
            _ if done > given => Some("it claims more frames done than it was given"),
            Verdict::Failed(_) if done == given => Some("it failed with all done"),
            Verdict::Done if done == 0 => Some("no frame is done, and none failed"),
            Verdict::OutputsFull => Some("a decoder has no outputs"),
            Verdict::Contract(ref text) => Some(text.as_str()),
            _ => None,
        };
        let done = done.min(given);
        self.kept.clear();
        let values = self.values.drain(..).zip(&self.filtered).take(done);
        self.kept.extend(
            values
                .filter(|(_, filtered)| **filtered == 0)
                .map(|(value, _)| value),
        );
        let filtered = done - self.kept.len();
        source.intake.pass(engine, &self.kept);
        source.intake.forgo(engine, filtered);
        self.next += done;
        count(&source.traffic.frames, done);
        count(&source.traffic.filtered, filtered);
        if let Some(text) = contract {
            engine.fail(Failure::contract(&source.path, text));
            source.intake.forgo(engine, given - done);
            self.next = self.frames.len();
        } else if let Verdict::Failed(text) = verdict {
            let Frame { start, len, .. } = self.frames[self.next];
            let frame = &bytes[self.at + start..][..len];
            count(&source.traffic.frames, 1);
            source.intake.bury(engine, frame, &text);
            self.next += 1;
        }
    }

    /// The thread ended inside a callback.
    pub(super) fn lost(
        &mut self,
        engine: &Engine,
        source: &mut Source,
        bytes: &[u8],
        verdict: Verdict,
    ) {
        match std::mem::take(&mut self.call) {
            Call::Decode => self.decoded(engine, source, bytes, verdict),
            Call::Split => {
                self.frames.clear();
                let why = match verdict {
                    Verdict::Failed(text) | Verdict::Contract(text) => text,
                    Verdict::Done | Verdict::OutputsFull => String::new(),
                };
                let text = format!("a header that makes no sense: {why}");
                self.wrong = Some(Wrong(text));
            }
            Call::None => {}
        }
    }

    /// Whether a callback of it runs.
    pub(super) fn is_calling(&self) -> bool {
        self.call != Call::None
    }
}
