//! Sending messages into a pipeline.

use std::mem::MaybeUninit;

use super::app::{PipelineObject, SenderObject};
use super::entry::{Sized_, entry, read_sized, read_wait, slice, slice_mut, text, write};
use super::error::{Fault, entry_with_error};
use super::handles::{self, Object};
use super::status::*;
use super::status_of::status_of;
use super::types::*;
use crate::engine::{Batch, BatchKeys, Pushed, PushedFailure, Tokens};
use crate::model::{ByteKeys, Value};

// SAFETY: NULL arrays of length 0 are valid, and the size comes first.
unsafe impl Sized_ for partita_batch {
    const LEAST: usize = std::mem::offset_of!(partita_batch, tokens);
}

// SAFETY: NULL arrays of length 0 are valid, and the size comes first.
unsafe impl Sized_ for partita_push {
    const LEAST: usize = std::mem::offset_of!(partita_push, arranged);
}

// SAFETY: NULL tokens of length 0 are valid, and the size comes first.
unsafe impl Sized_ for partita_admission {
    const LEAST: usize = std::mem::offset_of!(partita_admission, word_keys);
}

// SAFETY: all zero does not wait and has no cancel, and the size comes first.
unsafe impl Sized_ for partita_wait {
    const LEAST: usize = size_of::<partita_wait>();
}

/// Sends through a sender, and reports what was accepted.
///
/// # Safety
/// `wait` is NULL or readable; `accepted_out` and `position_out` are NULL or writable.
unsafe fn send(
    sender: partita_sender,
    batch: &Batch<'_>,
    wait: *const partita_wait,
    accepted_out: *mut usize,
    position_out: *mut u64,
) -> Result<(), partita_status> {
    let sender = handles::pin::<SenderObject>(sender.id)?;
    if accepted_out.is_null() {
        return Err(PARTITA_INVALID_ARGUMENT);
    }
    // SAFETY: the caller vouches for `wait`.
    let wait = unsafe { read_wait(wait) }?;
    // Before the lock: in a callback of its own send it is locked.
    sender.engine.outside().map_err(status_of)?;
    let mut sending = sender.sending.try_lock().map_err(|_| PARTITA_BUSY)?;
    let (accepted, result) = sender.engine.guarded(|| sending.send(batch, &wait));
    let position = sending.position();
    drop(sending);
    // SAFETY: the caller vouches for `accepted_out`.
    unsafe { write(accepted_out, accepted) }?;
    if accepted > 0 && !matches!(batch.tokens, Tokens::None) && !position_out.is_null() {
        // SAFETY: it is not NULL, and the caller vouches for it.
        unsafe { write(position_out, position) }?;
    }
    result.map_err(status_of)
}

/// Makes a sender into a pipeline of a started application.
///
/// Any thread, also in callbacks. Fails with `PARTITA_INVALID_HANDLE`,
/// `PARTITA_INVALID_ARGUMENT` (`sender_out` is NULL), `PARTITA_NOT_STARTED` or `PARTITA_CLOSED`.
///
/// # Safety
/// `sender_out` is writable; `error_out` is NULL or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn partita_sender_new(
    pipeline: partita_pipeline,
    sender_out: *mut partita_sender,
    error_out: *mut partita_error,
) -> partita_status {
    // SAFETY: the caller vouches for `error_out`.
    unsafe {
        entry_with_error(error_out, || {
            let pipeline = handles::pin::<PipelineObject>(pipeline.id)?;
            Fault::unless_writable("sender_out", sender_out)?;
            let app = &pipeline.app;
            let engine = app.open_engine().map_err(|code| app.fault_of(code))?;
            let sender = SenderObject::new(engine.clone(), pipeline.index);
            let id = app.adopt(Object::Sender(sender))?;
            write(sender_out, partita_sender { id }).map_err(Fault::from)
        })
    }
}

/// Sends messages, in order. Waits for credits; the messages that were accepted, a prefix, are
/// the engine's, and `accepted_out` says how many. With `PARTITA_OK` that is all of them. With
/// `PARTITA_WOULD_BLOCK`, `PARTITA_TIMEOUT`, `PARTITA_CANCELLED`, `PARTITA_STOPPED`,
/// `PARTITA_CLOSED` and `PARTITA_FAILED` it may be some, and the rest is still the caller's; with
/// any other status it is not written and nothing was accepted. Sending the rest later, through
/// the same sender, keeps the order. `partita_app_failure` says why an application failed. A
/// `len` of 0 waits for nothing and tells whether intake is over.
///
/// The stateless steps that the pipeline begins with, and the partition function of the first one with a state,
/// are called on this thread. One thread at a time for
/// each sender (`PARTITA_BUSY`); not from inside a callback (`PARTITA_WOULD_DEADLOCK`). Also fails
/// with `PARTITA_INVALID_HANDLE` (also of `wait->cancel`), `PARTITA_INVALID_ARGUMENT` or
/// `PARTITA_UNSUPPORTED` (`wait`).
///
/// # Safety
/// `values` points to `len` readable values, borrowed for this call; `wait` is NULL or readable;
/// `accepted_out` is writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn partita_send(
    sender: partita_sender,
    values: *const partita_value,
    len: usize,
    wait: *const partita_wait,
    accepted_out: *mut usize,
) -> partita_status {
    entry(|| {
        // SAFETY: the caller vouches for `len` values; a value is a word, as `Value` is.
        let values = unsafe { slice(values.cast::<Value>(), len) }?;
        // SAFETY: the caller vouches for `wait` and `accepted_out`.
        unsafe {
            send(
                sender,
                &Batch::new(values),
                wait,
                accepted_out,
                std::ptr::null_mut(),
            )
        }
    })
}

/// Sends a batch as `partita_send` does, with keys that the host found already, or with tokens: then
/// the host learns when nothing that descends from it is left.
///
/// Threads, callbacks and answers are as for `partita_send`: one thread at a time for each sender
/// (`PARTITA_BUSY`); not from inside a callback (`PARTITA_WOULD_DEADLOCK`). Without keys of the first
/// step's kind its partition function is called on this thread. Also fails with
/// `PARTITA_INVALID_UTF8` (`failure`), and with `PARTITA_UNSUPPORTED` and `PARTITA_INVALID_ARGUMENT`
/// for the batch too: `batch`, `accepted_out`, or an array with items, is NULL, `failed` is not the
/// last, or `tokens_len` is none of 0, 1 and `len`.
///
/// # Safety
/// `batch` points to as many readable bytes as its `size` says, and its arrays have `len` items (of
/// `tokens`: `tokens_len`), all borrowed for this call; its `position_out` is NULL or writable; `wait` is NULL or
/// readable; `accepted_out` is writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn partita_send_batch(
    sender: partita_sender,
    batch: *const partita_batch,
    wait: *const partita_wait,
    accepted_out: *mut usize,
) -> partita_status {
    entry(|| {
        // SAFETY: the caller vouches for `batch`.
        let batch = unsafe { read_sized(batch) }?;
        // SAFETY: the caller vouches for `len` values; a value is a word, as `Value` is.
        let values = unsafe { slice(batch.values.cast::<Value>(), batch.len) }?;
        if batch.failed != 0 && batch.failed != batch.len {
            return Err(PARTITA_INVALID_ARGUMENT);
        }
        let mut bytes = ByteKeys::default();
        let keyed = batch.len - usize::from(batch.failed != 0);
        // SAFETY: the caller vouches for the keys.
        let keys = unsafe {
            keys_of(
                batch.word_keys,
                batch.byte_keys,
                batch.len,
                keyed,
                &mut bytes,
            )
        }?;
        // SAFETY: the caller vouches for the text.
        let why = unsafe { text(batch.failure) }?;
        let failed = (batch.failed != 0).then_some(why);
        // SAFETY: the caller vouches for `tokens_len` tokens.
        let tokens = unsafe { slice(batch.tokens, batch.tokens_len) }?;
        let tokens = tokens_of(tokens, batch.len)?;
        let to_send = Batch {
            values,
            keys,
            failed,
            tokens,
        };
        // SAFETY: the caller vouches for `wait`, `accepted_out` and `position_out`.
        unsafe { send(sender, &to_send, wait, accepted_out, batch.position_out) }
    })
}

/// Admits up to `wanted` messages: waits for credits for at least one and holds them; `admitted_out` says
/// for how many. It is the first half of a send, for hosts that run the stateless steps which the pipeline
/// begins with on their own: what came of the messages is pushed with `partita_sender_push`, and until
/// then they are in flight: the application is not drained, nor closed. A `wanted` of 0 waits for nothing,
/// ends the batch, and tells whether intake is over.
///
/// One thread at a time for each sender (`PARTITA_BUSY`); not from inside a callback
/// (`PARTITA_WOULD_DEADLOCK`). Also fails with `PARTITA_WOULD_BLOCK`, `PARTITA_TIMEOUT`,
/// `PARTITA_CANCELLED`, `PARTITA_STOPPED`, `PARTITA_CLOSED`, `PARTITA_FAILED`,
/// `PARTITA_INVALID_HANDLE` (also of `wait->cancel`), `PARTITA_UNSUPPORTED` (`admission` or `wait`), or
/// `PARTITA_INVALID_ARGUMENT` (also if `tokens_len` is none of 0, 1 and `wanted`, if only one of `word_keys` and
/// `order` is set, or if with them the first step has no state or other keys, `tokens_len` is above 1, or
/// messages are admitted already): then none were admitted.
///
/// # Safety
/// `admission` points to as many readable bytes as its `size` says, and its `tokens` to `tokens_len` of
/// them, `word_keys` to `wanted` and `order` to `wanted` writable ones, or they are NULL; all borrowed for this call; its `position_out` is NULL or writable; `wait` is NULL or readable;
/// `admitted_out` is writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn partita_sender_admit(
    sender: partita_sender,
    admission: *const partita_admission,
    wait: *const partita_wait,
    admitted_out: *mut usize,
) -> partita_status {
    entry(|| {
        // SAFETY: the caller vouches for `admission`.
        let admission = unsafe { read_sized(admission) }?;
        // SAFETY: the caller vouches for `tokens_len` tokens.
        let tokens = unsafe { slice(admission.tokens, admission.tokens_len) }?;
        let tokens = tokens_of(tokens, admission.wanted)?;
        // SAFETY: the caller vouches for `wanted` keys, and as many places.
        let keyed = unsafe { keyed_admission(&admission) }?;
        let sender = handles::pin::<SenderObject>(sender.id)?;
        if admitted_out.is_null() {
            return Err(PARTITA_INVALID_ARGUMENT);
        }
        // SAFETY: the caller vouches for `wait`.
        let wait = unsafe { read_wait(wait) }?;
        sender.engine.outside().map_err(status_of)?;
        let mut sending = sender.sending.try_lock().map_err(|_| PARTITA_BUSY)?;
        let admitted = sender.engine.guarded(|| match keyed {
            None => Some(sending.admit(admission.wanted, tokens, &wait)),
            Some((words, order)) => sending.admit_keyed(words, tokens, &wait).map(|admitted| {
                let arranged = admitted?;
                for (place, &index) in order.iter_mut().zip(arranged) {
                    place.write(index);
                }
                Ok(arranged.len())
            }),
        });
        let position = sending.position();
        drop(sending);
        let admitted = admitted.ok_or(PARTITA_INVALID_ARGUMENT)?;
        let admitted = admitted.map_err(status_of)?;
        if !matches!(tokens, Tokens::None) && !admission.position_out.is_null() {
            // SAFETY: it is not NULL, and the caller vouches for it.
            unsafe { write(admission.position_out, position) }?;
        }
        // SAFETY: the caller vouches for `admitted_out`.
        unsafe { write(admitted_out, admitted) }
    })
}

/// Has `unpark` of the application called with `number`, once, when it may be worth sending again: because there is
/// room, or because all is refused from now on. It is called at once, inside this call, if it is worth it now. For
/// hosts that wait in their own way, since 0.2; `number` tells them who, and workers have the numbers below
/// `partita_app_thread_count`. It may also be called without a reason, also after the sender was freed.
///
/// Any thread, one at a time (`PARTITA_BUSY`). Not from inside a callback (`PARTITA_WOULD_DEADLOCK`). Fails with
/// `PARTITA_INVALID_HANDLE`, with `PARTITA_INVALID_ARGUMENT` if the application has no `unpark`, or with
/// `PARTITA_STOPPED`, `PARTITA_FAILED` or `PARTITA_CLOSED` if all is refused already: then nothing is told.
#[unsafe(no_mangle)]
pub extern "C" fn partita_sender_watch(sender: partita_sender, number: u32) -> partita_status {
    entry(|| {
        let sender = handles::pin::<SenderObject>(sender.id)?;
        sender.engine.outside().map_err(status_of)?;
        let mut sending = sender.sending.try_lock().map_err(|_| PARTITA_BUSY)?;
        match sending.watch(number as usize).map_err(status_of)? {
            true => Ok(()),
            false => Err(PARTITA_INVALID_ARGUMENT),
        }
    })
}

/// Keys, and where to write an order.
type KeyedAdmission<'a> = (&'a [u64], &'a mut [MaybeUninit<u32>]);

/// The keys by which messages are to be arranged, and where to write the order.
///
/// # Safety
/// The arrays that are not NULL have as many items as are wanted, and live as long as is needed.
unsafe fn keyed_admission<'a>(
    admission: &partita_admission,
) -> Result<Option<KeyedAdmission<'a>>, partita_status> {
    match (admission.word_keys.is_null(), admission.order.is_null()) {
        (true, true) => Ok(None),
        (false, false) => {
            // SAFETY: the caller vouches for both.
            let words = unsafe { slice(admission.word_keys, admission.wanted) }?;
            // SAFETY: as above; nobody else uses them during the call.
            let order = unsafe { slice_mut(admission.order, admission.wanted) }?;
            Ok(Some((words, order)))
        }
        _ => Err(PARTITA_INVALID_ARGUMENT),
    }
}

/// The tokens of so many messages.
fn tokens_of(tokens: &[u64], len: usize) -> Result<Tokens<'_>, partita_status> {
    match tokens {
        [] => Ok(Tokens::None),
        &[token] => Ok(Tokens::Batch(token)),
        each if each.len() == len => Ok(Tokens::Each(each)),
        _ => Err(PARTITA_INVALID_ARGUMENT),
    }
}

/// Sends what came of messages that were admitted with `partita_sender_admit`; called as often as it
/// takes until all of them are over. It never waits, and is not refused because the application fails or
/// closes: what is pushed then is handed back. Afterwards the messages, and the one that failed, are
/// the engine's.
///
/// Without keys for the step behind, its partition function is called on this thread. Also inside
/// callbacks. One thread at a time for each sender (`PARTITA_BUSY`). Fails with
/// `PARTITA_INVALID_HANDLE`, `PARTITA_INVALID_UTF8` (`failure`), `PARTITA_UNSUPPORTED`, and
/// `PARTITA_INVALID_ARGUMENT` if `push`, or an array with items, is NULL, more are done than are
/// admitted, nothing is, or `steps` is not the number of stateless steps that the pipeline begins with,
/// up to the first parallel one, or what is arranged does not come as such, and whole: then nothing was pushed.
///
/// # Safety
/// `push` points to as many readable bytes as its `size` says, and its arrays have `len` items, or
/// `steps`, all borrowed for this call.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn partita_sender_push(
    sender: partita_sender,
    push: *const partita_push,
) -> partita_status {
    entry(|| {
        // SAFETY: the caller vouches for `push`.
        let push = unsafe { read_sized(push) }?;
        let mut bytes = ByteKeys::default();
        // SAFETY: the caller vouches for the arrays; a value is a word, as `Value` is.
        let (values, completed, waiting, from, text, keys) = unsafe {
            let waiting = slice(
                push.waiting,
                if push.waiting.is_null() {
                    0
                } else {
                    push.steps
                },
            )?;
            let waits = waiting
                .iter()
                .fold(0, |sum: usize, &more| sum.saturating_add(more));
            let keyed = push.len.saturating_sub(waits);
            (
                slice(push.values.cast::<Value>(), push.len)?,
                slice(push.completed, push.steps)?,
                waiting,
                slice(push.from, if push.from.is_null() { 0 } else { push.len })?,
                text(push.failure)?,
                match (
                    push.arranged,
                    push.word_keys.is_null() && push.byte_keys.is_null(),
                ) {
                    (0, _) => keys_of(push.word_keys, push.byte_keys, keyed, keyed, &mut bytes)?,
                    (1, true) => BatchKeys::Arranged,
                    _ => return Err(PARTITA_INVALID_ARGUMENT),
                },
            )
        };
        let failed = (push.failed != 0).then_some(PushedFailure {
            // SAFETY: any bits are a word.
            value: Value(unsafe { push.failed_value.word }),
            from: push.failed_from as usize,
            step: push.failed_step as usize,
            text,
        });
        let pushed = Pushed {
            done: push.done,
            values,
            keys,
            completed,
            failed,
            waiting,
            given_up: push.given_up,
            from,
            ends: push.ends != 0,
        };
        let sender = handles::pin::<SenderObject>(sender.id)?;
        let mut sending = sender.sending.try_lock().map_err(|_| PARTITA_BUSY)?;
        let pushed = sender.engine.guarded(|| sending.push(&pushed));
        pushed.map_err(|_| PARTITA_INVALID_ARGUMENT)
    })
}

/// The keys of a batch of `len` messages, of which the first `keyed` have one.
///
/// # Safety
/// The arrays that are not NULL have `len` items, and the bytes of the keys are readable.
unsafe fn keys_of<'k>(
    words: *const u64,
    bytes: *const partita_bytes,
    len: usize,
    keyed: usize,
    copies: &'k mut ByteKeys,
) -> Result<BatchKeys<'k>, partita_status> {
    if !words.is_null() {
        // SAFETY: the caller vouches for `len` keys.
        return Ok(BatchKeys::Words(unsafe { slice(words, len) }?));
    }
    if bytes.is_null() {
        return Ok(BatchKeys::Ask);
    }
    // SAFETY: the caller vouches for `len` keys.
    for key in &unsafe { slice(bytes, len) }?[..keyed] {
        // SAFETY: the caller vouches for the bytes of each key.
        copies.push(unsafe { slice(key.ptr, key.len) }?);
    }
    Ok(BatchKeys::Bytes(copies))
}

/// Frees a sender. What it sent goes its way; credits of messages that were admitted and not pushed are
/// given back.
///
/// Any thread, also in callbacks. Fails with `PARTITA_INVALID_HANDLE`, or `PARTITA_BUSY` while
/// another thread sends through it.
#[unsafe(no_mangle)]
pub extern "C" fn partita_sender_free(sender: partita_sender) -> partita_status {
    entry(|| {
        let sender = handles::pin::<SenderObject>(sender.id)?;
        let mut idle = sender.sending.try_lock().map_err(|_| PARTITA_BUSY)?;
        handles::free_pinned(&sender)?;
        idle.give_up();
        drop(idle);
        Ok(())
    })
}
