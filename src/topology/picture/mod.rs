//! A picture of an application: what was declared, as text, JSON or Mermaid.

mod json;
mod mermaid;
mod text;

use super::declare::{Application, SinkKind, StepKind};
use crate::model::{KeyKind, Policy, Retry};

/// How a picture is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Lines for people.
    Text,
    /// One JSON object, on one line.
    Json,
    /// A Mermaid flowchart.
    Mermaid,
}

/// What an application is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Picture {
    name: String,
    workers: u32,
    key_groups: u32,
    partitions: Vec<PartitionPicture>,
    pipelines: Vec<PipelinePicture>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct PartitionPicture {
    name: String,
    keys: KeyKind,
    /// How many keys are declared; none if parts are built on first use.
    declared: Option<usize>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct PipelinePicture {
    name: String,
    credits: u64,
    /// Where its source listens, and how it cuts what comes.
    listen: Option<(String, String)>,
    steps: Vec<StepPicture>,
    sinks: Vec<SinkPicture>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct StepPicture {
    name: String,
    work: WorkPicture,
    failing: FailingPicture,
    /// How many threads of its own run it, if it is blocking.
    blocking: Option<u32>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum WorkPicture {
    /// The number of its partition.
    State(usize),
    Stateless,
    Parallel,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct SinkPicture {
    name: String,
    kind: SinkPictureKind,
    failing: FailingPicture,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum SinkPictureKind {
    Callback,
    /// It answers callers.
    Answers,
    /// A queue of so many messages.
    Queue(u64),
    /// A connection to this address.
    Connect(String),
}

impl SinkPictureKind {
    fn name(&self) -> String {
        match self {
            SinkPictureKind::Connect(address) => format!("connects to {address}"),
            SinkPictureKind::Queue(capacity) => format!("queue of {capacity}"),
            SinkPictureKind::Callback => "callback".into(),
            SinkPictureKind::Answers => "answers callers".into(),
        }
    }
}

/// What becomes of a message that fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct FailingPicture {
    retry: Retry,
    policy: Policy,
}

impl FailingPicture {
    fn name(&self) -> String {
        let (policy, Retry { times, pause }) = (name_of_policy(self.policy), self.retry);
        match times {
            0 => policy.into(),
            1 => format!("{policy} after 1 retry, {pause:?} later"),
            _ => format!("{policy} after {times} retries, {pause:?} apart"),
        }
    }
}

impl Picture {
    /// The picture of a declaration without mistakes.
    pub(super) fn of(application: &Application) -> Picture {
        let mut partitions: Vec<PartitionPicture> = Vec::new();
        for declared in &application.partitions {
            if partitions.iter().all(|known| known.name != declared.name) {
                partitions.push(PartitionPicture {
                    name: declared.name.clone(),
                    keys: declared.key_kind,
                    declared: declared.keys.as_ref().map(super::DeclaredKeys::len),
                });
            }
        }
        let numbered = |name: &str| {
            let named = partitions.iter().position(|known| known.name == name);
            named.expect("the check found it")
        };
        let step = |step: &StepKind| match step {
            StepKind::State(step) => StepPicture {
                name: step.name.clone(),
                work: WorkPicture::State(numbered(&step.partition)),
                failing: FailingPicture {
                    retry: step.retry,
                    policy: step.policy,
                },
                blocking: Some(step.blocking).filter(|&threads| threads > 0),
            },
            StepKind::Stateless(step) => StepPicture {
                name: step.name.clone(),
                work: match step.parallel {
                    true => WorkPicture::Parallel,
                    false => WorkPicture::Stateless,
                },
                failing: FailingPicture {
                    retry: Retry::default(),
                    policy: step.policy,
                },
                blocking: Some(step.blocking).filter(|&threads| threads > 0),
            },
        };
        let pipelines = application.pipelines.iter();
        let pipelines = pipelines.map(|declared| PipelinePicture {
            name: declared.name.clone(),
            credits: declared.source.as_ref().map_or(0, |source| source.credits),
            listen: declared.source.as_ref().and_then(|source| {
                let listen = source.listen.as_ref()?;
                Some((listen.address.clone(), listen.framing.to_string()))
            }),
            steps: declared.steps.iter().map(step).collect(),
            sinks: declared
                .sinks
                .iter()
                .map(|sink| SinkPicture {
                    name: sink.name.clone(),
                    kind: match &sink.kind {
                        SinkKind::Queue(capacity) => SinkPictureKind::Queue(*capacity),
                        SinkKind::Connect(connect) => {
                            SinkPictureKind::Connect(connect.address.clone())
                        }
                        SinkKind::Callback(_) => SinkPictureKind::Callback,
                        SinkKind::Answers(_) => SinkPictureKind::Answers,
                    },
                    failing: FailingPicture {
                        retry: sink.retry,
                        policy: sink.policy,
                    },
                })
                .collect(),
        });
        let pipelines = pipelines.collect();
        Picture {
            name: application.name.clone(),
            workers: application.workers,
            key_groups: application.key_groups,
            partitions,
            pipelines,
        }
    }

    pub(crate) fn draw(&self, form: Form) -> String {
        match form {
            Form::Text => text::draw(self),
            Form::Json => json::draw(self),
            Form::Mermaid => mermaid::draw(self),
        }
    }
}

fn name_of_keys(keys: KeyKind) -> &'static str {
    match keys {
        KeyKind::Word => "words",
        KeyKind::Bytes => "bytes",
        KeyKind::Single => "single",
    }
}

pub(super) fn name_of_policy(policy: Policy) -> &'static str {
    match policy {
        Policy::Stop => "stop",
        Policy::Skip => "skip",
        Policy::Reset => "reset",
        Policy::Quarantine => "quarantine",
    }
}

#[cfg(all(test, not(loom)))]
mod tests;
