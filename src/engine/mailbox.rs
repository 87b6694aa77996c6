//! Where threads leave work for an actor: any thread pushes, the actor takes all there is.
//!
//! A push is small and rare (a whole segment), so a lock around a vector is all it takes; taking swaps
//! the vector for an empty one. What one thread pushes keeps its order.

use crate::sync::{Mutex, lock};

pub(crate) struct Mailbox<T> {
    items: Mutex<Vec<T>>,
}

impl<T> Default for Mailbox<T> {
    fn default() -> Self {
        Mailbox {
            items: Mutex::new(Vec::new()),
        }
    }
}

impl<T> Mailbox<T> {
    pub(crate) fn push(&self, item: T) {
        lock(&self.items).push(item);
    }

    /// Takes everything; `into` must be empty, and its memory is used for what comes next.
    pub(crate) fn take(&self, into: &mut Vec<T>) {
        debug_assert!(into.is_empty());
        std::mem::swap(&mut *lock(&self.items), into);
    }
}
