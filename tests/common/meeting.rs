//! Where threads of a test wait for each other.

use std::io::Write;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Condvar, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

/// Longer than any test takes that works.
const LONG: Duration = Duration::from_secs(120);

/// Ends a test that hangs, and tells which it was.
pub struct Alarm {
    _cancel: mpsc::Sender<()>,
}

impl Alarm {
    /// Rings unless it is dropped in time.
    pub fn set() -> Alarm {
        let name = thread::current().name().unwrap_or("a test").to_owned();
        let (cancel, cancelled) = mpsc::channel();
        thread::spawn(move || {
            if cancelled.recv_timeout(LONG) == Err(RecvTimeoutError::Timeout) {
                // What `eprintln` writes would be kept for when the test is over.
                let _ = writeln!(std::io::stderr(), "{name} hangs");
                std::process::abort();
            }
        });
        Alarm { _cancel: cancel }
    }
}

/// A count that only grows, and can be waited for.
#[derive(Default)]
pub struct Count {
    count: Mutex<u64>,
    grown: Condvar,
}

impl Count {
    /// Adds one and gives how many there are now.
    pub fn add(&self) -> u64 {
        let mut count = self.count.lock().unwrap_or_else(PoisonError::into_inner);
        *count += 1;
        self.grown.notify_all();
        *count
    }

    /// However many are waited for, there are as many now.
    pub fn end(&self) {
        *self.count.lock().unwrap_or_else(PoisonError::into_inner) = u64::MAX / 2;
        self.grown.notify_all();
    }

    /// Waits until there are so many.
    pub fn reach(&self, least: u64) {
        let count = self.count.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self.grown.wait_while(count, |count| *count < least);
        drop(waited.unwrap_or_else(PoisonError::into_inner));
    }

    /// Waits until a whole number of groups of `size` has come, this caller among them.
    pub fn meet(&self, size: u64) {
        let number = self.add();
        self.reach(number.div_ceil(size) * size);
    }
}
