//! Sending messages one at a time, which go on many together.

use std::sync::Arc;
use std::time::Duration;

use super::app::PipelineObject;
use super::entry::{Sized_, entry, read_sized, read_wait, slice, write};
use super::error::{Fault, entry_with_error};
use super::handles::{self, Object};
use super::status::*;
use super::status_of::status_of;
use super::types::*;
use crate::engine::{Buffer, Engine};
use crate::model::Value;

/// How many messages empty a buffer, and how long the first one waits, if the host does not say.
const MESSAGES: usize = 256;
const DELAY: Duration = Duration::from_millis(1);

// SAFETY: all zero is the default, and the size comes first.
unsafe impl Sized_ for partita_buffer_options {
    const LEAST: usize = size_of::<partita_buffer_options>();
}

/// A buffer in front of a pipeline, as its host wants it.
fn build(
    engine: Arc<Engine>,
    pipeline: usize,
    options: Option<partita_buffer_options>,
    path: &str,
) -> Result<Buffer, Fault> {
    let (messages, flush_ns) =
        options.map_or((0, 0), |options| (options.messages, options.flush_ns));
    let limit = match messages {
        0 => MESSAGES,
        _ => usize::try_from(messages).unwrap_or(usize::MAX),
    };
    let delay = match flush_ns {
        0 => Some(DELAY),
        1.. => Some(Duration::from_nanos(flush_ns as u64)),
        PARTITA_FOREVER => None,
        _ => {
            let message =
                format!("flush_ns: expected 0 or more, or PARTITA_FOREVER, got {flush_ns}");
            return Err(Fault::new(PARTITA_INVALID_ARGUMENT, path, message));
        }
    };
    Ok(Buffer::new(engine, pipeline, limit, delay))
}

/// Makes a buffer in front of a pipeline of a started application. `options` may be NULL.
///
/// Any thread, also in callbacks. Fails with `PARTITA_INVALID_HANDLE`,
/// `PARTITA_INVALID_ARGUMENT` (`buffer_out` is NULL, or `options`), `PARTITA_UNSUPPORTED` (`options`),
/// `PARTITA_NOT_STARTED` or `PARTITA_CLOSED`.
///
/// # Safety
/// `options` is NULL or points to as many readable bytes as its `size` says; `buffer_out` is
/// writable; `error_out` is NULL or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn partita_buffer_new(
    pipeline: partita_pipeline,
    options: *const partita_buffer_options,
    buffer_out: *mut partita_buffer,
    error_out: *mut partita_error,
) -> partita_status {
    // SAFETY: the caller vouches for `options`, `buffer_out` and `error_out`.
    unsafe {
        entry_with_error(error_out, || {
            let pipeline = handles::pin::<PipelineObject>(pipeline.id)?;
            Fault::unless_writable("buffer_out", buffer_out)?;
            let options = match options.is_null() {
                true => None,
                false => Some(read_sized(options).map_err(Fault::in_struct("options"))?),
            };
            let app = &pipeline.app;
            let engine = app.open_engine().map_err(|code| app.fault_of(code))?;
            let buffer = build(engine.clone(), pipeline.index, options, &pipeline.path)?;
            let id = app.adopt(Object::Buffer(Box::new(buffer)))?;
            write(buffer_out, partita_buffer { id }).map_err(Fault::from)
        })
    }
}

/// Puts messages into a buffer, in order: as `partita_send` does, but they may go on later, together
/// with others. They are accepted all the same: each holds a credit and is in flight, and with
/// `PARTITA_STOPPED` or a drain what was accepted before is still computed.
///
/// Any number of threads may use a buffer at once, and the order of each is kept. The thread that fills
/// it, or puts something in while nothing else is under way, sends on what is in it: on that thread,
/// and else on a worker's, the stateless steps that the pipeline begins with and the partition function
/// behind them are called. `wait`, `accepted_out` and answers are as for `partita_send`, without
/// `PARTITA_BUSY`: a wait that ends in vain leaves accepted what `accepted_out` says, and the rest is
/// the caller's. Not from inside a callback (`PARTITA_WOULD_DEADLOCK`).
///
/// # Safety
/// `values` points to `len` readable values, borrowed for this call; `wait` is NULL or readable;
/// `accepted_out` is writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn partita_buffer_send(
    buffer: partita_buffer,
    values: *const partita_value,
    len: usize,
    wait: *const partita_wait,
    accepted_out: *mut usize,
) -> partita_status {
    entry(|| {
        let buffer = handles::pin::<Buffer>(buffer.id)?;
        if accepted_out.is_null() {
            return Err(PARTITA_INVALID_ARGUMENT);
        }
        // SAFETY: the caller vouches for `len` values; a value is a word, as `Value` is.
        let values = unsafe { slice(values.cast::<Value>(), len) }?;
        // SAFETY: the caller vouches for `wait`.
        let wait = unsafe { read_wait(wait) }?;
        let engine = buffer.engine();
        engine.outside().map_err(status_of)?;
        let (accepted, result) = engine.guarded(|| buffer.send(values, &wait));
        // SAFETY: the caller vouches for `accepted_out`.
        unsafe { write(accepted_out, accepted) }?;
        result.map_err(status_of)
    })
}

/// Sends on what is in a buffer. It waits for nothing: what another thread is sending on at that time, or
/// what fan-out holds up, goes on after this call.
///
/// Any thread; not from inside a callback (`PARTITA_WOULD_DEADLOCK`). Fails with
/// `PARTITA_INVALID_HANDLE`.
#[unsafe(no_mangle)]
pub extern "C" fn partita_buffer_flush(buffer: partita_buffer) -> partita_status {
    entry(|| {
        let buffer = handles::pin::<Buffer>(buffer.id)?;
        let flushed = buffer.engine().guarded(|| buffer.flush());
        flushed.map_err(status_of)
    })
}

/// Frees a buffer. What is in it goes its way.
///
/// Any thread, also in callbacks, and while others use it. Fails with `PARTITA_INVALID_HANDLE`.
#[unsafe(no_mangle)]
pub extern "C" fn partita_buffer_free(buffer: partita_buffer) -> partita_status {
    entry(|| handles::free::<Buffer>(buffer.id))
}
