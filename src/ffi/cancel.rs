//! Ending a wait from another thread.

use std::sync::Arc;

use super::entry::{entry, write};
use super::handles::{self, Object};
use super::status::*;
use super::types::*;
use crate::engine::Cancel;

/// Makes a means to end waits.
///
/// Any thread, also in callbacks. Fails with `PARTITA_INVALID_ARGUMENT` (`cancel_out` is NULL).
///
/// # Safety
/// `cancel_out` is writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn partita_cancel_new(cancel_out: *mut partita_cancel) -> partita_status {
    entry(|| {
        if cancel_out.is_null() {
            return Err(PARTITA_INVALID_ARGUMENT);
        }
        let id = handles::insert(Object::Cancel(Arc::default())).ok_or(PARTITA_BUSY)?;
        // SAFETY: the caller vouches for `cancel_out`.
        unsafe { write(cancel_out, partita_cancel { id }) }
    })
}

/// Ends every wait that was given this cancel, now and from now on.
///
/// Any thread, also in callbacks, and more than once; not from a signal handler. Fails with
/// `PARTITA_INVALID_HANDLE`.
#[unsafe(no_mangle)]
pub extern "C" fn partita_cancel_fire(cancel: partita_cancel) -> partita_status {
    entry(|| {
        handles::pin::<Arc<Cancel>>(cancel.id)?.fire();
        Ok(())
    })
}

/// Frees a cancel. Waits that still use it can no longer be cancelled.
///
/// Any thread, also in callbacks. Fails with `PARTITA_INVALID_HANDLE`.
#[unsafe(no_mangle)]
pub extern "C" fn partita_cancel_free(cancel: partita_cancel) -> partita_status {
    entry(|| handles::free::<Arc<Cancel>>(cancel.id))
}
