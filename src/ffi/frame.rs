//! One call of a callback: what it is lent, and what becomes of what it wrote.
//!
//! A thread keeps the frames of the callbacks it is in, so that `partita_app_worker_lost` finds the
//! innermost: a callback that will never return has still said in `done` how far it came.

use std::cell::RefCell;
use std::ffi::c_char;
use std::mem::MaybeUninit;

use super::status::*;
use super::types::partita_failure;
use crate::host::Verdict;

/// How many bytes a callback may say about a failure: enough for a stack trace.
const TEXT_MAX: usize = 8192;

/// Takes what a callback wrote, whether it returned or not.
pub(super) trait Frame {
    /// Takes over what is done; says what is wrong with it.
    fn settle(&mut self) -> Result<(), String>;
}

thread_local! {
    static FRAMES: RefCell<Vec<*mut dyn Frame>> = const { RefCell::new(Vec::new()) };
}

/// Memory for the reason of a failure.
pub(super) struct Text([MaybeUninit<u8>; TEXT_MAX]);

impl Text {
    pub(super) fn new() -> Text {
        Text([MaybeUninit::uninit(); TEXT_MAX])
    }

    pub(super) fn lend(&mut self) -> partita_failure {
        partita_failure {
            text: self.0.as_mut_ptr().cast::<c_char>(),
            capacity: TEXT_MAX,
            len: 0,
        }
    }

    pub(super) fn read(&self, written: usize) -> String {
        let written = &self.0[..written.min(TEXT_MAX)];
        // SAFETY: the callback says that it wrote these bytes, and any bytes are valid.
        let bytes = unsafe { std::slice::from_raw_parts(written.as_ptr().cast(), written.len()) };
        String::from_utf8_lossy(bytes).into_owned()
    }
}

/// Calls a callback, and judges it by its status. `call` gets the frame, and `failure` says how much
/// of `text` was written.
pub(super) fn call<'f, F: Frame + 'f>(
    frame: &mut F,
    text: &Text,
    call: impl FnOnce(*mut F) -> partita_status,
    failure: impl FnOnce(&F) -> usize,
) -> Verdict {
    let frame = std::ptr::from_mut(frame);
    let status = enter(frame, call);
    // SAFETY: the callback has returned, so nobody else uses the frame.
    let frame = unsafe { &mut *frame };
    judge(frame, text, status, failure)
}

/// Calls a callback.
pub(super) fn enter<'f, F: Frame + 'f>(
    frame: *mut F,
    call: impl FnOnce(*mut F) -> partita_status,
) -> partita_status {
    let erased: *mut (dyn Frame + 'f) = frame;
    // SAFETY: only the lifetime changes; the frame is taken off the list before it ends.
    let erased: *mut (dyn Frame + 'static) = unsafe { std::mem::transmute(erased) };
    FRAMES.with_borrow_mut(|frames| frames.push(erased));
    let status = call(frame);
    FRAMES.with_borrow_mut(|frames| frames.pop());
    status
}

/// Judges a callback that is over by its status.
pub(super) fn judge<F: Frame>(
    frame: &mut F,
    text: &Text,
    status: partita_status,
    failure: impl FnOnce(&F) -> usize,
) -> Verdict {
    let written = failure(frame);
    match frame.settle() {
        Err(wrong) => Verdict::Contract(wrong),
        Ok(()) => verdict(status, || text.read(written)),
    }
}

pub(super) fn verdict(status: partita_status, text: impl FnOnce() -> String) -> Verdict {
    match status {
        PARTITA_OK => Verdict::Done,
        PARTITA_FAILED => Verdict::Failed(text()),
        PARTITA_OUTPUTS_FULL => Verdict::OutputsFull,
        other => Verdict::Contract(format!("it answered the status {other}")),
    }
}

/// Judges the innermost callback of this thread, which will not return: its item at `done` failed,
/// for this reason. `None` if this thread is in no callback.
pub(super) fn lost(reason: &str) -> Option<Verdict> {
    let frame = FRAMES.with_borrow_mut(|frames| frames.pop())?;
    // SAFETY: the callback is still running on this thread, so its frame is alive; it has handed
    // control to us and will not return, so nobody else uses it.
    Some(match unsafe { (*frame).settle() } {
        Ok(()) => Verdict::Failed(reason.to_owned()),
        Err(wrong) => Verdict::Contract(wrong),
    })
}
