//! Counters, and what they read.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::model::DeadReason;

/// Counts of one stage, added to once per run.
#[derive(Default)]
pub(crate) struct StageCounters {
    completed: AtomicU64,
    emitted: AtomicU64,
    dead: [AtomicU64; DeadReason::COUNT],
}

impl StageCounters {
    pub(crate) fn completed(&self, count: usize) {
        self.completed.fetch_add(count as u64, Ordering::Relaxed);
    }

    pub(crate) fn emitted(&self, count: usize) {
        self.emitted.fetch_add(count as u64, Ordering::Relaxed);
    }

    pub(crate) fn dead(&self, reason: DeadReason, count: usize) {
        self.dead[reason as usize].fetch_add(count as u64, Ordering::Relaxed);
    }

    /// Whether messages died because the application failed or was closed.
    pub(crate) fn has_thrown_away(&self) -> bool {
        [DeadReason::Failed, DeadReason::Closed]
            .into_iter()
            .any(|reason| self.dead[reason as usize].load(Ordering::Relaxed) > 0)
    }

    pub(crate) fn read(&self, kind: StageKind, path: &Arc<str>) -> StageMetrics {
        StageMetrics {
            kind,
            path: path.clone(),
            completed: self.completed.load(Ordering::Relaxed),
            emitted: self.emitted.load(Ordering::Relaxed),
            dead: self
                .dead
                .each_ref()
                .map(|count| count.load(Ordering::Relaxed)),
        }
    }
}

/// What a stage is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StageKind {
    /// A source.
    Source,
    /// A step.
    Step,
    /// A sink.
    Sink,
}

/// The counters of one stage.
#[derive(Clone, Debug)]
pub struct StageMetrics {
    /// What it is.
    pub kind: StageKind,
    /// Where it is.
    pub path: Arc<str>,
    /// Messages that it sent, computed or delivered.
    pub completed: u64,
    /// Messages that it passed on, once for each sink that takes them.
    pub emitted: u64,
    /// Messages that died on their way into it or in it, by reason.
    pub dead: [u64; DeadReason::COUNT],
}

/// The counters of an application since its start. Each is exact when nothing is in flight.
#[derive(Clone, Debug, Default)]
pub struct Metrics {
    /// Messages that sources accepted.
    pub sent: u64,
    /// Messages that computations completed.
    pub computed: u64,
    /// Outputs of computations, once for each sink that takes them.
    pub emitted: u64,
    /// Messages that sinks took.
    pub delivered: u64,
    /// Outputs of the last step of pipelines without a sink.
    pub discarded: u64,
    /// Dead messages, by reason.
    pub dead: [u64; DeadReason::COUNT],
    /// Messages in flight now.
    pub in_flight: u64,
    /// Messages and states that the engine holds now.
    pub values_held: u64,
    /// State parts now.
    pub parts: u64,
    /// Keys in quarantine now.
    pub quarantined: u64,
    /// The counters of each stage: pipeline by pipeline, its source, steps and sinks.
    pub stages: Vec<StageMetrics>,
}
