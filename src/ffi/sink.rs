//! Polling a sink that is a queue.

use super::app::SinkObject;
use super::entry::{entry, read_wait, slice_mut, write};
use super::handles;
use super::status::*;
use super::status_of::status_of;
use super::types::*;
use crate::model::Value;

/// Takes up to `capacity` messages from a queue sink; waits until there is at least one. Those
/// written to `values_out` are the host's, and `len_out` says how many.
///
/// Any thread, several at once; not from inside a callback (`PARTITA_WOULD_DEADLOCK`) unless it
/// does not wait. An empty queue answers `PARTITA_WOULD_BLOCK` or `PARTITA_TIMEOUT`; or, when
/// nothing can come any more, `PARTITA_STOPPED`, `PARTITA_FAILED` or `PARTITA_CLOSED`. Also fails
/// with `PARTITA_CANCELLED`, `PARTITA_NOT_STARTED`, `PARTITA_INVALID_HANDLE` (also of `wait->cancel`),
/// `PARTITA_UNSUPPORTED` (the sink is no queue, or for `wait`) or `PARTITA_INVALID_ARGUMENT`.
///
/// # Safety
/// `values_out` has room for `capacity` values; `wait` is NULL or readable; `len_out` is
/// writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn partita_sink_poll(
    sink: partita_sink,
    values_out: *mut partita_value,
    capacity: usize,
    wait: *const partita_wait,
    len_out: *mut usize,
) -> partita_status {
    entry(|| {
        let sink = handles::pin::<SinkObject>(sink.id)?;
        if len_out.is_null() {
            return Err(PARTITA_INVALID_ARGUMENT);
        }
        // SAFETY: the caller vouches for `wait`.
        let wait = unsafe { read_wait(wait) }?;
        // SAFETY: the caller vouches for `capacity` values; a value is a word, as `Value` is.
        let room = unsafe { slice_mut(values_out.cast::<Value>(), capacity) }?;
        let out = room.as_mut_ptr().cast::<Value>();
        // SAFETY: the memory is the caller's, and any bits are a value.
        let out = unsafe { std::slice::from_raw_parts_mut(out, room.len()) };
        let engine = sink.app.engine()?;
        let polled = engine.poll(sink.pipeline, sink.sink, out, &wait);
        let len = polled.ok_or(PARTITA_UNSUPPORTED)?.map_err(status_of)?;
        // SAFETY: the caller vouches for `len_out`.
        unsafe { write(len_out, len) }
    })
}
