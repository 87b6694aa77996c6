//! Keys in quarantine: listing and releasing them.

use super::app::{AppObject, ReaderObject, Reading};
use super::entry::{slice, text, write};
use super::error::{Fault, entry_with_error};
use super::handles::{self, Object};
use super::status::*;
use super::status_of::status_of;
use super::types::*;
use crate::model::{Key, KeyKind};

/// Opens a reader of the keys of a partition that are in quarantine now, in ascending order:
/// `partita_reader_next` writes them, without states. Unlike a reader of parts it holds nothing up;
/// what happens to the keys after the call does not change what it reads.
///
/// Any thread, at any time between start and `partita_app_free`, also in callbacks. Fails with
/// `PARTITA_NOT_FOUND` (`partition`), `PARTITA_INVALID_HANDLE`, `PARTITA_INVALID_ARGUMENT`,
/// `PARTITA_INVALID_UTF8` or `PARTITA_NOT_STARTED`.
///
/// # Safety
/// `partition` is readable; `reader_out` is writable; `error_out` is NULL or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn partita_quarantine_reader_new(
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
            let reading = Reading::Keys(engine.quarantined(index), 0);
            let reader = ReaderObject::new(reading, engine.key_kind(index) == KeyKind::Bytes);
            let id = app.0.adopt(Object::Reader(reader))?;
            write(reader_out, partita_reader { id }).map_err(Fault::from)
        })
    }
}

/// Releases a key of a partition from quarantine: its messages are computed again from here on, with
/// the state as it is. Of `word_key` and `byte_key` only that of the partition's kind is looked at, and
/// neither for a single part: those of a dead letter can be passed on as they are.
///
/// Any thread, also in callbacks. Fails with `PARTITA_NOT_FOUND` (`partition`; or the key is not in
/// quarantine), `PARTITA_INVALID_HANDLE`, `PARTITA_INVALID_ARGUMENT` (`byte_key`, `partition`),
/// `PARTITA_INVALID_UTF8`, `PARTITA_NOT_STARTED` or `PARTITA_CLOSED`.
///
/// # Safety
/// `partition` and `byte_key` are readable; `error_out` is NULL or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn partita_quarantine_release(
    app: partita_app,
    partition: partita_str,
    word_key: u64,
    byte_key: partita_bytes,
    error_out: *mut partita_error,
) -> partita_status {
    // SAFETY: the caller vouches for the pointers.
    unsafe {
        entry_with_error(error_out, || {
            let app = handles::pin::<AppObject>(app.id)?;
            let name = text(partition).map_err(Fault::in_text("partition"))?;
            let engine = app.0.engine().map_err(|code| app.0.fault_of(code))?;
            let index = app.0.partition_named(engine, name)?;
            let path = || format!("{} / partition \"{name}\"", app.0.path());
            let key = match engine.key_kind(index) {
                KeyKind::Word => Key::Word(word_key),
                KeyKind::Single => Key::Single,
                KeyKind::Bytes => {
                    let bytes = slice(byte_key.ptr, byte_key.len).map_err(|code| {
                        let message = "byte_key is NULL and has a length: expected its bytes";
                        Fault::new(code, path(), message)
                    })?;
                    Key::Bytes(bytes.into())
                }
            };
            match engine.release(index, &key) {
                Ok(true) => Ok(()),
                Ok(false) => {
                    let message = format!("{key} is not in quarantine");
                    Err(Fault::new(PARTITA_NOT_FOUND, path(), message))
                }
                Err(refusal) => Err(app.0.fault_of(status_of(refusal))),
            }
        })
    }
}
