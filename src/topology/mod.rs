//! What was declared; checked whole, then frozen into a plan.

mod check;
mod declare;
mod picture;
mod plan;

pub use declare::{
    Application, DeclaredKeys, Partition, Pipeline, Sink, SinkKind, Source, Step, Threads,
};
pub use picture::Form;
pub use plan::{Mistake, Rejected};
pub(crate) use plan::{PartitionPlan, PipelinePlan, Plan, StepPlan, step_path};
