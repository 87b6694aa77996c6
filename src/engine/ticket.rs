//! Tickets: how much is left of what was sent with a completion.
//!
//! A ticket is taken for a batch, or for each message of one, when messages of it are admitted. Its count
//! is how many messages are in flight that descend from it, and one more while its send is not over. Counts
//! are changed without a lock: raised before messages are passed on, lowered when they are gone. A count
//! does not rise from zero, so one thread alone brings it there, and *finishes* the ticket, in the book of
//! its pipeline. A finished ticket is reported once, or not at all if it is *quiet*; then its number is free
//! for another.
//!
//! The book also has the line of what was admitted, in order, with positions counted in messages. The
//! watermark is the position up to which every ticket in the line is finished.

use std::collections::VecDeque;
use std::sync::atomic::AtomicU64;

use once_cell::sync::OnceCell;

use super::event::Event;
use crate::host::Completion;
use crate::model::DeadReason;
use crate::sync::{Arc, AtomicBool, AtomicI64, Mutex, MutexGuard, Ordering, lock};

/// The number of a ticket of a pipeline; 0 is none.
pub(crate) type Ticket = u64;

/// How many counts the first chunk has; each other one has twice as many as the one before.
const FIRST_CHUNK: usize = if cfg!(loom) { 2 } else { 64 };
const CHUNKS: usize = 32;

struct Count {
    pending: AtomicI64,
    token: AtomicU64,
    /// Whether nobody is told when it is finished.
    quiet: AtomicBool,
}

/// Counts, in memory that stays where it is.
struct Counts([OnceCell<Box<[Count]>>; CHUNKS]);

impl Counts {
    fn of(&self, ticket: Ticket) -> &Count {
        let place = ticket as usize - 1 + FIRST_CHUNK;
        let chunk = (place / FIRST_CHUNK).ilog2() as usize;
        let counts = self.0[chunk].get_or_init(|| {
            let count = || Count {
                pending: AtomicI64::new(0),
                token: AtomicU64::new(0),
                quiet: AtomicBool::new(false),
            };
            (0..FIRST_CHUNK << chunk).map(|_| count()).collect()
        });
        &counts[place - (FIRST_CHUNK << chunk)]
    }
}

/// What is known of a ticket beside its count.
#[derive(Default)]
struct Entry {
    /// How many tickets had this number before.
    generation: u32,
    /// Whether it is taken and not finished.
    open: bool,
    dead: u64,
    first: Option<(DeadReason, Box<str>)>,
}

/// Messages that were admitted together.
struct Admitted {
    ticket: Ticket,
    generation: u32,
    /// The position behind the last of them.
    end: u64,
}

#[derive(Default)]
struct Book {
    entries: Vec<Entry>,
    free: Vec<Ticket>,
    /// How many tickets are open, and how many of these are quiet.
    open: usize,
    quiet: usize,
    /// Tickets to be reported, in the order they were finished.
    finished: VecDeque<Ticket>,
    line: VecDeque<Admitted>,
    position: u64,
    watermark: u64,
}

impl Book {
    fn entry(&mut self, ticket: Ticket) -> &mut Entry {
        &mut self.entries[ticket as usize - 1]
    }

    fn open(&mut self) -> Ticket {
        let ticket = self.free.pop().unwrap_or_else(|| {
            self.entries.push(Entry::default());
            self.entries.len() as Ticket
        });
        self.open += 1;
        self.entry(ticket).open = true;
        ticket
    }

    fn line_up(&mut self, ticket: Ticket, messages: usize) -> u64 {
        self.position += messages as u64;
        let (generation, end) = (self.entry(ticket).generation, self.position);
        self.line.push_back(Admitted {
            ticket,
            generation,
            end,
        });
        end
    }

    fn finish(&mut self, ticket: Ticket, quiet: bool) {
        self.entry(ticket).open = false;
        self.open -= 1;
        self.quiet -= usize::from(quiet);
        match quiet {
            true => drop(self.close(ticket, 0)),
            false => self.finished.push_back(ticket),
        }
        while let Some(front) = self.line.front() {
            let entry = &self.entries[front.ticket as usize - 1];
            if entry.open && entry.generation == front.generation {
                break;
            }
            self.watermark = front.end;
            self.line.pop_front();
        }
    }

    /// What a finished ticket has to report; its number is free.
    fn close(&mut self, ticket: Ticket, token: u64) -> Completion {
        let entry = self.entry(ticket);
        entry.generation = entry.generation.wrapping_add(1);
        let (dead, first) = (std::mem::take(&mut entry.dead), entry.first.take());
        self.free.push(ticket);
        Completion { token, dead, first }
    }
}

/// The tickets of one pipeline.
pub(crate) struct Tickets {
    counts: Counts,
    book: Mutex<Book>,
    /// Where those wait who wait for the watermark.
    pub(crate) passed: Arc<Event>,
}

impl Default for Tickets {
    fn default() -> Tickets {
        Tickets {
            counts: Counts(std::array::from_fn(|_| OnceCell::new())),
            book: Mutex::default(),
            passed: Arc::default(),
        }
    }
}

impl Tickets {
    /// Takes a ticket for messages that were admitted, and gives the position behind them. If its
    /// send goes on, that holds one count itself.
    pub(crate) fn open(&self, token: u64, messages: usize, goes_on: bool) -> (Ticket, u64) {
        let mut book = lock(&self.book);
        let ticket = book.open();
        let pending = messages + usize::from(goes_on);
        self.begin(ticket, token, pending, false);
        let position = book.line_up(ticket, messages);
        (ticket, position)
    }

    /// Takes a quiet ticket for messages that were admitted, and gives the position behind them.
    pub(crate) fn open_quiet(&self, messages: usize) -> (Ticket, u64) {
        let mut book = lock(&self.book);
        let ticket = book.open();
        book.quiet += 1;
        self.begin(ticket, 0, messages, true);
        let position = book.line_up(ticket, messages);
        (ticket, position)
    }

    /// Takes a ticket without messages, which holds one count itself.
    pub(crate) fn open_alone(&self, token: u64) -> Ticket {
        let mut book = lock(&self.book);
        let ticket = book.open();
        self.begin(ticket, token, 1, false);
        ticket
    }

    /// Makes an open ticket that nobody else has free again, as if it had never been taken.
    pub(crate) fn take_back(&self, ticket: Ticket) {
        let mut book = lock(&self.book);
        book.entry(ticket).open = false;
        book.open -= 1;
        book.close(ticket, 0);
    }

    /// Takes a ticket for each of some messages that were admitted, and gives the position behind
    /// them.
    pub(crate) fn open_each(&self, tokens: &[u64], mut opened: impl FnMut(Ticket)) -> u64 {
        let mut book = lock(&self.book);
        for &token in tokens {
            let ticket = book.open();
            self.begin(ticket, token, 1, false);
            book.line_up(ticket, 1);
            opened(ticket);
        }
        book.position
    }

    // Relaxed: nobody else has the ticket yet, and it is handed on with its messages.
    fn begin(&self, ticket: Ticket, token: u64, pending: usize, quiet: bool) {
        let count = self.counts.of(ticket);
        count.quiet.store(quiet, Ordering::Relaxed);
        count.pending.store(pending as i64, Ordering::Relaxed);
        count
            .token
            .store(token, std::sync::atomic::Ordering::Relaxed);
    }

    /// More messages of an open ticket were admitted; gives the position behind them.
    pub(crate) fn extend(&self, ticket: Ticket, messages: usize) -> u64 {
        self.raise(ticket, messages as i64);
        lock(&self.book).line_up(ticket, messages)
    }

    /// What the sender calls an open ticket.
    pub(crate) fn token(&self, ticket: Ticket) -> u64 {
        let token = &self.counts.of(ticket).token;
        token.load(std::sync::atomic::Ordering::Relaxed)
    }

    /// Whether nobody is told when an open ticket is finished.
    pub(crate) fn is_quiet(&self, ticket: Ticket) -> bool {
        // Relaxed: it was set before the ticket was handed on.
        self.counts.of(ticket).quiet.load(Ordering::Relaxed)
    }

    /// Raises the count of an open ticket.
    pub(crate) fn raise(&self, ticket: Ticket, by: i64) {
        // Relaxed: the messages that hold the count up are handed on in other ways.
        let pending = &self.counts.of(ticket).pending;
        pending.fetch_add(by, Ordering::Relaxed);
    }

    /// Changes counts, and finishes tickets of which nothing is left; tells whether there were any.
    pub(crate) fn settle(&self, changes: impl Iterator<Item = (Ticket, i64)>) -> bool {
        let mut book: Option<MutexGuard<'_, Book>> = None;
        for (ticket, change) in changes.filter(|&(ticket, change)| ticket != 0 && change != 0) {
            let pending = &self.counts.of(ticket).pending;
            // AcqRel: pairs with the changes before it; who finishes has seen all that was done.
            let before = pending.fetch_add(change, Ordering::AcqRel);
            if before + change == 0 {
                let book = book.get_or_insert_with(|| lock(&self.book));
                book.finish(ticket, self.is_quiet(ticket));
            }
        }
        book.is_some()
    }

    /// Messages of an open ticket died.
    pub(crate) fn died(&self, ticket: Ticket, count: usize, reason: DeadReason, text: &str) {
        let mut book = lock(&self.book);
        let entry = book.entry(ticket);
        entry.dead += count as u64;
        entry.first.get_or_insert_with(|| (reason, text.into()));
    }

    /// Takes up to `most` finished tickets, to be reported.
    pub(crate) fn take(&self, most: usize, into: &mut Vec<Completion>) {
        let mut book = lock(&self.book);
        for _ in 0..most {
            let Some(ticket) = book.finished.pop_front() else {
                break;
            };
            let completion = book.close(ticket, self.token(ticket));
            into.push(completion);
        }
    }

    /// After a defect, when nobody is at work any more: what is left counts as dead.
    pub(crate) fn abandon(&self) {
        let mut book = lock(&self.book);
        for ticket in 1..=book.entries.len() as Ticket {
            if book.entry(ticket).open {
                let pending = &self.counts.of(ticket).pending;
                let left = pending.swap(0, Ordering::AcqRel).max(0) as u64;
                let entry = book.entry(ticket);
                entry.dead += left;
                let first = || (DeadReason::Failed, Box::default());
                entry.first.get_or_insert_with(first);
                book.finish(ticket, self.is_quiet(ticket));
            }
        }
    }

    /// Whether a ticket is not finished.
    pub(crate) fn is_any_open(&self) -> bool {
        lock(&self.book).open > 0
    }

    /// Whether a quiet ticket is not finished.
    pub(crate) fn is_any_quiet_open(&self) -> bool {
        lock(&self.book).quiet > 0
    }

    /// Whether a finished ticket is not reported.
    pub(crate) fn is_any_finished(&self) -> bool {
        !lock(&self.book).finished.is_empty()
    }

    /// The position up to which every ticket is finished.
    pub(crate) fn watermark(&self) -> u64 {
        lock(&self.book).watermark
    }
}
