//! Runs that are answered later: a thread that serves comes out of the engine with one.

use std::cell::Cell;
use std::collections::HashMap;
use std::ptr::{NonNull, null_mut};
use std::sync::Mutex;

use super::callbacks::RunFrame;
use super::frame::{self, Text};
use super::status::partita_status;
use super::types::partita_run;
use crate::host::Verdict;

/// A run, with all that it is lent and is not the engine's.
pub(super) struct LaterRun {
    frame: RunFrame,
    text: Text,
}

/// A run that is not answered yet. Nobody but the host uses what it is lent.
pub(super) struct Unanswered(NonNull<LaterRun>);

// SAFETY: it is all that leads to the run, and what the run is lent is used by one thread at a time.
unsafe impl Send for Unanswered {}

thread_local! {
    /// The run with which this thread is on its way out of the engine.
    static TAKEN: Cell<Option<Unanswered>> = const { Cell::new(None) };
}

impl Unanswered {
    pub(super) fn new(frame: RunFrame) -> Unanswered {
        let run = Box::new(LaterRun {
            frame,
            text: Text::new(),
        });
        let mut run = NonNull::from(Box::leak(run));
        // SAFETY: it was just made, and is nobody else's.
        let made = unsafe { run.as_mut() };
        made.frame.lend_text(&mut made.text);
        Unanswered(run)
    }

    fn frame(&self) -> *mut RunFrame {
        // SAFETY: it lives until it is answered.
        unsafe { &raw mut (*self.0.as_ptr()).frame }
    }

    /// What the host gets.
    pub(super) fn lent(&self) -> *mut partita_run {
        RunFrame::lent(self.frame())
    }

    /// Hands it to the host with a call of its callback.
    pub(super) fn hand(
        &self,
        call: impl FnOnce(*mut partita_run) -> partita_status,
    ) -> partita_status {
        frame::enter(self.frame(), |frame| call(RunFrame::lent(frame)))
    }

    /// Lets this thread come out of the engine with it.
    pub(super) fn take_out(self) {
        TAKEN.set(Some(self));
    }

    /// The one that this thread came out with.
    pub(super) fn taken() -> Option<Unanswered> {
        TAKEN.take()
    }

    /// Judges what the host did with it.
    pub(super) fn answer(self, status: partita_status) -> Verdict {
        // SAFETY: it came from a box, and the host is through with it.
        let mut run = unsafe { Box::from_raw(self.0.as_ptr()) };
        let text = run.text;
        frame::judge(&mut run.frame, &text, status, RunFrame::written)
    }
}

/// The runs of an application that are not answered yet, by worker.
#[derive(Default)]
pub(super) struct LaterRuns(Mutex<HashMap<u32, Unanswered>>);

impl LaterRuns {
    /// Keeps the run of a worker; returns what is lent to the host, or NULL without one.
    pub(super) fn keep(&self, worker: u32, run: Option<Unanswered>) -> *mut partita_run {
        let Some(run) = run else { return null_mut() };
        let lent = run.lent();
        super::app::lock(&self.0).insert(worker, run);
        lent
    }

    /// The run of a worker, which is answered now.
    pub(super) fn take(&self, worker: u32) -> Option<Unanswered> {
        super::app::lock(&self.0).remove(&worker)
    }
}
