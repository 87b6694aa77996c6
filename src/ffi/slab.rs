//! Memory for states that the engine owns: places of one size, in blocks.

use std::alloc::{Layout, alloc_zeroed, dealloc};
use std::collections::HashMap;
use std::ptr::NonNull;
use std::sync::Mutex;
use std::thread::{self, ThreadId};

use super::app::lock;

/// How large a block is, unless a single place is larger.
const BLOCK_BYTES: usize = 16 << 10;

/// Places that are taken and given back by any thread. A thread takes places that lie together, and no
/// other thread takes places between them: states that one worker builds are mostly its own from then on.
///
/// Blocks are given back to the system when the slab goes.
pub(super) struct Slab {
    place: Layout,
    block: Layout,
    shared: Mutex<Shared>,
}

#[derive(Default)]
struct Shared {
    blocks: Vec<NonNull<u8>>,
    /// What is left of each thread's block.
    rest: HashMap<ThreadId, Rest>,
    /// Places that were given back.
    free: Vec<NonNull<u8>>,
}

struct Rest {
    next: NonNull<u8>,
    places: usize,
}

// SAFETY: memory has no thread; what leads to it is behind a lock.
unsafe impl Send for Shared {}

impl Slab {
    /// For places with a layout of more than no bytes.
    pub(super) fn new(layout: Layout) -> Slab {
        let place = layout.pad_to_align();
        let block = Layout::from_size_align(
            (BLOCK_BYTES / place.size()).max(1) * place.size(),
            // A block shares no cache line with what another thread has.
            place.align().max(64),
        );
        Slab {
            place,
            // Larger than any memory it is a block of one place, whose layout is known to be right.
            block: block.unwrap_or(place),
            shared: Mutex::default(),
        }
    }

    /// The bytes of a place.
    pub(super) fn size(&self) -> usize {
        self.place.size()
    }

    /// Appends up to `count` places, whose bytes are zero; fewer only if there is no more memory.
    pub(super) fn take(&self, count: usize, places: &mut Vec<NonNull<u8>>) {
        let (mut shared, enough) = (lock(&self.shared), places.len() + count);
        let again = shared.free.len().saturating_sub(count);
        for place in shared.free.drain(again..) {
            // SAFETY: it is a place of this slab that nobody uses.
            unsafe { place.write_bytes(0, self.place.size()) }
            places.push(place);
        }
        while places.len() < enough {
            let Some(rest) = self.rest(&mut shared) else {
                return;
            };
            places.push(rest.next);
            rest.places -= 1;
            if rest.places > 0 {
                // SAFETY: another place follows in the same block.
                rest.next = unsafe { rest.next.add(self.place.size()) };
            }
        }
    }

    /// What is left of this thread's block, or of a new one.
    fn rest<'a>(&self, shared: &'a mut Shared) -> Option<&'a mut Rest> {
        let Shared { blocks, rest, .. } = shared;
        let none = Rest {
            next: NonNull::dangling(),
            places: 0,
        };
        let rest = rest.entry(thread::current().id()).or_insert(none);
        if rest.places == 0 {
            // SAFETY: the size is not zero.
            let next = NonNull::new(unsafe { alloc_zeroed(self.block) })?;
            blocks.push(next);
            let places = self.block.size() / self.place.size();
            *rest = Rest { next, places };
        }
        Some(rest)
    }

    /// Gives places back that `take` gave.
    pub(super) fn give(&self, places: impl IntoIterator<Item = NonNull<u8>>) {
        lock(&self.shared).free.extend(places);
    }
}

impl Drop for Slab {
    fn drop(&mut self) {
        for block in &lock(&self.shared).blocks {
            // SAFETY: it was allocated with this layout, and what lent it is gone.
            unsafe { dealloc(block.as_ptr(), self.block) }
        }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn taken(slab: &Slab, count: usize) -> Vec<NonNull<u8>> {
        let mut places = Vec::new();
        slab.take(count, &mut places);
        assert_eq!(places.len(), count);
        places
    }

    #[test]
    fn places_are_aligned_and_none_overlap() {
        for (size, align) in [(1, 1), (24, 8), (16, 16), (5, 4), (100, 64), (40_000, 4096)] {
            let slab = Slab::new(Layout::from_size_align(size, align).unwrap());
            let many = if cfg!(miri) { 50 } else { 1000 };
            let places = taken(&slab, many);
            let starts: BTreeSet<usize> = places.iter().map(|place| place.addr().get()).collect();
            assert!(starts.iter().all(|start| start % align == 0));
            let mut neighbours = starts.iter().zip(starts.iter().skip(1));
            assert_eq!(starts.len(), many);
            assert!(neighbours.all(|(before, next)| next - before >= size));
        }
    }

    #[test]
    fn places_are_zero_also_when_they_are_taken_again() {
        let slab = Slab::new(Layout::new::<[u64; 3]>());
        let first = taken(&slab, 10);
        for place in &first {
            // SAFETY: the place is ours, and this large.
            unsafe { place.write_bytes(0xff, 24) }
        }
        slab.give(first.iter().copied());
        let again = taken(&slab, 12);
        assert!(first.iter().all(|place| again.contains(place)));
        for place in again {
            // SAFETY: as above; it was written when it was given.
            assert_eq!(unsafe { place.cast::<[u64; 3]>().read() }, [0; 3]);
        }
    }

    #[test]
    fn threads_take_places_of_different_cache_lines() {
        let slab = Slab::new(Layout::new::<u64>());
        let lines = || {
            let places = taken(&slab, 1);
            places[0].addr().get() / 64
        };
        let own = lines();
        let other = thread::scope(|scope| scope.spawn(lines).join().unwrap());
        assert_ne!(own, other);
        assert_eq!(own, lines());
    }
}
