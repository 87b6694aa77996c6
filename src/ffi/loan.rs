//! Memory that a callback is lent for keys of bytes. Each thread keeps it for the next call, and a frame
//! ends the loan when it settles: also that of a callback which will not return.

use std::cell::RefCell;
use std::collections::TryReserveError;

use super::types::partita_bytes;

/// How many bytes are lent for the text of keys, at least.
const SCRATCH_MIN: usize = 1 << 16;
/// How many bytes each key may take on average.
const SCRATCH_EACH: usize = 64;
/// What is larger is not kept.
const KEPT_MAX: usize = 1 << 20;

thread_local! {
    static IDLE: RefCell<Vec<Loan>> = const { RefCell::new(Vec::new()) };
}

/// Memory for keys, and for their bytes.
#[derive(Default)]
pub(super) struct Loan {
    pub(super) keys: Vec<partita_bytes>,
    pub(super) scratch: Vec<u8>,
}

impl Loan {
    /// Memory without anything in it.
    pub(super) fn take() -> Loan {
        IDLE.with_borrow_mut(Vec::pop).unwrap_or_default()
    }

    /// Memory for so many keys that the host will write.
    pub(super) fn for_keys(count: usize) -> Loan {
        let mut loan = Loan::take();
        loan.fit(count);
        loan.scratch
            .reserve((count * SCRATCH_EACH).max(SCRATCH_MIN));
        loan
    }

    /// Makes room for so many keys, if there is memory. What was written stays.
    pub(super) fn try_fit(&mut self, count: usize) -> Result<(), TryReserveError> {
        self.keys
            .try_reserve(count.saturating_sub(self.keys.len()))?;
        self.fit(count);
        Ok(())
    }

    /// Makes room for so many keys. What was written stays.
    pub(super) fn fit(&mut self, count: usize) {
        let none = partita_bytes {
            ptr: std::ptr::null(),
            len: 0,
        };
        self.keys.resize(count.max(self.keys.len()), none);
    }

    /// Ends the loan, once: the thread keeps the memory.
    pub(super) fn end(&mut self) {
        let mut loan = std::mem::take(self);
        loan.keys.clear();
        let size = loan.scratch.capacity() + loan.keys.capacity() * size_of::<partita_bytes>();
        if (1..=KEPT_MAX).contains(&size) {
            IDLE.with_borrow_mut(|idle| idle.push(loan));
        }
    }
}

#[cfg(test)]
pub(super) fn idle() -> usize {
    IDLE.with_borrow(Vec::len)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_lent_is_lent_again() {
        let mut first = Loan::for_keys(10);
        let mut nested = Loan::for_keys(10);
        let (text, other) = (first.scratch.as_ptr(), nested.scratch.as_ptr());
        assert_ne!(text, other);
        nested.end();
        first.end();
        first.end();
        assert_eq!(idle(), 2);
        let again = Loan::for_keys(20);
        assert_eq!((again.scratch.as_ptr(), again.keys.len()), (text, 20));
    }

    #[test]
    fn what_is_very_large_is_not_kept() {
        Loan::for_keys(KEPT_MAX / SCRATCH_EACH + 1).end();
        assert_eq!(idle(), 0);
    }
}
