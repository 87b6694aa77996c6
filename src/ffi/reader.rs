//! Reading the state parts of a partition while nothing is in flight, or keys of it at any time.

use super::app::{AppObject, ReaderObject, Reading};
use super::entry::{Sized_, entry, read_sized, slice_mut, text, write};
use super::error::{Fault, entry_with_error};
use super::handles::{self, Object};
use super::status::*;
use super::status_of::status_of;
use super::types::*;
use crate::model::KeyKind;
use crate::state::KeyRef;

// SAFETY: NULL arrays are valid, and the size comes first.
unsafe impl Sized_ for partita_parts {
    const LEAST: usize = size_of::<partita_parts>();
}

/// Opens a reader of all parts of a partition. While it is open nothing is admitted: sends wait.
///
/// Any thread; not from inside a callback (`PARTITA_WOULD_DEADLOCK`). Fails with `PARTITA_BUSY`
/// (messages are in flight: drain first; or another reader has this partition), `PARTITA_NOT_FOUND`
/// (`partition`), `PARTITA_INVALID_HANDLE`, `PARTITA_INVALID_ARGUMENT`, `PARTITA_INVALID_UTF8`,
/// `PARTITA_NOT_STARTED` or `PARTITA_CLOSED`.
///
/// # Safety
/// `partition` is readable; `reader_out` is writable; `error_out` is NULL or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn partita_reader_new(
    app: partita_app,
    partition: partita_str,
    reader_out: *mut partita_reader,
    error_out: *mut partita_error,
) -> partita_status {
    // SAFETY: the caller vouches for the pointers.
    unsafe {
        entry_with_error(error_out, || {
            let app = handles::pin::<AppObject>(app.id)?;
            let name = text(partition).map_err(Fault::in_text("partition"))?;
            Fault::unless_writable("reader_out", reader_out)?;
            let engine = app.0.engine().map_err(|code| app.0.fault_of(code))?;
            let index = app.0.partition_named(engine, name)?;
            let reader = engine
                .read(index)
                .map_err(|refusal| match status_of(refusal) {
                    PARTITA_BUSY => Fault::new(PARTITA_BUSY, app.0.path(), engine.waiting_for()),
                    status => app.0.fault_of(status),
                })?;
            let reading = Reading::Parts(reader);
            let reader = ReaderObject::new(reading, engine.key_kind(index) == KeyKind::Bytes);
            let id = app.0.adopt(Object::Reader(reader))?;
            write(reader_out, partita_reader { id }).map_err(Fault::from)
        })
    }
}

/// Writes the next parts, up to `parts->capacity` of them, in no particular order, and how many
/// to `len_out`: 0 means there are no more. The states stay the engine's; the host may read them
/// (and change them) until the reader is freed. A reader of keys alone
/// (`partita_quarantine_reader_new`) has no states: `parts->states` must be NULL.
///
/// One thread at a time (`PARTITA_BUSY`), also in callbacks. Also fails with
/// `PARTITA_INVALID_HANDLE`, `PARTITA_INVALID_ARGUMENT` or `PARTITA_UNSUPPORTED` (`parts`).
///
/// # Safety
/// `parts` points to as many readable bytes as its `size` says, and its arrays to `capacity`
/// writable items; `len_out` is writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn partita_reader_next(
    reader: partita_reader,
    parts: *const partita_parts,
    len_out: *mut usize,
) -> partita_status {
    entry(|| {
        let reader = handles::pin::<ReaderObject>(reader.id)?;
        // SAFETY: the caller vouches for `parts`.
        let parts = unsafe { read_sized(parts) }?;
        if len_out.is_null() {
            return Err(PARTITA_INVALID_ARGUMENT);
        }
        let wanted = |wanted: bool| if wanted { parts.capacity } else { 0 };
        let words = wanted(!parts.word_keys.is_null() && !reader.byte_keys);
        let bytes = wanted(!parts.byte_keys.is_null() && reader.byte_keys);
        let states = wanted(!parts.states.is_null());
        // SAFETY: the caller vouches for `capacity` items in each array.
        let words = unsafe { slice_mut(parts.word_keys, words) }?;
        // SAFETY: as above.
        let bytes = unsafe { slice_mut(parts.byte_keys, bytes) }?;
        // SAFETY: as above.
        let states = unsafe { slice_mut(parts.states, states) }?;
        let mut reading = reader.reader.try_lock().map_err(|_| PARTITA_BUSY)?;
        if matches!(*reading, Reading::Keys(..)) && !parts.states.is_null() {
            return Err(PARTITA_INVALID_ARGUMENT);
        }
        let mut len = 0;
        while len < parts.capacity {
            let Some((key, state)) = reading.next() else {
                break;
            };
            match key {
                KeyRef::Word(word) => {
                    words.get_mut(len).map(|slot| slot.write(word));
                }
                KeyRef::Bytes(key) => {
                    let lent = partita_bytes {
                        ptr: key.as_ptr(),
                        len: key.len(),
                    };
                    bytes.get_mut(len).map(|slot| slot.write(lent));
                }
                KeyRef::Single => {
                    words.get_mut(len).map(|slot| slot.write(0));
                }
            }
            states
                .get_mut(len)
                .map(|slot| slot.write(partita_value { word: state.0 }));
            len += 1;
        }
        // SAFETY: the caller vouches for `len_out`.
        unsafe { write(len_out, len) }
    })
}

/// Frees a reader and lets messages in again.
///
/// Any thread, also in callbacks. Fails with `PARTITA_INVALID_HANDLE`, or `PARTITA_BUSY` while
/// another thread reads through it.
#[unsafe(no_mangle)]
pub extern "C" fn partita_reader_free(reader: partita_reader) -> partita_status {
    entry(|| {
        let reader = handles::pin::<ReaderObject>(reader.id)?;
        let idle = reader.reader.try_lock().map_err(|_| PARTITA_BUSY)?;
        handles::free_pinned(&reader)?;
        drop(idle);
        Ok(())
    })
}
