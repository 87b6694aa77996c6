//! The steps of a plan, and which of them are run together.
//!
//! Stateless steps next to each other are a chain. It ends where messages must go to another place: at a
//! step with a state, at a step that is spread over the workers, and at the sinks. A parallel step
//! behind another one is not spread again, unless other threads run it: the chain behind the first is
//! parallel to its end.

use std::sync::Arc;

use super::declare::StepKind;
use crate::host::{self, Fused};
use crate::model::{Policy, Retry};

pub(crate) struct StepPlan {
    pub(crate) path: Arc<str>,
    pub(crate) values: Arc<dyn host::Values>,
    pub(crate) policy: Policy,
    pub(crate) work: Work,
}

/// What a step does.
pub(crate) enum Work {
    State(StatePlan),
    Stateless(StatelessPlan),
}

pub(crate) struct StatePlan {
    pub(crate) partition: usize,
    pub(crate) lane: usize,
    pub(crate) keys: Option<Arc<dyn host::Partition>>,
    pub(crate) compute: Arc<dyn host::Compute>,
    pub(crate) retry: Retry,
}

pub(crate) struct StatelessPlan {
    transform: Arc<dyn host::Transform>,
    /// What runs it and those of its chain that are run with it.
    pub(crate) fused: Fused,
    /// Whether messages are spread over the workers before it.
    pub(crate) spread: bool,
    /// How many threads of its own run it, and its chain; 0: the workers do.
    pub(crate) blocking: usize,
}

/// Where the messages of a chain go.
pub(crate) enum End<'a> {
    /// To the parts of a step.
    State(&'a StepPlan, &'a StatePlan),
    /// To any worker, for this step.
    Spread(usize),
    Sinks,
}

impl StepPlan {
    pub(super) fn new(path: String, declared: StepKind, lane: (usize, usize)) -> StepPlan {
        let (values, policy, work) = match declared {
            StepKind::State(step) => {
                let (partition, lane) = lane;
                let state = StatePlan {
                    partition,
                    lane,
                    keys: step.keys,
                    compute: step.compute,
                    retry: step.retry,
                };
                (step.values, step.policy, Work::State(state))
            }
            StepKind::Stateless(step) => {
                let alone = StatelessPlan {
                    fused: Fused {
                        run: step.transform.clone(),
                        steps: 1,
                        keys: false,
                    },
                    transform: step.transform,
                    spread: step.parallel,
                    blocking: step.blocking as usize,
                };
                (step.values, step.policy, Work::Stateless(alone))
            }
        };
        StepPlan {
            path: path.into(),
            values,
            policy,
            work,
        }
    }

    /// The step, which has a state.
    pub(crate) fn state(&self) -> &StatePlan {
        match &self.work {
            Work::State(state) => state,
            Work::Stateless(_) => unreachable!("the step has a state"),
        }
    }

    /// The step, which has none.
    pub(crate) fn stateless(&self) -> &StatelessPlan {
        match &self.work {
            Work::Stateless(stateless) => stateless,
            Work::State(_) => unreachable!("the step has no state"),
        }
    }

    fn is_spread(&self) -> bool {
        matches!(&self.work, Work::Stateless(stateless) if stateless.spread)
    }

    pub(super) fn release_hosts(&self) {
        match &self.work {
            Work::State(state) => {
                state.keys.iter().for_each(|keys| keys.release());
                state.compute.release();
            }
            Work::Stateless(stateless) => stateless.transform.release(),
        }
        self.values.release();
    }
}

/// Decides which steps are run together.
pub(super) fn link(steps: &mut [StepPlan]) {
    // What the messages come from that have no order: threads of its own, or the workers.
    let mut parallel: Option<usize> = None;
    for step in steps.iter_mut() {
        match &mut step.work {
            Work::State(_) => parallel = None,
            Work::Stateless(stateless) if stateless.spread => {
                stateless.spread = stateless.blocking > 0 || parallel != Some(0);
                parallel = Some(stateless.blocking);
            }
            Work::Stateless(_) => {}
        }
    }
    for index in 0..steps.len() {
        if let Work::Stateless(stateless) = &steps[index].work {
            let end = chain_end(steps, index + 1);
            let behind = steps[index + 1..end].iter();
            let behind: Vec<_> = behind
                .map(|step| step.stateless().transform.clone())
                .collect();
            let keys = match steps.get(end).map(|step| &step.work) {
                Some(Work::State(state)) => state.keys.as_ref(),
                _ => None,
            };
            let fused = stateless.transform.fuse(&behind, keys);
            if let (Some(fused), Work::Stateless(stateless)) = (fused, &mut steps[index].work) {
                stateless.fused = fused;
            }
        }
    }
}

/// Where the chain ends that goes on at `from`.
pub(crate) fn chain_end(steps: &[StepPlan], from: usize) -> usize {
    let ends = |step: &StepPlan| matches!(step.work, Work::State(_)) || step.is_spread();
    let behind = steps[from..].iter().position(ends);
    behind.map_or(steps.len(), |behind| from + behind)
}

/// Where messages go that are at `at`, behind a chain.
pub(crate) fn end_at(steps: &[StepPlan], at: usize) -> End<'_> {
    match steps.get(at) {
        None => End::Sinks,
        Some(step) => match &step.work {
            Work::State(state) => End::State(step, state),
            Work::Stateless(_) => End::Spread(at),
        },
    }
}
