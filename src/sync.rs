//! The primitives by which threads meet, in one place so that loom can replace them.

#[cfg(loom)]
pub(crate) use loom::sync::{
    Condvar, Mutex, MutexGuard,
    atomic::{AtomicBool, AtomicI64, AtomicU8, AtomicUsize, Ordering, fence},
};
#[cfg(not(loom))]
pub(crate) use std::sync::{
    Condvar, Mutex, MutexGuard,
    atomic::{AtomicBool, AtomicI64, AtomicU8, AtomicUsize, Ordering, fence},
};

// Counting references hands nothing over here: loom need not see it.
pub(crate) use std::sync::Arc;

use std::sync::PoisonError;

/// Locks a mutex, poisoned or not: what it guards is kept whole by its users, who call nothing
/// foreign while they hold it.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
