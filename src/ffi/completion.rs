//! Completions: polling them, and how far a pipeline is done.

use std::ffi::c_char;
use std::time::Duration;

use super::app::{AppObject, PipelineObject};
use super::entry::{Sized_, entry, read_sized, read_wait, slice_mut, write, write_text};
use super::handles;
use super::status::*;
use super::status_of::status_of;
use super::types::*;
use crate::host::Completion;

// SAFETY: NULL arrays are not wanted, and the size comes first.
unsafe impl Sized_ for partita_completions {
    const LEAST: usize = size_of::<partita_completions>();
}

/// The number of the reason of the first death among those of a completion.
pub(super) fn reason_of(completion: &Completion) -> u32 {
    let first = completion.first.as_ref();
    first.map_or(0, |(reason, _)| *reason as u32)
}

/// What was said of the first death among those of a completion.
pub(super) fn text_of(completion: &Completion) -> &str {
    completion.first.as_ref().map_or("", |(_, text)| text)
}

/// An array that the caller brought, or none.
///
/// # Safety
/// `array` is NULL or has room for `capacity` items.
unsafe fn wanted<'a, T>(
    array: *mut T,
    capacity: usize,
) -> Result<&'a mut [std::mem::MaybeUninit<T>], partita_status> {
    let capacity = if array.is_null() { 0 } else { capacity };
    // SAFETY: the caller vouches for the array.
    unsafe { slice_mut(array, capacity) }
}

/// Takes up to `capacity` completions, in the order they came about, and waits until there is one. How
/// many it took is written to `len_out`; what is known of each to the arrays of `completions`.
///
/// Any thread, several at once; not from inside a callback (`PARTITA_WOULD_DEADLOCK`) unless it does not
/// wait. Without one it answers `PARTITA_WOULD_BLOCK` or `PARTITA_TIMEOUT`; or, when none can come any
/// more, `PARTITA_STOPPED`, `PARTITA_FAILED` or `PARTITA_CLOSED`. What is not taken when the application
/// closes can be taken afterwards, until it is freed. Also fails with `PARTITA_CANCELLED`,
/// `PARTITA_NOT_STARTED`, `PARTITA_INVALID_HANDLE` (also of `wait->cancel`), `PARTITA_UNSUPPORTED`
/// (`completed` is set in the application's options, or for `completions` or `wait`) or
/// `PARTITA_INVALID_ARGUMENT`.
///
/// # Safety
/// `completions` points to as many readable bytes as its `size` says; its arrays are NULL or have room
/// for `capacity` items; `wait` is NULL or readable; `len_out` is writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn partita_app_poll_completions(
    app: partita_app,
    completions: *const partita_completions,
    wait: *const partita_wait,
    len_out: *mut usize,
) -> partita_status {
    entry(|| {
        let app = handles::pin::<AppObject>(app.id)?;
        // SAFETY: the caller vouches for `completions`.
        let into = unsafe { read_sized(completions) }?;
        if len_out.is_null() || into.tokens.is_null() && into.capacity > 0 {
            return Err(PARTITA_INVALID_ARGUMENT);
        }
        // SAFETY: the caller vouches for `wait`.
        let wait = unsafe { read_wait(wait) }?;
        // SAFETY: the caller vouches for `capacity` items in each array.
        let tokens = unsafe { wanted(into.tokens, into.capacity) }?;
        // SAFETY: as above.
        let dead = unsafe { wanted(into.dead, into.capacity) }?;
        // SAFETY: as above.
        let reasons = unsafe { wanted(into.reasons, into.capacity) }?;
        let texts = into.capacity.checked_mul(into.text_size);
        let texts = texts.ok_or(PARTITA_INVALID_ARGUMENT)?;
        // SAFETY: as above, for `text_size` bytes each.
        let texts = unsafe { wanted(into.texts, texts) }?;
        let mut taken = Vec::new();
        let polled = app
            .0
            .engine()?
            .poll_completions(into.capacity, &wait, &mut taken);
        polled.ok_or(PARTITA_UNSUPPORTED)?.map_err(status_of)?;
        for (index, completion) in taken.iter().enumerate() {
            tokens[index].write(completion.token);
            dead.get_mut(index).map(|slot| slot.write(completion.dead));
            reasons
                .get_mut(index)
                .map(|slot| slot.write(reason_of(completion)));
            if let Some(room) = texts.chunks_exact_mut(into.text_size.max(1)).nth(index) {
                let (text, out) = (text_of(completion), room.as_mut_ptr().cast::<c_char>());
                // SAFETY: there is room for so many bytes.
                unsafe { write_text(text, out, room.len(), std::ptr::null_mut()) }?;
            }
        }
        // SAFETY: the caller vouches for `len_out`.
        unsafe { write(len_out, taken.len()) }
    })
}

/// Waits until all that was sent into a pipeline with a completion, up to `position`, is done: nothing that
/// descends from it is left. Writes how far that is the case by now, at least `position`. Positions are
/// counted in messages of the pipeline that were sent with a completion, in the order they were admitted;
/// see `partita_batch.position_out`. A `position` of 0 waits for nothing.
///
/// Any thread, several at once; not from inside a callback (`PARTITA_WOULD_DEADLOCK`) unless it does not
/// wait. If it is not that far it answers `PARTITA_WOULD_BLOCK` or `PARTITA_TIMEOUT`; or, when it will
/// never be, `PARTITA_STOPPED`, `PARTITA_FAILED` or `PARTITA_CLOSED`. Also fails with
/// `PARTITA_CANCELLED`, `PARTITA_NOT_STARTED`, `PARTITA_INVALID_HANDLE` (also of `wait->cancel`),
/// `PARTITA_UNSUPPORTED` (`wait`) or `PARTITA_INVALID_ARGUMENT`.
///
/// # Safety
/// `wait` is NULL or readable; `watermark_out` is writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn partita_pipeline_watermark(
    pipeline: partita_pipeline,
    position: u64,
    wait: *const partita_wait,
    watermark_out: *mut u64,
) -> partita_status {
    entry(|| {
        let pipeline = handles::pin::<PipelineObject>(pipeline.id)?;
        if watermark_out.is_null() {
            return Err(PARTITA_INVALID_ARGUMENT);
        }
        // SAFETY: the caller vouches for `wait`.
        let wait = unsafe { read_wait(wait) }?;
        let engine = pipeline.app.engine()?;
        let watermark = engine.wait_watermark(pipeline.index, position, &wait);
        // SAFETY: the caller vouches for `watermark_out`.
        unsafe { write(watermark_out, watermark.map_err(status_of)?) }
    })
}

/// Asks for a completion without messages, which is reported with `token`, once: when nothing of the
/// pipeline is under way, at the latest `most_ns` nanoseconds from now, or when intake ends. With
/// `PARTITA_FOREVER` there is no such time. For hosts that gather messages themselves, as a
/// `partita_buffer` does, and send them then: while nothing is under way it is reported at once. Outputs
/// that lie in the queue of a sink are not under way. A drain does not wait for it, nor a watermark; a
/// close does.
///
/// Any thread, also in callbacks; the callback that reports it may come before this returns. Fails with
/// `PARTITA_INVALID_HANDLE`, `PARTITA_INVALID_ARGUMENT` (`most_ns` is below 0 and not
/// `PARTITA_FOREVER`), `PARTITA_NOT_STARTED`, `PARTITA_STOPPED`, `PARTITA_FAILED` or
/// `PARTITA_CLOSED`: then nothing is reported.
#[unsafe(no_mangle)]
pub extern "C" fn partita_pipeline_watch(
    pipeline: partita_pipeline,
    token: u64,
    most_ns: i64,
) -> partita_status {
    entry(|| {
        let pipeline = handles::pin::<PipelineObject>(pipeline.id)?;
        let most = match most_ns {
            PARTITA_FOREVER => None,
            0.. => Some(Duration::from_nanos(most_ns as u64)),
            _ => return Err(PARTITA_INVALID_ARGUMENT),
        };
        let engine = pipeline.app.engine()?;
        let watched = engine.guarded(|| engine.watch(pipeline.index, token, most));
        watched.map_err(status_of)
    })
}
