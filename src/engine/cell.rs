//! The contents of actors, each for the holder of its claim. One of the two hot rooms with `unsafe`.
#![allow(unsafe_code)]

use super::schedule::{ActorId, Claim};
use crate::sync::UnsafeCell;

pub(crate) struct Cells<T>(Box<[UnsafeCell<T>]>);

// SAFETY: contents are reached only through a claim, of which there is one for each actor; the
// schedule's orderings hand them from one holder to the next.
unsafe impl<T: Send> Sync for Cells<T> {}

impl<T> Cells<T> {
    pub(crate) fn new(contents: impl Iterator<Item = T>) -> Cells<T> {
        Cells(contents.map(UnsafeCell::new).collect())
    }

    /// The contents of the claimed actor.
    #[allow(clippy::mut_from_ref)]
    pub(crate) fn get<'a>(&'a self, claim: &'a mut Claim) -> &'a mut T {
        let ActorId(index) = claim.actor();
        // SAFETY: the claim is the only one of this actor, and is borrowed for as long.
        self.0[index].with_mut(|contents| unsafe { &mut *contents })
    }
}
