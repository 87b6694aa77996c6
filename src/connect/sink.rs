//! A sink that connects: its messages become bytes, in batches, and the bytes are written in order.

use std::collections::VecDeque;
use std::io;
use std::sync::Arc;
use std::task::Waker;
use std::time::{Duration, Instant};

use mio::Registry;

use super::link::{Change, Link};
use super::traffic::{Traffic, count};
use crate::engine::callback::call;
use crate::engine::{Engine, Failure, Outlet};
use crate::host::{EncodeBatch, Level, Verdict};
use crate::model::DeadReason;
use crate::topology::{Connect, FRAME_MAX};

/// How much room there is for what is encoded, at least.
const ROOM: usize = 64 << 10;
/// How often a sink encodes and writes in one turn.
const ROUNDS: usize = 8;

/// When a sink wants to be run again.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Next {
    /// At once.
    pub(super) again: bool,
    /// Or at this time.
    pub(super) deadline: Option<Instant>,
    /// Never: nothing is left.
    pub(super) over: bool,
}

pub(super) struct SinkSide {
    pipeline: usize,
    number: usize,
    path: Arc<str>,
    connect: Arc<Connect>,
    outlet: Outlet,
    link: Link,
    /// What is encoded; how much of it is written, and how much of that is whole messages.
    bytes: Vec<u8>,
    written: usize,
    out: usize,
    /// Where each of its messages ends in it.
    ends: VecDeque<usize>,
    /// Where those end that are being encoded.
    fresh: Vec<usize>,
    needed: usize,
    /// Whether its callback runs, and with how many messages.
    given: Option<usize>,
    /// How much room the next message needs, if it did not fit.
    room: usize,
    /// When what is encoded must be written, once the application closes.
    flush: Option<Instant>,
    traffic: Arc<Traffic>,
    /// Whether a failure to connect was told since it was last up.
    told: bool,
}

impl SinkSide {
    pub(super) fn new(
        (pipeline, number): (usize, usize),
        path: &str,
        connect: &Arc<Connect>,
        link: Link,
        traffic: Arc<Traffic>,
    ) -> SinkSide {
        SinkSide {
            pipeline,
            number,
            path: path.into(),
            connect: connect.clone(),
            outlet: Outlet::new(pipeline, number),
            link,
            bytes: Vec::new(),
            written: 0,
            out: 0,
            ends: VecDeque::new(),
            fresh: Vec::new(),
            needed: 0,
            given: None,
            room: ROOM,
            flush: None,
            traffic,
            told: false,
        }
    }

    /// Notes what the system told of its connection.
    pub(super) fn ready(&mut self, readable: bool, writable: bool) {
        self.link.ready(readable, writable);
    }

    /// Does all it can without waiting.
    pub(super) fn advance(
        &mut self,
        engine: &Engine,
        registry: &Registry,
        (waker, attended): (&Waker, bool),
        now: Instant,
    ) -> Next {
        let change = self.link.advance(registry, now);
        self.changed(engine, change);
        if let Some(reason) = engine.discarding() {
            let flush = *self
                .flush
                .get_or_insert_with(|| after(now, self.connect.flush));
            self.write(engine, now);
            if self.outlet.unwritten() == 0 || !attended || flush <= now {
                self.give_up(engine, reason, now);
                return Next {
                    over: true,
                    ..Next::default()
                };
            }
            let deadline = self.link.due().map_or(flush, |due| due.min(flush));
            return Next {
                again: self.link.is_readable(),
                deadline: Some(deadline),
                ..Next::default()
            };
        }
        let again = self.move_on(engine, waker, now);
        Next {
            again: again || self.link.is_readable(),
            deadline: self.link.due(),
            over: false,
        }
    }

    /// Nothing more is written: what is left is dead.
    pub(super) fn give_up(&mut self, engine: &Engine, reason: DeadReason, now: Instant) {
        self.outlet.give_up(engine, reason);
        self.ends.clear();
        self.bytes.clear();
        (self.written, self.out) = (0, 0);
        if self.link.is_up() {
            self.traffic.closed();
        }
        self.link.hang_up(now);
    }

    /// Encodes and writes; tells whether there is more to do at once.
    fn move_on(&mut self, engine: &Engine, waker: &Waker, now: Instant) -> bool {
        for _ in 0..ROUNDS {
            self.write(engine, now);
            if self.bytes.len() - self.written > self.connect.buffered {
                // It goes on when the system takes more.
                return false;
            }
            if self.outlet.waiting().is_empty() && !self.fetch(engine, waker) {
                return false;
            }
            if engine.discarding().is_some() {
                return true;
            }
            self.encode(engine);
        }
        true
    }

    fn fetch(&mut self, engine: &Engine, waker: &Waker) -> bool {
        let most = engine.plan.run_length;
        if self.outlet.fetch(engine, most) > 0 {
            return true;
        }
        engine.watch_sink(self.pipeline, self.number, waker);
        self.outlet.fetch(engine, most) > 0
    }

    fn encode(&mut self, engine: &Engine) {
        self.compact();
        if self.bytes.try_reserve(self.room).is_err() {
            return self.is_too_long(engine, &format!("{} bytes for it cannot be had", self.room));
        }
        self.fresh.clear();
        self.needed = 0;
        let values = self.outlet.waiting();
        self.given = Some(values.len());
        let mut batch = EncodeBatch {
            values,
            bytes: &mut self.bytes,
            ends: &mut self.fresh,
            needed: &mut self.needed,
        };
        let verdict = call(engine, || self.connect.encode.encode(&mut batch));
        self.encoded(engine, verdict);
    }

    /// The encoder's call is over, or its thread is gone.
    pub(super) fn encoded(&mut self, engine: &Engine, verdict: Verdict) {
        let Some(given) = self.given.take() else {
            return;
        };
        let before = self.ends.back().copied().unwrap_or(self.out);
        let done = self.fresh.len();
        let ascend =
            |ends: &[usize]| ends.is_sorted() && ends.first().is_none_or(|&end| end >= before);
        let contract = match verdict {
            _ if done > given => Some("it claims more messages done than it was given"),
            _ if !ascend(&self.fresh) || self.fresh.last() > Some(&self.bytes.len()) => {
                Some("the bytes of its messages do not end one behind the other")
            }
            Verdict::Failed(_) if done == given => Some("it failed with all done"),
            Verdict::OutputsFull if done == given => Some("there is no room, with all done"),
            Verdict::Done if done == 0 => Some("no message is done, and none failed"),
            Verdict::Contract(ref text) => Some(text.as_str()),
            _ => None,
        };
        if let Some(text) = contract {
            // What it did of them cannot be told: they are the host's, and dead.
            self.bytes.truncate(before);
            engine.fail(Failure::contract(&self.path, text));
            return;
        }
        self.bytes
            .truncate(self.fresh.last().copied().unwrap_or(before));
        self.ends.extend(self.fresh.drain(..));
        self.outlet.encoded(done);
        self.room = match verdict {
            Verdict::OutputsFull if done == 0 => self.needed.max(2 * self.room),
            _ => ROOM.max(self.needed),
        };
        match verdict {
            Verdict::OutputsFull if self.room > FRAME_MAX => {
                self.is_too_long(engine, &format!("it is longer than {FRAME_MAX} bytes"));
            }
            Verdict::Failed(text) => self.outlet.failed(engine, &text),
            _ => {}
        }
    }

    /// There is no room for the next message.
    fn is_too_long(&mut self, engine: &Engine, text: &str) {
        self.room = ROOM;
        self.outlet.failed(engine, text);
    }

    /// Whether its callback runs.
    pub(super) fn is_calling(&self) -> bool {
        self.given.is_some()
    }

    fn write(&mut self, engine: &Engine, now: Instant) {
        let (written, change) = self.link.write(&self.bytes[self.written..], now);
        count(&self.traffic.bytes, written);
        self.written += written;
        let whole = self.ends.partition_point(|&end| end <= self.written);
        if whole > 0 {
            self.outlet.written(engine, whole);
            let last = self.ends.drain(..whole).next_back().unwrap_or(0);
            self.forget(last);
        }
        self.changed(engine, change);
    }

    /// The bytes before `end` are out. They are let go of when that moves little.
    fn forget(&mut self, end: usize) {
        if self.ends.is_empty() {
            debug_assert_eq!(end, self.bytes.len());
            self.bytes.clear();
            (self.written, self.out) = (0, 0);
            if self.bytes.capacity() > 4 * self.connect.buffered.max(ROOM) {
                self.bytes = Vec::new();
            }
        } else {
            self.out = end;
        }
    }

    /// Moves what is left to the front, when that is less than what is out.
    fn compact(&mut self) {
        if self.out == 0 || self.out < self.bytes.len() / 2 {
            return;
        }
        self.bytes.drain(..self.out);
        self.written -= self.out;
        self.ends.iter_mut().for_each(|end| *end -= self.out);
        self.out = 0;
    }

    fn changed(&mut self, engine: &Engine, change: Change) {
        match change {
            Change::None => {}
            Change::Up(peer) => {
                self.traffic.opened();
                self.told = false;
                engine.log(Level::Info, &self.path, &format!("connected to {peer}"));
            }
            Change::Down {
                error,
                was_up,
                pause,
            } => self.lost_link(engine, &error, was_up, pause),
        }
    }

    fn lost_link(&mut self, engine: &Engine, error: &io::Error, was_up: bool, pause: Duration) {
        let why = match error.kind() {
            io::ErrorKind::UnexpectedEof => "the peer closed it".into(),
            _ => error.to_string(),
        };
        if was_up {
            self.traffic.closed();
        }
        // A message that was cut is written again as a whole.
        if self.written > self.out {
            count(&self.traffic.again, 1);
            self.written = self.out;
        }
        if std::mem::replace(&mut self.told, true) {
            return;
        }
        let address = &self.connect.address;
        let text = match was_up {
            true => {
                format!("lost the connection to {address}: {why}; connecting again in {pause:?}")
            }
            false => format!("cannot connect to {address}: {why}; trying again in {pause:?}"),
        };
        engine.log(Level::Warning, &self.path, &text);
    }
}

/// The end of a time that begins now; as long as it takes is a hundred years.
fn after(now: Instant, time: Option<Duration>) -> Instant {
    let long = Duration::from_secs(100 * 365 * 24 * 60 * 60);
    now + time.unwrap_or(long).min(long)
}
