//! What a computation may call while it runs.

use super::callbacks::RunFrame;
use super::entry::{entry, text as borrowed_text};
use super::status::*;
use super::types::*;
use crate::host::Output;
use crate::model::Value;

/// Makes room for at least `capacity` outputs in all; `run->outputs` and
/// `run->outputs_capacity` change, and what was written stays. It is for a message that has more
/// outputs than fit: the run should end with that message, so that its outputs can drain.
///
/// Only inside the `partita_run_fn` that was given `run`, on its thread, or until it is answered with
/// `partita_app_serve`. Fails with
/// `PARTITA_INVALID_ARGUMENT` (`run` is NULL, or so many cannot be had).
///
/// # Safety
/// `run` is one that the callback was given and has not answered.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn partita_run_reserve(
    run: *mut partita_run,
    capacity: usize,
) -> partita_status {
    entry(|| {
        if run.is_null() {
            return Err(PARTITA_INVALID_ARGUMENT);
        }
        // SAFETY: it is the run that the callback was given, so it lives and has its frame.
        let frame = unsafe { (*run).engine.cast::<RunFrame>().as_mut() };
        frame.ok_or(PARTITA_INVALID_ARGUMENT)?.reserve(capacity)
    })
}

/// Emits one message that follows from the message being computed. It is the engine's, unless
/// the computation then fails: then it is handed to `drop`. Emitting the message itself is
/// allowed, once; if the computation then fails, it is the engine's like any message that failed.
///
/// Only inside the `partita_compute_fn` that was given `emitter`, on its thread. Fails with
/// `PARTITA_INVALID_ARGUMENT` (`emitter` is NULL).
///
/// # Safety
/// `emitter` is the one that the callback was given.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn partita_emit(
    emitter: *mut partita_emitter,
    value: partita_value,
) -> partita_status {
    // SAFETY: it is NULL or the emitter that the callback was given, on whose thread we are.
    let Some(emitter) = (unsafe { emitter.as_mut() }) else {
        return PARTITA_INVALID_ARGUMENT;
    };
    // SAFETY: any bits are a word.
    let value = Value(unsafe { value.word });
    // Not through the funnel: this is called for each message, and nothing in it can panic.
    emitter.outputs.push(Output {
        value,
        from: emitter.from,
    });
    PARTITA_OK
}

/// Says why the message being computed fails: for a computation that is about to answer
/// `PARTITA_COMPUTE_FAILED`. The text is copied.
///
/// Only inside the `partita_compute_fn` that was given `emitter`, on its thread. Fails with
/// `PARTITA_INVALID_ARGUMENT` or `PARTITA_INVALID_UTF8`.
///
/// # Safety
/// `emitter` is the one that the callback was given; `text` is readable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn partita_emitter_fail(
    emitter: *mut partita_emitter,
    text: partita_str,
) -> partita_status {
    entry(|| {
        // SAFETY: it is NULL or the emitter that the callback was given, on whose thread we are.
        let emitter = unsafe { emitter.as_mut() }.ok_or(PARTITA_INVALID_ARGUMENT)?;
        // SAFETY: the caller vouches for `text`.
        emitter.failure = unsafe { borrowed_text(text) }?.to_owned();
        Ok(())
    })
}
