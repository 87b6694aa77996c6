//! The policy `quarantine`: the key of a message that fails is set aside, for every step that uses the
//! partition, because its state may be damaged. The state is kept as it is.

use super::Shard;
use crate::engine::quarantine::Quarantine;
use crate::engine::{Death, Engine};
use crate::fault::{Fault, planted};
use crate::model::{DeadReason, Policy};
use crate::state::KeyRef;

impl Shard {
    fn quarantine<'e>(&self, engine: &'e Engine) -> &'e Quarantine {
        let slot = &engine.partitions[self.partition];
        &slot.quarantines[self.actor.0 - slot.first_actor]
    }

    /// Sets the key of a message that failed aside, if that is the step's policy. Before the message is
    /// buried: whoever is told of it can release the key.
    pub(super) fn set_aside(&mut self, engine: &Engine, policy: Policy, key: KeyRef<'_>) {
        if policy == Policy::Quarantine {
            self.quarantine(engine).add(key);
            // Messages of the key that have been looked up are looked at again.
            self.deletions += 1;
        }
    }

    /// Messages of the lane's run whose keys are in quarantine become dead letters.
    pub(super) fn bury_quarantined(&mut self, engine: &Engine) {
        let quarantine = self.quarantine(engine);
        if quarantine.is_empty() || planted(Fault::QuarantineIgnored) {
            return;
        }
        let lane = &mut self.lanes[self.lane];
        // Nothing of the host's is called while the keys are looked at: it may release one.
        let taken = quarantine.look(|keys| lane.run.take_of(self.kind, |key| keys.contains(key)));
        let path = &engine.plan.pipelines[lane.pipeline].steps[lane.step].path;
        for (origin, key, value) in taken {
            lane.retries.over(KeyRef::from(&key));
            engine.bury(Death {
                origin,
                stage: lane.step,
                counter: lane.step + 1,
                path,
                value,
                reason: DeadReason::Quarantined,
                key: Some(key),
                text: "",
                frame: None,
            });
        }
    }
}
