//! Messages of a shard that are tried again, before their step's policy says what becomes of them.

use super::Shard;
use crate::engine::Engine;
use crate::engine::segment::Origin;
use crate::fault::{Fault, planted};
use crate::model::{Key, Value};
use crate::state::KeyRef;

impl Shard {
    /// Lets messages in again whose time has come, before all others. Asks to be run when others are due.
    pub(super) fn let_in_again(&mut self, engine: &Engine, index: usize) {
        let lane = &mut self.lanes[index];
        if lane.retries.next().is_none() {
            return;
        }
        lane.let_in_again(engine.seam.now());
        if let Some(time) = lane.retries.next() {
            engine.pools.notify_at(self.actor, time);
        }
    }

    /// Messages of the run whose keys wait for a message to be tried again wait behind it.
    pub(super) fn wait_in_line(&mut self) {
        let lane = &mut self.lanes[self.lane];
        if lane.retries.next().is_none() || planted(Fault::RetryOvertaken) {
            return;
        }
        let retries = &mut lane.retries;
        let taken = lane.run.take_of(self.kind, |key| retries.is_waiting(key));
        for (origin, key, value) in taken {
            retries.add(origin, KeyRef::from(&key), value);
        }
    }

    /// Lets a message that failed wait to be tried again, unless it was tried often enough.
    pub(super) fn try_again(
        &mut self,
        engine: &Engine,
        key: &Key,
        (origin, value): (Origin, Value),
    ) -> bool {
        let retry = self.step(engine).state().retry;
        if retry.times == 0 {
            return false;
        }
        let retries = &mut self.lanes[self.lane].retries;
        let again = retries.again(retry, engine.seam.now(), key);
        if again {
            retries.add(origin, KeyRef::from(key), value);
            self.wait_in_line();
        }
        again
    }
}
