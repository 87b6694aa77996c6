//! Handles: numbers that are looked up in a process-wide table, never pointers that are believed.
//!
//! A handle is (kind, generation, slot). A call pins the slot it uses: freeing makes the handle stale at
//! once, and the object goes when the last pin does. A slot's state is one word, (generation, freed?,
//! pins), so that pinning is one atomic operation on a line that only users of this handle touch: a
//! sender's sends share nothing with anybody.

use std::cell::UnsafeCell;
use std::ops::Deref;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use once_cell::sync::{Lazy, OnceCell};

use super::app::{AppObject, PipelineObject, ReaderObject, SenderObject, SinkObject};
use super::error::ErrorObject;
use super::status::{PARTITA_INVALID_HANDLE, partita_status};
use crate::engine::{Buffer, Cancel};

/// What a handle can stand for.
pub(super) enum Object {
    App(AppObject),
    Pipeline(PipelineObject),
    Sender(SenderObject),
    Sink(SinkObject),
    Cancel(std::sync::Arc<Cancel>),
    Reader(ReaderObject),
    Error(ErrorObject),
    /// Boxed: slots of all kinds of handles are as large as the largest.
    Buffer(Box<Buffer>),
}

impl Object {
    fn kind(&self) -> u64 {
        match self {
            Object::App(_) => 1,
            Object::Pipeline(_) => 2,
            Object::Sender(_) => 3,
            Object::Sink(_) => 4,
            Object::Cancel(_) => 5,
            Object::Reader(_) => 6,
            Object::Error(_) => 7,
            Object::Buffer(_) => 8,
        }
    }
}

/// A kind of object that a handle can be resolved to.
pub(super) trait Handled: 'static {
    fn of(object: &Object) -> Option<&Self>;
}

macro_rules! handled {
    ($($kind:ident: $type:ty),*) => {$(
        impl Handled for $type {
            fn of(object: &Object) -> Option<&Self> {
                match object {
                    Object::$kind(object) => Some(object),
                    _ => None,
                }
            }
        }
    )*};
}

handled!(App: AppObject, Pipeline: PipelineObject, Sender: SenderObject, Sink: SinkObject,
    Cancel: std::sync::Arc<Cancel>, Reader: ReaderObject, Error: ErrorObject, Buffer: Buffer);

const CHUNK: usize = 1024;
const CHUNKS: usize = 1024;
const FREED: u64 = 1 << 31;
const PINS: u64 = FREED - 1;
const GENERATION_BITS: u32 = 24;

struct Slot {
    /// The generation in the high half; below it whether it was freed, and the pins.
    state: AtomicU64,
    object: UnsafeCell<Option<Object>>,
}

// SAFETY: the object is written only while the slot has no generation in use and no pins, and
// shared only through pins.
unsafe impl Sync for Slot {}

struct Table {
    chunks: Box<[OnceCell<Box<[Slot]>>]>,
    free: Mutex<Vec<u32>>,
    next: AtomicU32,
}

static TABLE: Lazy<Table> = Lazy::new(|| Table {
    chunks: (0..CHUNKS).map(|_| OnceCell::new()).collect(),
    free: Mutex::default(),
    next: AtomicU32::new(0),
});

fn generation_after(generation: u64) -> u64 {
    // Never 0, so that no handle is 0.
    let next = (generation + 1) & ((1 << GENERATION_BITS) - 1);
    if next == 0 { 1 } else { next }
}

impl Table {
    fn slot(&self, index: u32) -> Option<&Slot> {
        let index = index as usize;
        self.chunks.get(index / CHUNK)?.get()?.get(index % CHUNK)
    }

    fn take_free(&self) -> Option<u32> {
        if let Some(index) = self
            .free
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .pop()
        {
            return Some(index);
        }
        let limit = (CHUNK * CHUNKS) as u32;
        let index = self
            .next
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |next| {
                (next < limit).then_some(next + 1)
            });
        let index = index.ok()?;
        self.chunks[index as usize / CHUNK].get_or_init(|| {
            let slot = |_| Slot {
                state: AtomicU64::new(FREED),
                object: UnsafeCell::new(None),
            };
            (0..CHUNK).map(slot).collect()
        });
        Some(index)
    }

    /// Empties a slot that was freed and has no pins left; only who made it so calls this.
    fn empty(&self, index: u32, slot: &Slot) {
        // SAFETY: the slot is freed and unpinned: nobody else can reach the object.
        let object = unsafe { (*slot.object.get()).take() };
        self.free
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(index);
        drop(object);
    }
}

/// Gives an object a handle. `None` if there are a million already.
pub(super) fn insert(object: Object) -> Option<u64> {
    let index = TABLE.take_free()?;
    let slot = TABLE.slot(index)?;
    let generation = generation_after(slot.state.load(Ordering::Relaxed) >> 32);
    let id = object.kind() << 56 | generation << 32 | u64::from(index);
    // SAFETY: the slot was free, and is ours until its state is published.
    unsafe { *slot.object.get() = Some(object) };
    // Release: pairs with the Acquire in `pin`: who sees the generation sees the object.
    slot.state.store(generation << 32, Ordering::Release);
    Some(id)
}

/// An object in use: it lives at least as long as this.
pub(super) struct Pinned<T: 'static> {
    index: u32,
    slot: &'static Slot,
    /// No reference: the object may go while this is dropped, and a reference must not outlive what it refers to.
    object: NonNull<T>,
}

impl<T> Deref for Pinned<T> {
    type Target = T;

    fn deref(&self) -> &T {
        // SAFETY: the slot is pinned, so the object stays until this is dropped.
        unsafe { self.object.as_ref() }
    }
}

impl<T> Drop for Pinned<T> {
    fn drop(&mut self) {
        // Release: what was done with the object happens before it is emptied. Acquire: for that.
        let before = self.slot.state.fetch_sub(1, Ordering::AcqRel);
        if before & FREED != 0 && before & PINS == 1 {
            TABLE.empty(self.index, self.slot);
        }
    }
}

fn parts_of(id: u64) -> (u64, u64, u32) {
    (id >> 56, id >> 32 & ((1 << GENERATION_BITS) - 1), id as u32)
}

/// Resolves a handle.
pub(super) fn pin<T: Handled>(id: u64) -> Result<Pinned<T>, partita_status> {
    let (kind, generation, index) = parts_of(id);
    let slot = TABLE.slot(index).ok_or(PARTITA_INVALID_HANDLE)?;
    let mut state = slot.state.load(Ordering::Relaxed);
    loop {
        if state >> 32 != generation || state & FREED != 0 || generation == 0 {
            return Err(PARTITA_INVALID_HANDLE);
        }
        match slot.state.compare_exchange_weak(
            state,
            state + 1,
            Ordering::Acquire,
            Ordering::Relaxed,
        ) {
            Ok(_) => break,
            Err(now) => state = now,
        }
    }
    // SAFETY: the slot is pinned in this generation, so its object is there and stays.
    let object = unsafe { (*slot.object.get()).as_ref() };
    let found = object
        .filter(|object| object.kind() == kind)
        .and_then(T::of);
    match found {
        Some(object) => Ok(Pinned {
            index,
            slot,
            object: NonNull::from(object),
        }),
        None => {
            drop(Pinned {
                index,
                slot,
                object: NonNull::<()>::dangling(),
            });
            Err(PARTITA_INVALID_HANDLE)
        }
    }
}

/// Frees a handle of this kind: it is stale from now on.
pub(super) fn free<T: Handled>(id: u64) -> Result<(), partita_status> {
    let pinned = pin::<T>(id)?;
    free_pinned(&pinned)
}

/// Frees the handle of a pinned object.
pub(super) fn free_pinned<T: 'static>(pinned: &Pinned<T>) -> Result<(), partita_status> {
    let before = pinned.slot.state.fetch_or(FREED, Ordering::AcqRel);
    if before & FREED != 0 {
        Err(PARTITA_INVALID_HANDLE)
    } else {
        Ok(())
    }
}

/// Frees a handle of any kind, if it is not stale.
pub(super) fn free_any(id: u64) {
    let (_, generation, index) = parts_of(id);
    let Some(slot) = TABLE.slot(index) else {
        return;
    };
    let mut state = slot.state.load(Ordering::Relaxed);
    while state >> 32 == generation && state & FREED == 0 {
        let freed = state | FREED;
        match slot
            .state
            .compare_exchange_weak(state, freed, Ordering::AcqRel, Ordering::Relaxed)
        {
            Ok(_) if state & PINS == 0 => return TABLE.empty(index, slot),
            Ok(_) => return,
            Err(now) => state = now,
        }
    }
}

/// Whether a handle is not stale.
pub(super) fn is_live(id: u64) -> bool {
    let (_, generation, index) = parts_of(id);
    let state = TABLE
        .slot(index)
        .map(|slot| slot.state.load(Ordering::Relaxed));
    state.is_some_and(|state| state >> 32 == generation && state & FREED == 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cancel() -> u64 {
        insert(Object::Cancel(Default::default())).unwrap()
    }

    #[test]
    fn a_freed_handle_is_stale_also_when_its_slot_is_used_again() {
        let first = cancel();
        assert!(pin::<std::sync::Arc<Cancel>>(first).is_ok());
        free::<std::sync::Arc<Cancel>>(first).unwrap();
        let others: Vec<u64> = (0..100).map(|_| cancel()).collect();
        assert!(pin::<std::sync::Arc<Cancel>>(first).is_err());
        assert!(free::<std::sync::Arc<Cancel>>(first).is_err());
        others
            .into_iter()
            .for_each(|id| free::<std::sync::Arc<Cancel>>(id).unwrap());
    }

    #[test]
    fn zero_foreign_and_other_kinds_are_refused() {
        let id = cancel();
        for wrong in [0, u64::MAX, id ^ 1 << 56, id ^ 1 << 40, id | 0xffff_ffff] {
            assert!(pin::<std::sync::Arc<Cancel>>(wrong).is_err(), "{wrong:x}");
        }
        assert!(pin::<ErrorObject>(id).is_err());
        free::<std::sync::Arc<Cancel>>(id).unwrap();
    }

    #[test]
    fn a_pinned_object_outlives_its_handle() {
        let id = cancel();
        let pinned = pin::<std::sync::Arc<Cancel>>(id).unwrap();
        let weak = std::sync::Arc::downgrade(&*pinned);
        free::<std::sync::Arc<Cancel>>(id).unwrap();
        assert!(weak.upgrade().is_some());
        assert!(pin::<std::sync::Arc<Cancel>>(id).is_err());
        drop(pinned);
        assert!(weak.upgrade().is_none());
    }
}
