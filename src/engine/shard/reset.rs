//! The policy `reset`: a message that fails dies, and its key gets a freshly built state.

use super::{Phase, Shard};
use crate::engine::callback::tell;
use crate::engine::segment::Origin;
use crate::engine::{Death, Engine, Failure};
use crate::host::Verdict;
use crate::model::{DeadReason, Key, Policy, Value};
use crate::state::KeyRef;
use crate::topology::StepPlan;

/// A message on which the computation failed, until it is buried.
pub(super) struct Failing {
    pub(super) origin: Origin,
    pub(super) value: Value,
    pub(super) key: Key,
    pub(super) text: String,
    /// Whether messages before it in its run have emitted something, which is to be sent on.
    pub(super) emitted: bool,
}

impl Shard {
    /// Does with a message that failed what its step's policy says, and sends on what those before it
    /// have emitted.
    pub(super) fn failed(&mut self, engine: &Engine, plan: &StepPlan, failing: Failing) {
        if plan.policy == Policy::Reset {
            self.new.clear();
            self.new.push(KeyRef::from(&failing.key));
            self.failing = Some(failing);
            self.phase = Phase::Build;
        } else {
            self.bury_failing(engine, plan, failing);
        }
    }

    /// The state of the key of a message that failed was built anew, or could not be. The message is
    /// buried last: who drains finds the new state.
    pub(super) fn built_anew(&mut self, engine: &Engine, failing: Failing, verdict: Verdict) {
        self.phase = Phase::Idle;
        let partition = self.plan(engine);
        let mut built = std::mem::take(&mut self.new.states);
        let why = match verdict {
            Verdict::Done if built.len() == 1 => None,
            Verdict::Failed(text) => Some(Failure::callback(
                &partition.path,
                format!("building the state of {} anew failed: {text}", failing.key),
            )),
            Verdict::Contract(text) => Some(Failure::contract(&partition.path, &text)),
            _ => {
                let text = "the builder built no state and did not fail";
                Some(Failure::contract(&partition.path, text))
            }
        };
        match why {
            Some(failure) => engine.fail(failure),
            None => self.replace(engine, &failing.key, &mut built),
        }
        if !built.is_empty() {
            tell(engine, || partition.build.drop_states(&built));
        }
        let plan = self.step(engine);
        self.bury_failing(engine, plan, failing);
    }

    /// Gives a key the state that was built; what is in `built` then is the one it had, if any.
    fn replace(&mut self, engine: &Engine, key: &Key, built: &mut Vec<Value>) {
        // Runs that have looked up the old one look again.
        self.deletions += 1;
        let key = KeyRef::from(key);
        match self.parts.get_mut(key) {
            Some(known) => std::mem::swap(known, &mut built[0]),
            None => {
                self.parts.get_or_insert(key, built[0]);
                engine.parts_added(1);
                built.clear();
            }
        }
    }

    pub(super) fn bury_failing(&mut self, engine: &Engine, plan: &StepPlan, failing: Failing) {
        self.set_aside(engine, plan.policy, KeyRef::from(&failing.key));
        let step = self.lanes[self.lane].step;
        let death = Death {
            origin: failing.origin,
            stage: step,
            counter: step + 1,
            path: &plan.path,
            value: failing.value,
            reason: DeadReason::Compute,
            key: Some(failing.key),
            text: &failing.text,
            frame: None,
        };
        engine.failed(death, plan.policy);
        if failing.emitted {
            self.forward();
        }
    }
}
