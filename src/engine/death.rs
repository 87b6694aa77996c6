//! Messages that cannot be processed, and applications that fail of it.

use std::fmt;
use std::sync::Arc;

use super::sink::Dead;
use super::{Engine, segment::Origin};
use crate::host::DeadLetter;
use crate::model::{DeadReason, Key, Policy, Value};
use crate::sync::lock;

/// What made an application fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FailureKind {
    /// A callback failed on something.
    Callback,
    /// A callback broke its contract.
    Contract,
    /// A defect in the engine.
    Internal,
}

/// Why an application failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// What made it fail.
    pub kind: FailureKind,
    /// Where.
    pub path: Arc<str>,
    /// Why, with the key.
    pub message: String,
}

impl Failure {
    pub(super) fn callback(path: &Arc<str>, message: String) -> Failure {
        Failure {
            kind: FailureKind::Callback,
            path: path.clone(),
            message,
        }
    }

    pub(crate) fn contract(path: &Arc<str>, text: &str) -> Failure {
        let message = format!("the callback broke its contract: {text}");
        Failure {
            kind: FailureKind::Contract,
            path: path.clone(),
            message,
        }
    }

    pub(crate) fn internal(path: &str, text: &str) -> Failure {
        let message = format!("a defect in the engine: {text}");
        Failure {
            kind: FailureKind::Internal,
            path: path.into(),
            message,
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path, self.message)
    }
}

/// A message that died.
pub(crate) struct Death<'a> {
    pub(super) origin: Origin,
    /// The stage at which it holds its credit.
    pub(super) stage: usize,
    /// The counters of where it died, by their place in the pipeline.
    pub(super) counter: usize,
    pub(super) path: &'a Arc<str>,
    pub(super) value: Value,
    pub(super) reason: DeadReason,
    pub(super) key: Option<Key>,
    pub(super) text: &'a str,
    /// The frame, if it is one: then there is no value.
    pub(super) frame: Option<&'a [u8]>,
}

/// How many bytes are kept of a frame that is a dead letter.
const FRAME_KEPT: usize = 64 << 10;

impl Death<'_> {
    fn failure(&self) -> Failure {
        let what = match self.reason {
            DeadReason::Partition => "the partition function",
            DeadReason::Build => "building a state",
            DeadReason::Sink => "the sink",
            _ => "the computation",
        };
        let at = match &self.key {
            Some(key) => format!(" for {key}"),
            None => String::new(),
        };
        let text = if self.text.is_empty() {
            "no reason given"
        } else {
            self.text
        };
        Failure::callback(self.path, format!("{what} failed{at}: {text}"))
    }
}

impl Engine {
    /// A callback failed on a message: it dies, and by its step's policy the application may too.
    pub(super) fn failed(&self, death: Death<'_>, policy: Policy) {
        if policy == Policy::Stop {
            self.fail(death.failure());
        }
        self.bury(death);
    }

    /// Counts a message that died, and passes it to the dead-letter handler or hands it back.
    pub(super) fn bury(&self, death: Death<'_>) {
        let pipeline = death.origin.pipeline;
        let slot = &self.pipelines[pipeline];
        slot.counters[death.counter].dead(death.reason, 1);
        if death.origin.batch != 0 {
            slot.tickets
                .died(death.origin.batch, 1, death.reason, death.text);
        }
        let Some(dead) = &self.dead else {
            if death.frame.is_none() {
                self.drop_values(pipeline, death.stage, &[death.value]);
            }
            self.consumed(pipeline, death.stage, 1, 0);
            return self.gone_one(death.origin);
        };
        slot.flow.moved(death.stage, slot.steps);
        let letter = DeadLetter {
            value: death.value,
            reason: death.reason,
            key: death.key,
            stage: self.pipelines[..pipeline]
                .iter()
                .map(|p| p.counters.len())
                .sum::<usize>()
                + death.counter,
            path: death.path.clone(),
            text: death.text.into(),
            frame: death
                .frame
                .map(|frame| frame[..frame.len().min(FRAME_KEPT)].into()),
        };
        dead.mailbox.push(Dead {
            letter,
            origin: death.origin,
            stage: death.stage,
        });
        self.pools.notify(dead.actor);
    }

    /// The application fails, unless it did before.
    pub(crate) fn fail(&self, failure: Failure) {
        {
            let mut first = lock(&self.failure);
            if first.is_some() {
                return;
            }
            *first = Some(crate::sync::Arc::new(failure));
            // Before anyone else can find that it failed: nothing is computed after that.
            self.end_by_failure();
        }
        self.wake_everyone();
    }

    /// Why the application failed, if it did.
    pub fn failure(&self) -> Option<crate::sync::Arc<Failure>> {
        lock(&self.failure).clone()
    }
}
