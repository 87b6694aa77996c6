//! Which library this is.

use super::entry::lent;
use super::status::*;
use super::types::*;

/// Changes when a program built with an older header can no longer run with this library.
pub const PARTITA_ABI: u32 = 1;

/// The version of the library that is loaded, as in `PARTITA_VERSION`. Never freed. Any thread,
/// also in callbacks.
#[unsafe(no_mangle)]
pub extern "C" fn partita_version() -> partita_str {
    lent(env!("CARGO_PKG_VERSION"))
}

/// The `PARTITA_ABI` of the library that is loaded. Any thread, also in callbacks.
#[unsafe(no_mangle)]
pub extern "C" fn partita_abi() -> u32 {
    PARTITA_ABI
}

/// The name of a status, as in `PARTITA_OK`, or `PARTITA_?` for a number that is none. Never
/// freed. Any thread, also in callbacks.
#[unsafe(no_mangle)]
pub extern "C" fn partita_status_name(status: partita_status) -> partita_str {
    lent(match status {
        PARTITA_OK => "PARTITA_OK",
        PARTITA_INVALID_ARGUMENT => "PARTITA_INVALID_ARGUMENT",
        PARTITA_INVALID_UTF8 => "PARTITA_INVALID_UTF8",
        PARTITA_INVALID_HANDLE => "PARTITA_INVALID_HANDLE",
        PARTITA_INVALID_TOPOLOGY => "PARTITA_INVALID_TOPOLOGY",
        PARTITA_NOT_STARTED => "PARTITA_NOT_STARTED",
        PARTITA_ALREADY_STARTED => "PARTITA_ALREADY_STARTED",
        PARTITA_WOULD_BLOCK => "PARTITA_WOULD_BLOCK",
        PARTITA_TIMEOUT => "PARTITA_TIMEOUT",
        PARTITA_CANCELLED => "PARTITA_CANCELLED",
        PARTITA_STOPPED => "PARTITA_STOPPED",
        PARTITA_CLOSED => "PARTITA_CLOSED",
        PARTITA_FAILED => "PARTITA_FAILED",
        PARTITA_WOULD_DEADLOCK => "PARTITA_WOULD_DEADLOCK",
        PARTITA_BUSY => "PARTITA_BUSY",
        PARTITA_NOT_FOUND => "PARTITA_NOT_FOUND",
        PARTITA_UNSUPPORTED => "PARTITA_UNSUPPORTED",
        PARTITA_OUTPUTS_FULL => "PARTITA_OUTPUTS_FULL",
        PARTITA_FORKED => "PARTITA_FORKED",
        PARTITA_THREAD => "PARTITA_THREAD",
        PARTITA_INTERNAL => "PARTITA_INTERNAL",
        PARTITA_CONTRACT => "PARTITA_CONTRACT",
        PARTITA_LATER => "PARTITA_LATER",
        PARTITA_FILTERED => "PARTITA_FILTERED",
        PARTITA_ADDRESS => "PARTITA_ADDRESS",
        _ => "PARTITA_?",
    })
}

/// What a reason of death says, as in "key not declared", or "unknown reason" for a number that
/// is none. Never freed. Any thread, also in callbacks.
#[unsafe(no_mangle)]
pub extern "C" fn partita_dead_reason_name(reason: u32) -> partita_str {
    lent(match reason {
        PARTITA_DEAD_UNKNOWN_KEY => "key not declared",
        PARTITA_DEAD_PARTITION => "partition function failed",
        PARTITA_DEAD_BUILD => "state could not be built",
        PARTITA_DEAD_COMPUTE => "computation failed",
        PARTITA_DEAD_SINK => "sink failed",
        PARTITA_DEAD_FAILED => "application failed",
        PARTITA_DEAD_CLOSED => "application closed",
        PARTITA_DEAD_QUARANTINED => "key in quarantine",
        PARTITA_DEAD_DECODE => "frame not decoded",
        _ => "unknown reason",
    })
}
