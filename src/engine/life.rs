//! An application's life: open, stopped, failed, closing, closed.
//!
//! Closing, in numbered steps:
//! 1. Intake ends, for good; whoever waits wakes and is refused.
//! 2. Every actor is notified. From now on actors only drop what they hold, and count it; callbacks that
//!    run finish. A send that was admitted before is still pushed, and then dropped.
//! 3. Queues of sinks are emptied, as often as something still comes in.
//! 4. When nothing is in flight and every completion is reported, workers leave; threads of the engine are
//!    joined.
//! 5. States are handed back, and hosts released.
//!
//! At the deadline the call returns; whatever it did stays done, and the next call goes on with it.

use super::callback;
use super::event::{Wait, WaitError};
use super::schedule::Claim;
use super::{Actor, Engine, SinkSlot};
use crate::model::{DeadReason, Value};
use crate::sync::{Ordering, lock};
use crate::topology::SinkKind;

const OPEN: u8 = 0;
const STOPPED: u8 = 1;
const FAILED: u8 = 2;
const CLOSING: u8 = 3;
const CLOSED: u8 = 4;

/// Why a call was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The call was asked not to wait.
    WouldBlock,
    /// The time to wait is over.
    Timeout,
    /// The wait was cancelled.
    Cancelled,
    /// Without threads: nothing is left that could end the wait.
    Deadlock,
    /// The call was made inside a callback and would wait for it.
    WouldDeadlock,
    /// Intake has ended.
    Stopped,
    /// The application failed.
    Failed,
    /// The application is closed or closing.
    Closed,
    /// Messages are in flight, or the object is in use.
    Busy,
    /// There is no such worker, or it is not in that state.
    NoSuchWorker,
}

impl From<WaitError> for Refusal {
    fn from(error: WaitError) -> Refusal {
        match error {
            WaitError::WouldBlock => Refusal::WouldBlock,
            WaitError::Timeout => Refusal::Timeout,
            WaitError::Cancelled => Refusal::Cancelled,
            WaitError::Deadlock => Refusal::Deadlock,
        }
    }
}

impl Engine {
    fn life(&self) -> u8 {
        self.life.load(Ordering::SeqCst)
    }

    /// Why nothing is admitted any more, if so.
    pub(crate) fn refusal(&self) -> Option<Refusal> {
        match self.life() {
            OPEN => None,
            STOPPED => Some(Refusal::Stopped),
            FAILED => Some(Refusal::Failed),
            _ => Some(Refusal::Closed),
        }
    }

    /// Why no outputs can come any more, if so.
    pub(super) fn no_more_outputs(&self) -> Option<Refusal> {
        match self.refusal() {
            Some(Refusal::Stopped) if !self.is_quiet() => None,
            other => other,
        }
    }

    /// Why queued messages are dropped instead of computed, if so.
    pub(crate) fn discarding(&self) -> Option<DeadReason> {
        match self.life() {
            OPEN | STOPPED => None,
            FAILED => Some(DeadReason::Failed),
            _ => Some(DeadReason::Closed),
        }
    }

    pub(super) fn end_by_failure(&self) {
        self.life.fetch_max(FAILED, Ordering::SeqCst);
    }

    pub(super) fn wake_everyone(&self) {
        self.notify_all_actors();
        self.pipelines
            .iter()
            .for_each(|pipeline| pipeline.flow.room.notify());
        self.quieter();
        self.wake_service();
    }

    /// Ends intake. What was accepted is still computed.
    pub fn stop(&self) -> Result<(), Refusal> {
        if self.life.fetch_max(STOPPED, Ordering::SeqCst) >= CLOSING {
            return Err(Refusal::Closed);
        }
        self.wake_everyone();
        Ok(())
    }

    /// Whether nothing is in flight and the states of declared keys are built.
    pub(super) fn is_quiet(&self) -> bool {
        self.starting.load(Ordering::SeqCst) == 0
            && self
                .pipelines
                .iter()
                .all(|pipeline| pipeline.flow.in_flight() == 0)
    }

    /// Whether nothing is in flight, and whoever counts what is done without being told can count all.
    fn is_drained(&self) -> bool {
        let counting = |pipeline: &super::PipelineSlot| pipeline.tickets.is_any_quiet_open();
        self.is_quiet() && !self.pipelines.iter().any(counting)
    }

    /// Waits until nothing is in flight.
    pub fn drain(&self, wait: &Wait) -> Result<(), Refusal> {
        self.outside()?;
        self.seam
            .wait_until(self, &self.changed, wait, || match self.life() {
                OPEN | STOPPED => self.is_drained().then_some(Ok(())),
                FAILED => Some(Err(Refusal::Failed)),
                _ => Some(Err(Refusal::Closed)),
            })?
    }

    /// Waits until the application has failed, or was stopped and has nothing left in flight.
    pub fn wait(&self, wait: &Wait) -> Result<(), Refusal> {
        self.outside()?;
        self.seam
            .wait_until(self, &self.changed, wait, || match self.life() {
                OPEN => None,
                STOPPED => self.is_drained().then_some(Ok(())),
                FAILED => Some(Err(Refusal::Failed)),
                _ => Some(Err(Refusal::Closed)),
            })?
    }

    /// Refused if this thread is inside a callback of this application.
    pub(crate) fn outside(&self) -> Result<(), Refusal> {
        if callback::inside(self) {
            Err(Refusal::WouldDeadlock)
        } else {
            Ok(())
        }
    }

    /// Whether the application is closed.
    pub fn is_closed(&self) -> bool {
        self.life() == CLOSED
    }

    /// Closes; see the top of this file. Without a failure of the wait it is closed afterwards.
    pub fn close(&self, wait: &Wait) -> Result<(), Refusal> {
        self.outside()?;
        self.begin_closing();
        self.seam
            .wait_until(self, &self.changed, wait, || {
                if self.is_closed() {
                    return Some(());
                }
                if std::mem::replace(&mut *lock(&self.closing), true) {
                    return None;
                }
                // Another closer may have finished between the two looks.
                let closed = self.is_closed() || self.try_close();
                *lock(&self.closing) = false;
                if closed {
                    self.life.store(CLOSED, Ordering::SeqCst);
                    // Who looked before could not know that nothing more comes.
                    self.quieter();
                }
                closed.then_some(())
            })
            // Another closer may have found this one at it, and waits for what it does.
            .inspect_err(|_| self.changed.notify())?;
        Ok(())
    }

    pub(super) fn begin_closing(&self) {
        self.life.fetch_max(CLOSING, Ordering::SeqCst);
        self.wake_everyone();
    }

    /// Does what can be done of closing; tells whether that was all.
    fn try_close(&self) -> bool {
        self.empty_queues();
        // Without a thread in its pool nobody else would drop what is queued there.
        while self.step_unattended() {}
        self.empty_queues();
        let reading = self.readers.load(Ordering::SeqCst) > 0;
        let over = self.is_quiet() && self.all_reported() && self.is_service_over();
        if reading || !over && !self.is_broken() {
            return false;
        }
        self.pools.close();
        self.wake_service();
        if self.workers_inside() > 0 || !self.threads_joined() {
            return false;
        }
        // A worker may have left before the thread that woke it: that is a moment, and no callback
        // of the host's may wait in it.
        while self.pools.is_unparking() {
            std::thread::yield_now();
        }
        if self.is_broken() {
            self.abandon_completions(self.plan.completions.as_deref());
        }
        self.drop_states();
        callback::tell(self, || self.plan.release_hosts());
        true
    }

    fn empty_queues(&self) {
        let mut taken = [Value(0); 256];
        for (index, pipeline) in self.pipelines.iter().enumerate() {
            for (number, sink) in pipeline.sinks.iter().enumerate() {
                let SinkSlot::Queue(queue) = sink else {
                    continue;
                };
                loop {
                    let found = queue.take(&mut taken);
                    let stalled = found.stalled.into_iter();
                    stalled.for_each(|actor| self.pools.notify(actor));
                    if found.count == 0 {
                        break;
                    }
                    let (stage, reason) = (pipeline.steps, DeadReason::Closed);
                    let origins = found.tracked.from(0);
                    self.sink_counter(index, number).dead(reason, found.count);
                    self.died(index, origins, found.tracked_count, reason);
                    self.drop_values(index, stage, &taken[..found.count]);
                    self.consumed(index, stage, found.count, 0);
                    self.gone(index, origins, found.tracked_count);
                }
            }
        }
    }

    fn drop_states(&self) {
        for partition in 0..self.partitions.len() {
            let slot = &self.partitions[partition];
            for shard in 0..slot.shards {
                // Nobody else has a claim: the workers are gone, and readers are refused.
                let mut claim = self.claim_now(slot.first_actor + shard);
                let Actor::Shard(shard) = self.cells.get(&mut claim) else {
                    continue;
                };
                // After a defect: what was being built was never the host's.
                if !shard.has_whole_parts() {
                    continue;
                }
                let states = shard.parts.take_all();
                self.parts_removed(states.len());
                if !states.is_empty() {
                    let build = &self.plan.partitions[partition].build;
                    callback::tell(self, || build.drop_states(&states));
                }
            }
        }
    }

    fn claim_now(&self, actor: usize) -> Claim {
        let actor = super::ActorId(actor);
        self.pools
            .try_claim(actor)
            .unwrap_or_else(|| Claim::reclaim(actor))
    }

    /// What keeps the application from being quiet, for an error at a deadline.
    pub fn waiting_for(&self) -> String {
        let mut reasons = Vec::new();
        let starting = self.starting.load(Ordering::SeqCst);
        if starting > 0 {
            reasons.push(format!(
                "the states of declared keys in {} are not built",
                counted(starting, "shard")
            ));
        }
        let readers = self.readers.load(Ordering::SeqCst);
        if readers > 0 {
            reasons.push(format!("{} still open", counted(readers, "reader")));
        }
        for (slot, plan) in self.pipelines.iter().zip(&self.plan.pipelines) {
            for (sink, sink_plan) in slot.sinks.iter().zip(&plan.sinks) {
                if let SinkSlot::Queue(queue) = sink
                    && queue.len() > 0
                {
                    let what = match sink_plan.kind {
                        SinkKind::Connect(_) => "unwritten message",
                        _ => "unread message",
                    };
                    let (name, left) = (&sink_plan.name, counted(queue.len(), what));
                    reasons.push(format!("sink \"{name}\" has {left}"));
                }
            }
            for (stage, step) in plan.steps.iter().enumerate() {
                let count = slot.flow.at_stage(stage);
                if count > 0 {
                    let count = counted(count, "message");
                    reasons.push(format!("{} has {count} in flight", step.path));
                }
            }
            let behind = slot.flow.at_stage(slot.steps);
            if behind > 0 {
                let (path, behind) = (&plan.source.path, counted(behind, "message"));
                reasons.push(format!("{behind} of {path} at sinks or dead"));
            }
        }
        if reasons.is_empty() {
            reasons.push(match self.workers_inside() {
                0 => "nothing is in flight".into(),
                inside => format!("{} not left yet", counted(inside, "worker")),
            });
        }
        reasons.join("; ")
    }
}

/// How many there are of something.
fn counted(count: usize, what: &str) -> String {
    match count {
        1 => format!("1 {what}"),
        _ => format!("{count} {what}s"),
    }
}
