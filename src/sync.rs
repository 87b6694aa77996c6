//! The primitives by which threads meet, in one place so that loom can replace them.

#[cfg(loom)]
pub(crate) use loom::{
    cell::UnsafeCell,
    sync::{
        Condvar, Mutex, MutexGuard,
        atomic::{AtomicBool, AtomicI64, AtomicU8, AtomicU64, AtomicUsize, Ordering, fence},
    },
};
#[cfg(not(loom))]
pub(crate) use std::sync::{
    Condvar, Mutex, MutexGuard,
    atomic::{AtomicBool, AtomicI64, AtomicU8, AtomicU64, AtomicUsize, Ordering, fence},
};

// Counting references hands nothing over here: loom need not see it.
pub(crate) use std::sync::Arc;

use std::sync::PoisonError;
use std::time::Duration;

/// A cell that is reached as loom's is, so that loom can see who does.
#[cfg(not(loom))]
pub(crate) struct UnsafeCell<T>(std::cell::UnsafeCell<T>);

#[cfg(not(loom))]
impl<T> UnsafeCell<T> {
    pub(crate) fn new(contents: T) -> UnsafeCell<T> {
        UnsafeCell(std::cell::UnsafeCell::new(contents))
    }

    #[inline]
    pub(crate) fn with_mut<R>(&self, reach: impl FnOnce(*mut T) -> R) -> R {
        reach(self.0.get())
    }
}

/// Locks a mutex, poisoned or not: what it guards is kept whole by its users, who call nothing
/// foreign while they hold it.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Waits at most so long for a change of what the mutex guards.
#[cfg(not(loom))]
pub(crate) fn wait_at_most<'a, T>(
    changed: &Condvar,
    _mutex: &'a Mutex<T>,
    guard: MutexGuard<'a, T>,
    most: Duration,
) -> MutexGuard<'a, T> {
    let waited = changed.wait_timeout(guard, most);
    waited.unwrap_or_else(PoisonError::into_inner).0
}

/// Loom knows no time: it is over whenever others have run.
#[cfg(loom)]
pub(crate) fn wait_at_most<'a, T>(
    _changed: &Condvar,
    mutex: &'a Mutex<T>,
    guard: MutexGuard<'a, T>,
    _most: Duration,
) -> MutexGuard<'a, T> {
    drop(guard);
    loom::thread::yield_now();
    lock(mutex)
}

/// Lets a moment pass between two looks at what others change.
pub(crate) fn glance() {
    #[cfg(not(loom))]
    std::hint::spin_loop();
    #[cfg(loom)]
    loom::thread::yield_now();
}
