//! What is logged, for a host that is a function pointer.

use std::ffi::c_void;
use std::sync::Arc;

use super::super::callbacks::HostPointer;
use super::super::entry::lent;
use super::types::*;
use crate::host::{Host, Level, Log, Record};

/// Takes note of what happens.
pub(in crate::ffi) struct LogHost {
    pub(in crate::ffi) host: Arc<HostPointer>,
    pub(in crate::ffi) log: unsafe extern "C" fn(*mut c_void, *const partita_log_record),
}

impl Host for LogHost {
    fn release(&self) {
        self.host.release();
    }
}

impl Log for LogHost {
    fn log(&self, record: &Record<'_>) {
        let record = partita_log_record {
            size: size_of::<partita_log_record>(),
            level: match record.level {
                Level::Info => PARTITA_LOG_INFO,
                Level::Warning => PARTITA_LOG_WARNING,
                Level::Error => PARTITA_LOG_ERROR,
            },
            path: lent(record.path),
            text: lent(record.text),
            left_out: record.left_out,
        };
        // SAFETY: all that is lent lives for the call.
        unsafe { (self.log)(self.host.host, &raw const record) }
    }
}
