//! What was declared; checked whole, then frozen into a plan.

mod check;
mod declare;
mod picture;
mod plan;
mod step;
mod stream;

pub use declare::{
    Application, Clock, Computation, DeclaredKeys, Partition, Pipeline, Sink, SinkKind, Source,
    Step, StepKind, Threads,
};
pub use picture::Form;
pub use plan::{Mistake, Rejected};
pub(crate) use plan::{PartitionPlan, PipelinePlan, Plan, application_path, step_path};
pub(crate) use step::{End, StatePlan, StatelessPlan, StepPlan};
pub use stream::{Connect, FRAME_MAX, Framing, Limits, Listen, Unusable};
