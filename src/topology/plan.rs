//! A plan: a declaration without mistakes, frozen.

use std::sync::Arc;

use super::check;
use super::declare::{Application, Clock, DeclaredKeys, SinkKind, Step, StepKind, Threads};
use super::picture::{Form, Picture};
use super::step::{self, End, StepPlan};
use super::stream::Listen;
use crate::host;
use crate::model::{KeyKind, Policy, Retry};

/// One thing that is wrong with a declaration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// Where, as in `application "x" / pipeline "y" / step 2 "z"`.
    pub path: String,
    /// What is wrong, and what was expected.
    pub message: String,
}

/// A declaration that was refused: it is given back as it was.
pub struct Rejected {
    /// What was declared.
    pub declared: Application,
    /// What is wrong with it: at least one mistake.
    pub mistakes: Vec<Mistake>,
}

/// How many messages at most are handed together to a callback that may block: few, so that those behind
/// them do not wait while other threads have nothing to do.
const BLOCKING_RUN_LENGTH: usize = 16;

pub(crate) struct Plan {
    pub(crate) picture: Picture,
    pub(crate) path: String,
    pub(crate) workers: usize,
    pub(crate) key_groups: u32,
    pub(crate) run_length: usize,
    pub(crate) stack_size: usize,
    pub(crate) dead_letters: Option<Arc<dyn host::DeadLetters>>,
    pub(crate) completions: Option<Arc<dyn host::Completions>>,
    pub(crate) log: Option<Arc<dyn host::Log>>,
    pub(crate) sleep: Option<Arc<dyn host::Sleep>>,
    pub(crate) threads: Threads,
    pub(crate) partitions: Vec<PartitionPlan>,
    /// Builders of partitions that were declared again: not used, and released with the others.
    pub(crate) builders_again: Vec<Arc<dyn host::Build>>,
    pub(crate) pipelines: Vec<PipelinePlan>,
}

pub(crate) struct PartitionPlan {
    pub(crate) name: String,
    pub(crate) path: Arc<str>,
    pub(crate) key_kind: KeyKind,
    pub(crate) keys: Option<DeclaredKeys>,
    pub(crate) build: Arc<dyn host::Build>,
    /// The steps that use it, as (pipeline, step): each is a lane of its shards.
    pub(crate) lanes: Vec<(usize, usize)>,
    /// How many threads of its own run its shards; 0: the workers do.
    pub(crate) blocking: usize,
}

pub(crate) struct PipelinePlan {
    pub(crate) source: SourcePlan,
    pub(crate) steps: Vec<StepPlan>,
    pub(crate) sinks: Vec<SinkPlan>,
}

pub(crate) struct SourcePlan {
    pub(crate) path: Arc<str>,
    pub(crate) credits: u64,
    pub(crate) listen: Option<Arc<Listen>>,
    pub(crate) values: Arc<dyn host::Values>,
}

pub(crate) struct SinkPlan {
    pub(crate) name: String,
    pub(crate) path: Arc<str>,
    pub(crate) policy: Policy,
    pub(crate) retry: Retry,
    pub(crate) kind: SinkKind,
}

impl Application {
    /// Checks the declaration and tells every mistake.
    pub fn check(&self) -> Vec<Mistake> {
        check::mistakes(self)
    }

    /// Draws what was declared, or tells every mistake.
    pub fn describe(&self, form: Form) -> Result<String, Vec<Mistake>> {
        let mistakes = self.check();
        match mistakes.is_empty() {
            true => Ok(Picture::of(self).draw(form)),
            false => Err(mistakes),
        }
    }

    /// Freezes the declaration, or tells every mistake and gives it back.
    pub(crate) fn freeze(self) -> Result<Plan, Box<Rejected>> {
        let mistakes = self.check();
        if mistakes.is_empty() {
            Ok(frozen(self))
        } else {
            Err(Box::new(Rejected {
                declared: self,
                mistakes,
            }))
        }
    }
}

pub(crate) fn application_path(name: &str) -> String {
    format!("application \"{name}\"")
}

fn frozen(application: Application) -> Plan {
    let path = application_path(&application.name);
    let picture = Picture::of(&application);
    let mut partitions: Vec<PartitionPlan> = Vec::new();
    let mut builders_again = Vec::new();
    for declared in application.partitions {
        if partitions.iter().all(|known| known.name != declared.name) {
            partitions.push(PartitionPlan {
                path: format!("{path} / partition \"{}\"", declared.name).into(),
                name: declared.name,
                key_kind: declared.key_kind,
                keys: declared.keys,
                build: declared.build,
                lanes: Vec::new(),
                blocking: 0,
            });
        } else {
            builders_again.push(declared.build);
        }
    }
    let pipelines = application.pipelines.into_iter().enumerate();
    let pipelines = pipelines.map(|(index, declared)| {
        let path = format!("{path} / pipeline \"{}\"", declared.name);
        let steps = declared.steps.into_iter().enumerate();
        let steps = steps.map(|(number, step)| {
            let path = step_path(&path, number, step.name());
            let lane = match &step {
                StepKind::State(step) => add_lane(&mut partitions, step, (index, number)),
                StepKind::Stateless(_) => (0, 0),
            };
            StepPlan::new(path, step, lane)
        });
        let mut steps: Vec<StepPlan> = steps.collect();
        step::link(&mut steps);
        let source = declared.source.expect("the check found it");
        let sinks = declared.sinks.into_iter().map(|sink| SinkPlan {
            path: sink_path(&path, &sink.name).into(),
            name: sink.name,
            policy: sink.policy,
            retry: sink.retry,
            kind: sink.kind,
        });
        PipelinePlan {
            source: SourcePlan {
                path: format!("{path} / source").into(),
                credits: source.credits,
                listen: source.listen,
                values: source.values,
            },
            steps,
            sinks: sinks.collect(),
        }
    });
    let pipelines = pipelines.collect();
    Plan {
        picture,
        path,
        workers: application.workers as usize,
        key_groups: application.key_groups,
        run_length: application.run_length as usize,
        stack_size: application.stack_size,
        dead_letters: application.dead_letters,
        completions: application.completions,
        log: application.log,
        sleep: application.sleep,
        threads: application.threads,
        partitions,
        builders_again,
        pipelines,
    }
}

/// Gives a partition the lane of a step; tells the number of both.
fn add_lane(
    partitions: &mut [PartitionPlan],
    step: &Step,
    number: (usize, usize),
) -> (usize, usize) {
    let mut named = partitions.iter();
    let index = named.position(|known| known.name == step.partition);
    let index = index.expect("the check found it");
    let partition = &mut partitions[index];
    partition.lanes.push(number);
    partition.blocking = partition.blocking.max(step.blocking as usize);
    (index, partition.lanes.len() - 1)
}

pub(crate) fn step_path(pipeline: &str, number: usize, name: &str) -> String {
    format!("{pipeline} / step {} \"{name}\"", number + 1)
}

pub(super) fn sink_path(pipeline: &str, name: &str) -> String {
    format!("{pipeline} / sink \"{name}\"")
}

impl PipelinePlan {
    /// Where the chain ends that goes on at step `from`.
    pub(crate) fn chain_end(&self, from: usize) -> usize {
        step::chain_end(&self.steps, from)
    }

    /// Where messages go that are at `at`, behind a chain.
    pub(crate) fn end_at(&self, at: usize) -> End<'_> {
        step::end_at(&self.steps, at)
    }

    /// Who takes back the messages that wait at stage `stage`: what made them. The sinks are the
    /// stage behind the last step.
    pub(crate) fn values_at(&self, stage: usize) -> &dyn host::Values {
        match stage {
            0 => &*self.source.values,
            _ => &*self.steps[stage - 1].values,
        }
    }
}

impl Plan {
    /// How many messages a run has at most that is run by so many threads of its own, or by the workers.
    pub(crate) fn run_length_of(&self, blocking: usize) -> usize {
        match blocking {
            0 => self.run_length,
            _ => self.run_length.min(BLOCKING_RUN_LENGTH),
        }
    }

    /// Tells the host that nothing of it is needed any more.
    pub(crate) fn release_hosts(&self) {
        for pipeline in &self.pipelines {
            pipeline.source.values.release();
            pipeline.steps.iter().for_each(StepPlan::release_hosts);
            for sink in &pipeline.sinks {
                match &sink.kind {
                    SinkKind::Callback(deliver) => deliver.release(),
                    SinkKind::Answers(answer) => answer.release(),
                    SinkKind::Queue(_) => {}
                    SinkKind::Connect(connect) => connect.encode.release(),
                }
            }
            if let Some(listen) = &pipeline.source.listen {
                listen.release();
            }
        }
        self.partitions
            .iter()
            .map(|partition| &partition.build)
            .chain(&self.builders_again)
            .for_each(|build| build.release());
        // Before all others that may have the same host: it is called on any thread, and stops here.
        self.sleep.iter().for_each(|sleep| sleep.release());
        if let Threads::None(Clock::Host(clock)) = &self.threads {
            clock.release();
        }
        self.dead_letters
            .iter()
            .for_each(|handler| handler.release());
        self.completions.iter().for_each(|host| host.release());
        self.log.iter().for_each(|log| log.release());
    }
}
