//! What a chain works with while it runs: memory that an actor, or a sender, keeps for all of its chains.

use crate::engine::account::Balance;
use crate::engine::scatter::Scatter;
use crate::host::{Fallen, Output, Verdict};
use crate::model::ByteKeys;

/// How many outputs a call may be offered memory for; a message that has more asks for it.
pub(in crate::engine) const OUTPUTS_MAX: usize = 1 << 26;

#[derive(Default)]
pub(in crate::engine) struct Bench {
    pub(in crate::engine) scatter: Scatter,
    /// Keys, as the host gives them.
    pub(in crate::engine) words: Vec<u64>,
    pub(in crate::engine) bytes: ByteKeys,
    pub(super) outputs: Vec<Output>,
    pub(super) waiting: Vec<usize>,
    pub(super) completed: Vec<usize>,
    pub(super) fallen: Option<Fallen>,
    /// What the call changes in what is left of batches.
    pub(super) balance: Balance,
}

/// What a call is known to have done, once it has kept its contract.
pub(super) enum Kept {
    Done,
    Failed(String),
    /// The outputs of the first message did not fit.
    Full,
}

impl Bench {
    /// Makes room for a call of so many steps.
    pub(super) fn begin(&mut self, steps: usize, outputs: usize) {
        self.words.clear();
        self.bytes.clear();
        self.outputs.clear();
        self.outputs.reserve(outputs);
        for counts in [&mut self.waiting, &mut self.completed] {
            counts.clear();
            counts.resize(steps, 0);
        }
        self.fallen = None;
    }

    /// What one wide message needed is not lent to every call from here on: it is overdraft.
    pub(super) fn shrink(&mut self, run_length: usize, outputs_min: usize) {
        if outputs_min == 0 && self.outputs.capacity() > 2 * run_length {
            self.outputs.shrink_to(run_length);
        }
    }

    /// How many messages are done.
    pub(super) fn done(&self) -> usize {
        self.completed[0]
    }

    /// How many outputs have gone through all of the steps.
    pub(super) fn through(&self) -> usize {
        self.outputs.len() - self.waiting.iter().sum::<usize>()
    }

    /// How many keys were found.
    pub(super) fn keys(&self) -> usize {
        self.words.len().max(self.bytes.len())
    }

    /// How many messages have come to step `step` of the call, or behind its last one.
    pub(super) fn arrived(&self, step: usize) -> usize {
        let went_on = match self.completed.get(step) {
            Some(&completed) => completed + self.waiting[step],
            None => self.through(),
        };
        went_on + usize::from(self.fallen.is_some_and(|fallen| fallen.step == step))
    }

    /// What is wrong with what a call of `given` messages says it did; else what it did.
    pub(super) fn contract(
        &self,
        given: usize,
        keys: bool,
        verdict: Verdict,
    ) -> Result<Kept, String> {
        let (done, steps) = (self.done(), self.completed.len());
        if done > given {
            return Err(format!(
                "it claims {done} messages done of a run of {given}"
            ));
        }
        self.outputs_contract()?;
        if let Some(fallen) = self.fallen {
            let last = if keys { steps } else { steps - 1 };
            if fallen.from >= done || !(1..=last).contains(&fallen.step) {
                let step = fallen.step;
                return Err(format!(
                    "what follows from {done} messages failed at step {step}"
                ));
            }
        }
        match verdict {
            Verdict::Contract(text) => Err(text),
            Verdict::Failed(_) if done == given && self.fallen.is_none() => {
                Err("a message failed, but all of the run are done".into())
            }
            Verdict::Failed(text) => Ok(Kept::Failed(text)),
            _ if self.fallen.is_some() => Err("a message failed, but it did not say so".into()),
            Verdict::Done if done == 0 => Err("no message is done, and none failed".into()),
            Verdict::OutputsFull if done == 0 => {
                let offered = self.outputs.capacity();
                match offered >= OUTPUTS_MAX {
                    true => Err(format!("one message has more than {offered} outputs")),
                    false => Ok(Kept::Full),
                }
            }
            _ => Ok(Kept::Done),
        }
    }

    fn outputs_contract(&self) -> Result<(), String> {
        let (done, len) = (self.done(), self.outputs.len());
        let waiting = self
            .waiting
            .iter()
            .try_fold(0, |sum: usize, &more| sum.checked_add(more));
        if self.waiting[0] > 0 || waiting.is_none_or(|waiting| waiting > len) {
            return Err(format!(
                "{:?} of {len} outputs wait for its steps",
                self.waiting
            ));
        }
        let mut last = 0;
        for output in &self.outputs {
            if output.from < last || output.from >= done as u64 {
                let from = output.from;
                return Err(format!(
                    "an output follows from message {from}: expected {last} to {done}"
                ));
            }
            last = output.from;
        }
        if self.keys() > self.through() {
            return Err("more keys than outputs were given".into());
        }
        Ok(())
    }
}
