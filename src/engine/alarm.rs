//! Waking those who sleep in a wait where there are no threads: what becomes ready meanwhile is theirs to run.
//!
//! Who sleeps has itself woken first and looks for something ready afterwards; who makes something ready
//! rings afterwards. The lock orders the two: one of them sees the other.

use super::event::Event;
use crate::sync::{Arc, Mutex, lock};

/// What those sleep at who are to be woken.
#[derive(Default)]
pub(crate) struct Alarm(Mutex<Vec<Arc<Event>>>);

impl Alarm {
    /// Wakes all who sleep.
    pub(crate) fn ring(&self) {
        lock(&self.0).iter().for_each(|event| event.notify());
    }

    /// Has who sleeps at this event woken, until what is returned is dropped.
    pub(crate) fn set<'a>(&'a self, event: &'a Arc<Event>) -> Asleep<'a> {
        lock(&self.0).push(event.clone());
        Asleep { alarm: self, event }
    }
}

/// Somebody sleeps.
pub(crate) struct Asleep<'a> {
    alarm: &'a Alarm,
    event: &'a Arc<Event>,
}

impl Drop for Asleep<'_> {
    fn drop(&mut self) {
        let mut events = lock(&self.alarm.0);
        if let Some(index) = events.iter().position(|e| Arc::ptr_eq(e, self.event)) {
            events.swap_remove(index);
        }
    }
}
