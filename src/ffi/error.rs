//! Error objects: what went wrong, in full.

use super::entry::{Answer, Sized_, entry, lent, write, write_sized};
use super::handles::{self, Object};
use super::status::*;
use super::types::*;
use crate::engine::{Failure, FailureKind};
use crate::topology::{Mistake, Unusable};

struct Item {
    code: partita_status,
    message: String,
    path: String,
}

/// What an error handle stands for.
pub(super) struct ErrorObject(Vec<Item>);

impl ErrorObject {
    pub(super) fn new(
        code: partita_status,
        path: impl Into<String>,
        message: impl Into<String>,
    ) -> Self {
        ErrorObject(vec![Item {
            code,
            message: message.into(),
            path: path.into(),
        }])
    }

    /// What a status says by itself.
    pub(super) fn meaning_of(code: partita_status) -> &'static str {
        meaning(code)
    }

    pub(super) fn of_mistakes(mistakes: Vec<Mistake>) -> Self {
        let item = |mistake: Mistake| Item {
            code: PARTITA_INVALID_TOPOLOGY,
            message: mistake.message,
            path: mistake.path,
        };
        ErrorObject(mistakes.into_iter().map(item).collect())
    }

    pub(super) fn of_failure(failure: &Failure) -> Self {
        let code = match failure.kind {
            FailureKind::Callback => PARTITA_FAILED,
            FailureKind::Contract => PARTITA_CONTRACT,
            FailureKind::Internal => PARTITA_INTERNAL,
        };
        ErrorObject::new(code, &*failure.path, &*failure.message)
    }
}

/// Why a call failed: a status, and an error object to go with it.
pub(super) struct Fault(pub(super) partita_status, pub(super) ErrorObject);

impl Fault {
    pub(super) fn new(
        code: partita_status,
        path: impl Into<String>,
        message: impl Into<String>,
    ) -> Fault {
        Fault(code, ErrorObject::new(code, path, message))
    }

    pub(super) fn of_mistakes(mistakes: Vec<Mistake>) -> Fault {
        Fault(PARTITA_INVALID_TOPOLOGY, ErrorObject::of_mistakes(mistakes))
    }

    pub(super) fn of_addresses(unusable: Vec<Unusable>) -> Fault {
        let item = |unusable: Unusable| Item {
            code: PARTITA_ADDRESS,
            message: unusable.message,
            path: unusable.path,
        };
        let items = unusable.into_iter().map(item).collect();
        Fault(PARTITA_ADDRESS, ErrorObject(items))
    }

    /// The struct that was passed as this argument cannot be read.
    pub(super) fn in_struct(argument: &str) -> impl Fn(partita_status) -> Fault {
        move |code| {
            let message = match code {
                PARTITA_UNSUPPORTED => format!(
                    "{argument} is larger than this version of the library knows: expected zero \
                     behind what it knows"
                ),
                _ => format!("{argument} is NULL or of impossible size: expected its size set"),
            };
            Fault::new(code, "", message)
        }
    }

    /// The text that was passed as this argument cannot be read.
    pub(super) fn in_text(argument: &str) -> impl Fn(partita_status) -> Fault {
        move |code| {
            let message = match code {
                PARTITA_INVALID_UTF8 => format!("{argument} is not UTF-8: expected UTF-8"),
                _ => format!("{argument} is NULL: expected text, or a length of 0"),
            };
            Fault::new(code, "", message)
        }
    }

    /// The wait cannot be read.
    pub(super) fn in_wait(code: partita_status) -> Fault {
        let message = match code {
            PARTITA_INVALID_HANDLE => "wait.cancel is stale or of another kind: expected a cancel",
            PARTITA_UNSUPPORTED => return Fault::in_struct("wait")(code),
            _ => {
                "wait has an impossible size or timeout: expected its size set, and a timeout of \
                  0 or more or PARTITA_FOREVER"
            }
        };
        Fault::new(code, "", message)
    }

    /// Refuses a NULL where a result is to be written.
    pub(super) fn unless_writable<T>(argument: &str, out: *mut T) -> Result<(), Fault> {
        if out.is_null() {
            let message = format!("{argument} is NULL: expected a place for the result");
            return Err(Fault::new(PARTITA_INVALID_ARGUMENT, "", message));
        }
        Ok(())
    }
}

impl From<partita_status> for Fault {
    fn from(code: partita_status) -> Fault {
        Fault::new(code, "", meaning(code))
    }
}

fn meaning(code: partita_status) -> &'static str {
    match code {
        PARTITA_INVALID_ARGUMENT => "an argument is NULL, out of range, or of impossible size",
        PARTITA_INVALID_UTF8 => "a string is not UTF-8",
        PARTITA_INVALID_HANDLE => "the handle is zero, stale, or of another kind",
        PARTITA_NOT_STARTED => "the application is not started",
        PARTITA_ALREADY_STARTED => "the application was started before",
        PARTITA_WOULD_BLOCK => "it would have to wait",
        PARTITA_TIMEOUT => "the time to wait is over",
        PARTITA_CANCELLED => "the wait was cancelled",
        PARTITA_STOPPED => "the application was stopped",
        PARTITA_CLOSED => "the application is closed",
        PARTITA_FAILED => "the application failed",
        PARTITA_WOULD_DEADLOCK => "the call was made inside a callback and would wait for it",
        PARTITA_BUSY => "the object is in use",
        PARTITA_NOT_FOUND => "there is nothing of that name or number",
        PARTITA_UNSUPPORTED => "this version of the library does not have what is asked for",
        PARTITA_THREAD => "a thread could not be started",
        PARTITA_INTERNAL => "a defect in the engine was caught",
        _ => "the call failed",
    }
}

/// Runs the inside of an exported function that can give an error object.
///
/// # Safety
/// `error_out` is NULL or writable.
pub(super) unsafe fn entry_with_error(
    error_out: *mut partita_error,
    inside: impl FnOnce() -> Result<(), Fault>,
) -> partita_status {
    let mut error = partita_error { id: 0 };
    let status = entry(|| {
        inside().map_err(|Fault(status, object)| {
            // Nobody would free it otherwise.
            if !error_out.is_null() {
                error.id = handles::insert(Object::Error(object)).unwrap_or(0);
            }
            status
        })
    });
    if status != PARTITA_OK && !error_out.is_null() {
        // SAFETY: it is not NULL, so it is writable.
        unsafe { error_out.write_unaligned(error) };
    }
    status
}

// SAFETY: NULL strings of length 0 are valid, and the size comes first.
unsafe impl Sized_ for partita_error_item {
    const LEAST: usize = size_of::<partita_error_item>();
}

/// How many mistakes an error object has: at least one.
///
/// Any thread, also in callbacks. Fails with `PARTITA_INVALID_HANDLE` or
/// `PARTITA_INVALID_ARGUMENT` (`len_out` is NULL).
///
/// # Safety
/// `len_out` is writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn partita_error_len(
    error: partita_error,
    len_out: *mut usize,
) -> partita_status {
    entry(|| {
        let error = handles::pin::<ErrorObject>(error.id)?;
        // SAFETY: the caller vouches for `len_out`.
        unsafe { write(len_out, error.0.len()) }
    })
}

/// One mistake of an error object, counted from 0. `item_out->size` is set by the caller.
///
/// Any thread, also in callbacks. Fails with `PARTITA_INVALID_HANDLE`, `PARTITA_NOT_FOUND`
/// (`index`), or `PARTITA_INVALID_ARGUMENT` (`item_out` is NULL or its size impossible).
///
/// # Safety
/// `item_out` points to as many writable bytes as its `size` says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn partita_error_get(
    error: partita_error,
    index: usize,
    item_out: *mut partita_error_item,
) -> partita_status {
    entry(|| {
        let error = handles::pin::<ErrorObject>(error.id)?;
        let item = error.0.get(index).ok_or(PARTITA_NOT_FOUND)?;
        let item = partita_error_item {
            size: size_of::<partita_error_item>(),
            code: item.code,
            message: lent(&item.message),
            path: lent(&item.path),
        };
        // SAFETY: the caller vouches for `item_out`.
        unsafe { write_sized(item_out, &item) }
    })
}

/// Writes an error object as text: a line for each mistake, path and message. At most `capacity`
/// bytes are written, the last one a NUL; `len_out` (may be NULL) gets the length of the whole
/// text without it, so that a caller can tell whether it was cut.
///
/// Any thread, also in callbacks. Fails with `PARTITA_INVALID_HANDLE` or
/// `PARTITA_INVALID_ARGUMENT` (`text_out` is NULL and `capacity` is not 0).
///
/// # Safety
/// `text_out` has room for `capacity` bytes; `len_out` is NULL or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn partita_error_text(
    error: partita_error,
    text_out: *mut std::ffi::c_char,
    capacity: usize,
    len_out: *mut usize,
) -> partita_status {
    entry(|| {
        let error = handles::pin::<ErrorObject>(error.id)?;
        let line = |item: &Item| match item.path.is_empty() {
            true => item.message.clone(),
            false => format!("{}: {}", item.path, item.message),
        };
        let text = error.0.iter().map(line).collect::<Vec<_>>().join("\n");
        // SAFETY: the caller vouches for `capacity` bytes and `len_out`.
        unsafe { super::entry::write_text(&text, text_out, capacity, len_out) }
    })
}

/// Frees an error object and its strings.
///
/// Any thread, also in callbacks. Fails with `PARTITA_INVALID_HANDLE`.
#[unsafe(no_mangle)]
pub extern "C" fn partita_error_free(error: partita_error) -> partita_status {
    entry(|| handles::free::<ErrorObject>(error.id) as Answer)
}
