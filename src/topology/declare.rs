//! Declarations: what a program says, mistakes included.

use std::sync::Arc;

use super::stream::{Connect, Listen};
use crate::host;
use crate::model::{KeyKind, Policy, Retry};

/// Whose threads run it.
#[derive(Clone)]
pub enum Threads {
    /// The engine starts workers.
    Engine,
    /// The host's threads enter the worker loop.
    Host,
    /// None: its owner steps it, and this is its clock.
    None(Clock),
    /// None: its owner steps it, in an order that this seed decides, and moves its clock.
    Stepped(u64),
}

/// What tells the time to an application without threads.
#[derive(Clone)]
pub enum Clock {
    /// The system.
    System,
    /// The host.
    Host(Arc<dyn host::Clock>),
}

/// An application as declared.
pub struct Application {
    /// Its name, used in paths.
    pub name: String,
    /// How many workers run it.
    pub workers: u32,
    /// Whose threads run it.
    pub threads: Threads,
    /// How many classes the keys of each partition are sorted into.
    pub key_groups: u32,
    /// How many messages at most are handed to a callback together.
    pub run_length: u32,
    /// The stack of a thread that the engine starts, in bytes.
    pub stack_size: usize,
    /// Gets the dead letters.
    pub dead_letters: Option<Arc<dyn host::DeadLetters>>,
    /// Takes note of what happens; without it nobody does.
    pub log: Option<Arc<dyn host::Log>>,
    /// Learns of completions; without it they are polled.
    pub completions: Option<Arc<dyn host::Completions>>,
    /// How workers sleep, if not in the engine's own way.
    pub sleep: Option<Arc<dyn host::Sleep>>,
    /// The state partitions.
    pub partitions: Vec<Partition>,
    /// The pipelines.
    pub pipelines: Vec<Pipeline>,
}

/// The keys of a partition that are declared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DeclaredKeys {
    /// Keys that are words.
    Words(Vec<u64>),
    /// Keys that are bytes.
    Bytes(Vec<Box<[u8]>>),
}

impl DeclaredKeys {
    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        match self {
            DeclaredKeys::Words(words) => words.len(),
            DeclaredKeys::Bytes(bytes) => bytes.len(),
        }
    }
}

/// A state partition as declared.
pub struct Partition {
    /// Its name.
    pub name: String,
    /// What its keys are.
    pub key_kind: KeyKind,
    /// The only keys there are; without them, parts are built on first use.
    pub keys: Option<DeclaredKeys>,
    /// Builds its states.
    pub build: Arc<dyn host::Build>,
    /// Tells builders apart: two declarations of one name must have the same.
    pub build_id: u64,
}

/// A pipeline as declared.
pub struct Pipeline {
    /// Its name.
    pub name: String,
    /// Its source.
    pub source: Option<Source>,
    /// Its steps, in order.
    pub steps: Vec<StepKind>,
    /// Its sinks.
    pub sinks: Vec<Sink>,
    /// Whether it was ended without a sink.
    pub done: bool,
    /// Names of steps that were declared behind the pipeline's end.
    pub behind_end: Vec<String>,
    /// Whether a second source was declared.
    pub second_source: bool,
}

impl Pipeline {
    /// A pipeline with nothing in it.
    pub fn new(name: String) -> Pipeline {
        Pipeline {
            name,
            source: None,
            steps: Vec::new(),
            sinks: Vec::new(),
            done: false,
            behind_end: Vec::new(),
            second_source: false,
        }
    }

    /// Gives the pipeline its source, and back the one it had: that is a mistake.
    pub fn from_source(&mut self, source: Source) -> Option<Source> {
        self.second_source |= self.source.is_some();
        self.source.replace(source)
    }

    /// Adds a state computation.
    pub fn to_state_partition(&mut self, step: Step) {
        self.step(StepKind::State(step));
    }

    /// Adds a stateless computation.
    pub fn to(&mut self, computation: Computation) {
        self.step(StepKind::Stateless(computation));
    }

    fn step(&mut self, step: StepKind) {
        if self.done || !self.sinks.is_empty() {
            self.behind_end.push(step.name().clone());
        }
        self.steps.push(step);
    }

    /// Ends the pipeline with a sink, or adds one.
    pub fn to_sink(&mut self, sink: Sink) {
        if self.done {
            self.behind_end.push(sink.name.clone());
        }
        self.sinks.push(sink);
    }

    /// Ends the pipeline without a sink.
    pub fn done(&mut self) {
        self.done = true;
    }
}

/// A source as declared.
pub struct Source {
    /// How many messages may be in flight.
    pub credits: u64,
    /// Takes its messages back.
    pub values: Arc<dyn host::Values>,
    /// Where it listens, if its messages do not only come from senders.
    pub listen: Option<Arc<Listen>>,
}

/// A state computation as declared.
pub struct Step {
    /// Its name.
    pub name: String,
    /// The name of its partition.
    pub partition: String,
    /// Its partition function; none for a single part.
    pub keys: Option<Arc<dyn host::Partition>>,
    /// The kind of key that its partition function gives, if it is known.
    pub key_kind: Option<KeyKind>,
    /// Its computation.
    pub compute: Arc<dyn host::Compute>,
    /// Takes its outputs back.
    pub values: Arc<dyn host::Values>,
    /// What happens when a message fails.
    pub policy: Policy,
    /// How many threads of its own run it, and all steps of its partition; 0: the workers do.
    pub blocking: u32,
    /// How often it is tried again before that.
    pub retry: Retry,
}

/// A stateless computation as declared.
pub struct Computation {
    /// Its name.
    pub name: String,
    /// What it does.
    pub transform: Arc<dyn host::Transform>,
    /// Whether it is spread over the workers. Messages lose their order there.
    pub parallel: bool,
    /// Takes its outputs back.
    pub values: Arc<dyn host::Values>,
    /// What happens when a message fails.
    pub policy: Policy,
    /// How many threads of its own run it, if it is parallel; 0: the workers do.
    pub blocking: u32,
}

/// A step as declared.
pub enum StepKind {
    /// With a state.
    State(Step),
    /// Without one.
    Stateless(Computation),
}

impl StepKind {
    /// Its name.
    pub fn name(&self) -> &String {
        match self {
            StepKind::State(step) => &step.name,
            StepKind::Stateless(step) => &step.name,
        }
    }

    /// How many threads of its own run it.
    pub(crate) fn blocking(&self) -> u32 {
        match self {
            StepKind::State(step) => step.blocking,
            StepKind::Stateless(step) => step.blocking,
        }
    }
}

/// A sink as declared.
pub struct Sink {
    /// Its name.
    pub name: String,
    /// What happens when a message fails.
    pub policy: Policy,
    /// How often it is tried again before that.
    pub retry: Retry,
    /// What takes its messages.
    pub kind: SinkKind,
}

/// What takes the messages of a sink.
pub enum SinkKind {
    /// A callback.
    Callback(Arc<dyn host::Deliver>),
    /// A callback that answers those who sent messages with a completion; others' outputs are dropped.
    Answers(Arc<dyn host::Answer>),
    /// A queue of this many messages, which the host polls.
    Queue(u64),
    /// A connection.
    Connect(Arc<Connect>),
}
