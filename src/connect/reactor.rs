//! All sockets of an application, on one thread: a turn does what there is to do without waiting, then
//! waits for the system, for the engine, or for a time.
//!
//! Readiness is told once, when it begins, so each connection remembers it until the system says that
//! there is no more. Connections that have something to do take turns, a read each. Those that wait for
//! credits stand in line: who has got some goes to its end, and nobody gets any past it.
//!
//! Whoever wakes it sets a flag first, and only the first one after a turn began asks the system to. The
//! turn takes the flag back before it looks at anything: what is done before a wake is seen by this turn or
//! by the next, for which the system does not wait.

use std::collections::VecDeque;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Wake, Waker};
use std::time::{Duration, Instant};

use mio::event::Event;
use mio::{Events, Interest, Poll, Token};
use slab::Slab;

use super::connection::{Acks, Connection, End};
use super::sink::SinkSide;
use super::source::{Accepted, Source, Stop, Taking};
use super::traffic::count;
use crate::engine::{Engine, Failure, Service};
use crate::host::{Level, Verdict};
use crate::model::DeadReason;

/// How many bytes are read at a time.
const SHARED: usize = 256 << 10;
/// How many events are taken at a time.
const EVENTS: usize = 1024;
/// How many clients of a source are accepted in one turn.
const ACCEPTED: usize = 64;
/// How many connections that have something to do are served in one turn, so that all else has its turn.
const SERVED: usize = 64;

/// Wakes the reactor.
pub(super) struct Nudge {
    woken: AtomicBool,
    waker: mio::Waker,
}

impl Wake for Nudge {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if !self.woken.swap(true, Ordering::SeqCst) {
            // It can only fail for want of memory in the system, and then the next one tries again.
            if self.waker.wake().is_err() {
                self.woken.store(false, Ordering::SeqCst);
            }
        }
    }
}

/// Tokens: the waker, then listeners, sinks and connections.
const WAKER: Token = Token(0);

pub(super) fn listener_token(source: usize) -> Token {
    Token(1 + source)
}

pub(super) fn sink_token(sources: usize, sink: usize) -> Token {
    Token(1 + sources + sink)
}

pub(super) struct Reactor {
    poll: Poll,
    events: Events,
    nudge: Arc<Nudge>,
    waker: Waker,
    sources: Vec<Source>,
    sinks: Vec<SinkSide>,
    connections: Slab<Connection>,
    /// Connections that have something to do.
    ready: VecDeque<usize>,
    shared: Vec<u8>,
    taking: Taking,
    /// When connections are looked at that have been idle.
    sweep: Option<Instant>,
}

impl Reactor {
    /// A poll, and what wakes it.
    pub(super) fn poll() -> io::Result<(Poll, Arc<Nudge>)> {
        let poll = Poll::new()?;
        let waker = mio::Waker::new(poll.registry(), WAKER)?;
        let nudge = Nudge {
            woken: AtomicBool::new(false),
            waker,
        };
        Ok((poll, Arc::new(nudge)))
    }

    pub(super) fn new(
        (poll, nudge): (Poll, Arc<Nudge>),
        sources: Vec<Source>,
        sinks: Vec<SinkSide>,
    ) -> Reactor {
        Reactor {
            poll,
            events: Events::with_capacity(EVENTS),
            waker: nudge.clone().into(),
            nudge,
            sources,
            sinks,
            connections: Slab::new(),
            ready: VecDeque::new(),
            shared: vec![0; SHARED],
            taking: Taking::default(),
            sweep: None,
        }
    }

    fn connection_token(&self, key: usize) -> Token {
        Token(1 + self.sources.len() + self.sinks.len() + key)
    }

    fn enqueue(&mut self, key: usize) {
        if let Some(connection) = self.connections.get_mut(key)
            && !connection.queued
            && !connection.waits
        {
            connection.queued = true;
            self.ready.push_back(key);
        }
    }

    /// Lets those that wait for credits have them, in order; tells whether there may be more.
    fn serve_waiting(&mut self, engine: &Engine, now: Instant) -> bool {
        let mut more = false;
        for number in 0..self.sources.len() {
            let mut looks = 0..SERVED;
            while !self.sources[number].waiting.is_empty() && self.has_room(engine, number) {
                if looks.next().is_none() {
                    more = true;
                    break;
                }
                if let Some(key) = self.sources[number].waiting.pop_front() {
                    self.connections[key].waits = false;
                    self.visit(engine, (key, true), now);
                }
            }
        }
        more
    }

    /// Whether there are credits for a source; if not, the reactor is woken once there are.
    fn has_room(&self, engine: &Engine, number: usize) -> bool {
        let pipeline = self.sources[number].pipeline;
        let room = || engine.room(pipeline) > 0;
        room() || {
            engine.watch_room(pipeline, &self.waker);
            room()
        }
    }

    // ---- clients ----

    fn accept(&mut self, engine: &Engine, now: Instant) -> bool {
        let mut more = false;
        for number in 0..self.sources.len() {
            let mut looks = 0..ACCEPTED;
            more |= loop {
                if looks.next().is_none() {
                    break true;
                }
                match self.sources[number].accept(engine, number, now) {
                    Accepted::Nobody => break false,
                    Accepted::Refused => {}
                    Accepted::Client(client) => self.welcome(engine, *client),
                }
            };
        }
        more
    }

    fn welcome(&mut self, engine: &Engine, mut client: Connection) {
        let key = self.connections.vacant_key();
        let token = self.connection_token(key);
        // Only who asks for acknowledgements is written to.
        let interest = match self.sources[client.source].listen.ack_request {
            Some(_) => Interest::READABLE | Interest::WRITABLE,
            None => Interest::READABLE,
        };
        let registered = self
            .poll
            .registry()
            .register(&mut client.stream, token, interest);
        let peer = client.peer;
        let number = client.source;
        self.connections.insert(client);
        match registered {
            Ok(()) => self.enqueue(key),
            Err(error) => {
                let text = format!("closed the connection of {peer}: {error}");
                let source = &self.sources[number];
                engine.log(Level::Warning, &source.path, &text);
                self.close(key);
            }
        }
    }

    /// Lets a connection have its turn. `first` is the first one in line for credits.
    fn visit(&mut self, engine: &Engine, (key, first): (usize, bool), now: Instant) {
        let Some(connection) = self.connections.get_mut(key) else {
            return;
        };
        connection.queued = false;
        let source = &self.sources[connection.source];
        let (place, read) = connection.read(&mut self.shared, source.buffered_max(), now);
        count(&source.traffic.bytes, read);
        let may = first || source.waiting.is_empty();
        self.taking.begin(key, place, may);
        self.take(engine, now);
    }

    /// Takes frames of the connection whose turn it is.
    fn take(&mut self, engine: &Engine, now: Instant) {
        let Some(key) = self.taking.key else { return };
        let connection = &mut self.connections[key];
        let source = &mut self.sources[connection.source];
        let asked = connection.progress.acks.is_some();
        let Connection { left, progress, .. } = connection;
        let bytes = self.taking.place.of(left, &self.shared);
        let (pipeline, waker) = (source.pipeline, &self.waker);
        let watch = || engine.watch_room(pipeline, waker);
        let stop = self.taking.go_on(engine, (source, progress), bytes, watch);
        connection.keep(self.taking.place, &self.shared, self.taking.at);
        self.taking.key = None;
        if connection.progress.acks.is_some() && !asked {
            source.asking.push(key);
            // A count is not to wait until the client's system has confirmed the one before.
            let _ = connection.stream.set_nodelay(true);
        }
        connection.last = now;
        connection.whole = stop == Stop::NoRoom;
        match stop {
            Stop::NoRoom => {
                connection.waits = true;
                source.waiting.push_back(key);
            }
            Stop::Wrong(wrong) => self.cut(engine, key, &wrong.0),
            Stop::NoFrame if connection.end.is_some() => self.finish(engine, key),
            Stop::NoFrame if connection.readable => self.enqueue(key),
            // What is to become of it then is decided for all.
            Stop::NoFrame | Stop::Ended => {}
        }
    }

    /// A client broke a limit, or makes no sense.
    fn cut(&mut self, engine: &Engine, key: usize, why: &str) {
        let connection = &self.connections[key];
        let source = &self.sources[connection.source];
        count(&source.traffic.cut, 1);
        let text = format!("closed the connection of {}: {why}", connection.peer);
        engine.log(Level::Warning, &source.path, &text);
        self.close(key);
    }

    /// Nothing more comes of a client: it goes, unless it is still to be told something.
    fn finish(&mut self, engine: &Engine, key: usize) {
        let connection = &mut self.connections[key];
        let (source, left) = (&self.sources[connection.source], connection.left.len());
        let failed = match &connection.end {
            Some(End::Failed(error)) => Some(error),
            _ => None,
        };
        let peer = connection.peer;
        let text = match (failed, left) {
            (None, 0) => None,
            (None, _) => Some(format!(
                "the connection of {peer} ended inside a frame: {left} bytes are dropped"
            )),
            (Some(error), _) => Some(format!(
                "the connection of {peer} failed: {error}; {left} bytes are dropped"
            )),
        };
        if let Some(text) = text {
            engine.log(Level::Warning, &source.path, &text);
        }
        let failed = failed.is_some();
        count(&source.traffic.dropped, left);
        connection.left.clear();
        if failed || !connection.is_owed() {
            self.close(key);
        }
    }

    fn close(&mut self, key: usize) {
        let connection = self.connections.remove(key);
        let source = &mut self.sources[connection.source];
        count(&source.traffic.dropped, connection.left.len());
        source.open -= 1;
        source.traffic.closed();
        source.waiting.retain(|&waiting| waiting != key);
        source.asking.retain(|&asking| asking != key);
        if connection.queued {
            self.ready.retain(|&ready| ready != key);
        }
    }

    /// Tells clients that asked how many of their frames are done.
    fn tell(&mut self, engine: &Engine, now: Instant) {
        for number in 0..self.sources.len() {
            let source = &self.sources[number];
            if source.asking.is_empty() {
                continue;
            }
            let watermark = engine.watermark(source.pipeline);
            // Looked at behind the watermark: what was thrown away raises it, too.
            if engine.has_thrown_away(source.pipeline) {
                continue;
            }
            for key in source.asking.clone() {
                self.tell_one(key, watermark, now);
            }
        }
    }

    fn tell_one(&mut self, key: usize, watermark: u64, now: Instant) {
        let Connection {
            stream,
            progress,
            end,
            last,
            ..
        } = &mut self.connections[key];
        let Some(acks) = &mut progress.acks else {
            return;
        };
        if acks.passed(watermark) {
            // It could have sent nothing before: it waits for this.
            *last = now;
        }
        let told = acks.tell(stream);
        if told.is_err() && end.is_none() {
            *end = told.err().map(End::Failed);
            return self.enqueue(key);
        }
        let connection = &self.connections[key];
        let over = connection.end.is_some() && connection.left.is_empty() && !connection.queued;
        if over && !connection.waits && (told.is_err() || !connection.is_owed()) {
            self.close(key);
        }
    }

    /// Whether the pipeline of a client that waits to be told has come further meanwhile; if not, the
    /// reactor is woken once it does.
    fn is_more_to_tell(&self, engine: &Engine) -> bool {
        self.sources.iter().any(|source| {
            let acks = |&key: &usize| self.connections[key].progress.acks.as_ref();
            let mut asking = source.asking.iter().filter_map(acks);
            let first = asking.clone().filter_map(Acks::next).min();
            let Some(first) = first else {
                return asking.any(|acks| acks.writable && acks.is_late());
            };
            engine.watch_watermark(source.pipeline, &self.waker);
            engine.watermark(source.pipeline) >= first
        })
    }

    /// Closes connections that have been idle for too long, each time that is a quarter of that time.
    fn sweep(&mut self, engine: &Engine, now: Instant) {
        let limits = self.sources.iter().filter(|source| source.open > 0);
        let shortest = limits.filter_map(|source| source.listen.limits.idle).min();
        let next = shortest.and_then(|idle| now.checked_add(idle / 4));
        let due = self.sweep.is_some_and(|at| at <= now);
        if !due || next.is_none() {
            // A client of a source with less patience may have come since.
            self.sweep = next.map(|next| self.sweep.map_or(next, |at| at.min(next)));
            return;
        }
        self.sweep = next;
        let idle = |connection: &Connection| {
            let idle = self.sources[connection.source].listen.limits.idle;
            let acks = connection.progress.acks.as_ref();
            let is_done = acks.is_none_or(Acks::is_done);
            idle.filter(|_| !connection.waits && connection.end.is_none() && is_done)
        };
        let overdue = |connection: &Connection| {
            let idle = idle(connection)?;
            let at = connection.last.checked_add(idle)?;
            (at <= now).then_some(idle)
        };
        let overdue = self
            .connections
            .iter()
            .filter_map(|(key, connection)| Some((key, overdue(connection)?)));
        let overdue: Vec<(usize, Duration)> = overdue.collect();
        for (key, idle) in overdue {
            self.cut(engine, key, &format!("it sent nothing for {idle:?}"));
        }
    }

    // ---- the end of intake ----

    /// Lets go of clients: nothing more is taken. Those that are to be told of what was taken stay for
    /// that, unless all is over.
    fn end_intake(&mut self, over: bool) {
        for source in &mut self.sources {
            source.listener = None;
            source.accept_at = None;
        }
        // Times that are over would keep the reactor awake.
        self.sweep = None;
        let gone = |connection: &Connection| over || !connection.is_owed();
        let gone: Vec<usize> = self
            .connections
            .iter()
            .filter_map(|(key, connection)| gone(connection).then_some(key))
            .collect();
        gone.into_iter().for_each(|key| self.close(key));
    }

    /// Without readiness nothing goes on: all that it has is let go of.
    fn give_up(&mut self, engine: &Engine) {
        let now = Instant::now();
        self.end_intake(true);
        let reason = engine.discarding().unwrap_or(DeadReason::Failed);
        for sink in &mut self.sinks {
            sink.give_up(engine, reason, now);
        }
    }

    // ---- turns ----

    fn serve(&mut self, engine: &Engine, attended: bool) -> io::Result<bool> {
        // It reads what it replaces: what was done before that wake is seen.
        self.nudge.woken.swap(false, Ordering::SeqCst);
        let now = Instant::now();
        self.take(engine, now);
        let mut again = false;
        let discarding = engine.discarding().is_some();
        let intake = engine.refusal().is_none();
        if intake {
            again |= self.accept(engine, now);
            again |= self.serve_waiting(engine, now);
            for _ in 0..self.ready.len().min(SERVED) {
                if let Some(key) = self.ready.pop_front() {
                    self.visit(engine, (key, false), now);
                }
            }
            self.sweep(engine, now);
        }
        self.tell(engine, now);
        if !intake {
            self.end_intake(discarding);
        }
        let mut deadline = None;
        let mut over = true;
        for sink in &mut self.sinks {
            let next = sink.advance(engine, self.poll.registry(), (&self.waker, attended), now);
            again |= next.again;
            over &= next.over;
            deadline = earlier(deadline, next.deadline);
        }
        if discarding && over && self.connections.is_empty() {
            return Ok(false);
        }
        for source in &self.sources {
            deadline = earlier(deadline, source.accept_at);
        }
        deadline = earlier(deadline, self.sweep);
        let intake = engine.refusal().is_none();
        let busy = again
            || !attended
            || intake && !self.ready.is_empty()
            || discarding != engine.discarding().is_some()
            || self.is_more_to_tell(engine);
        let timeout = match (busy, deadline) {
            (true, _) => Some(Duration::ZERO),
            (false, None) => None,
            (false, Some(deadline)) => Some(deadline.saturating_duration_since(Instant::now())),
        };
        self.look(timeout)?;
        Ok(true)
    }

    /// Takes note of what the system tells, and waits for that at most so long.
    fn look(&mut self, timeout: Option<Duration>) -> io::Result<()> {
        match self.poll.poll(&mut self.events, timeout) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => return Ok(()),
            result => result?,
        }
        let events = std::mem::replace(&mut self.events, Events::with_capacity(0));
        events.iter().for_each(|event| self.note(event));
        self.events = events;
        Ok(())
    }

    fn note(&mut self, event: &Event) {
        let readable = event.is_readable() || event.is_read_closed() || event.is_error();
        let writable = event.is_writable() || event.is_write_closed() || event.is_error();
        let Some(number) = event.token().0.checked_sub(1) else {
            return;
        };
        if let Some(source) = self.sources.get_mut(number) {
            source.acceptable = true;
            return;
        }
        let number = number - self.sources.len();
        if let Some(sink) = self.sinks.get_mut(number) {
            return sink.ready(readable, writable);
        }
        let key = number - self.sinks.len();
        let Some(connection) = self.connections.get_mut(key) else {
            return;
        };
        if let Some(acks) = &mut connection.progress.acks {
            acks.writable |= writable;
        }
        connection.closing |= event.is_read_closed() || event.is_error();
        if readable {
            connection.readable = true;
            self.enqueue(key);
        }
    }
}

/// The earlier of two times.
fn earlier(one: Option<Instant>, other: Option<Instant>) -> Option<Instant> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
}

impl Service for Reactor {
    fn advance(&mut self, engine: &Engine, attended: bool) -> bool {
        self.serve(engine, attended).unwrap_or_else(|error| {
            let text = format!("waiting for sockets failed: {error}");
            engine.fail(Failure::internal(&engine.plan.path, &text));
            self.give_up(engine);
            false
        })
    }

    fn lost(&mut self, engine: &Engine, verdict: Verdict) {
        if let Some(key) = self.taking.key.filter(|_| self.taking.is_calling()) {
            let Connection { source, left, .. } = &self.connections[key];
            let bytes = self.taking.place.of(left, &self.shared);
            let source = &mut self.sources[*source];
            return self.taking.lost(engine, source, bytes, verdict);
        }
        if let Some(sink) = self.sinks.iter_mut().find(|sink| sink.is_calling()) {
            sink.encoded(engine, verdict);
        }
    }
}
