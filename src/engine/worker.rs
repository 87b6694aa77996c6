//! The worker loop, which threads enter; and threads that the engine starts for it.
//!
//! A worker holds no lock while a callback runs, and nothing on its stack matters: should its thread
//! end inside a callback, [`Engine::worker_lost`] gives the actor back and frees the worker's place.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread::JoinHandle;

use crossbeam_channel::{Receiver, Sender};

use super::callback::{self, panic_text};
use super::life::Refusal;
use super::schedule::{ActorId, Claim};
use super::{Actor, Engine, Failure};
use crate::host::Verdict;
use crate::sync::{Arc, AtomicBool, AtomicUsize, Ordering, lock};
use crate::topology::SinkKind;

const NOBODY: usize = usize::MAX;

/// The place of one worker.
pub(super) struct WorkerSlot {
    inside: AtomicBool,
    /// The actor that it runs.
    actor: AtomicUsize,
}

impl Default for WorkerSlot {
    fn default() -> Self {
        WorkerSlot {
            inside: AtomicBool::new(false),
            actor: AtomicUsize::new(NOBODY),
        }
    }
}

/// Threads that the engine started. Each reports its end, so that closing can wait with a deadline.
pub(super) struct Threads {
    handles: Vec<JoinHandle<()>>,
    ended: Receiver<()>,
    running: usize,
}

impl Engine {
    /// Lends this thread to the application as worker `index` until it closes.
    pub fn run_worker(&self, index: usize) -> Result<(), Refusal> {
        let slot = self.workers.get(index).ok_or(Refusal::NoSuchWorker)?;
        if callback::inside(self) {
            return Err(Refusal::WouldDeadlock);
        }
        if slot.inside.swap(true, Ordering::SeqCst) {
            return Err(Refusal::Busy);
        }
        while let Some(claim) = self.next_ready() {
            slot.actor.store(claim.actor().0, Ordering::Release);
            self.run(claim);
            slot.actor.store(NOBODY, Ordering::Release);
        }
        slot.inside.store(false, Ordering::SeqCst);
        self.changed.notify();
        Ok(())
    }

    fn next_ready(&self) -> Option<Claim> {
        if let Some(claim) = self.seam.choose(&self.schedule) {
            return Some(claim);
        }
        // Before it sleeps, a worker wakes senders for whatever room there is: it was kept from them
        // until it is worth their waking.
        self.wake_senders();
        self.schedule.take()
    }

    /// Runs one ready actor, if there is one: for applications without threads.
    pub fn step(&self) -> bool {
        let claim = self.seam.choose(&self.schedule);
        claim.map(|claim| self.run(claim)).is_some()
    }

    fn run(&self, mut claim: Claim) {
        let actor = claim.actor();
        let contents = self.cells.get(&mut claim);
        match catch_unwind(AssertUnwindSafe(|| self.advance(actor, contents))) {
            Ok(more) => self.schedule.give_back(claim, more),
            // Its contents cannot be trusted: the claim is kept, so that nobody runs it again.
            Err(panic) => self.fail(Failure::internal(&self.plan.path, panic_text(&*panic))),
        }
    }

    fn advance(&self, id: ActorId, actor: &mut Actor) -> bool {
        match actor {
            Actor::Shard(shard) => shard.advance(self),
            Actor::Undertaker(undertaker) => undertaker.advance(self),
            Actor::Relay(relay) => relay.advance(self, id),
            Actor::Sink(sink) => {
                let plan = &self.plan.pipelines[sink.pipeline].sinks[sink.sink];
                match &plan.kind {
                    SinkKind::Callback(deliver) => sink.advance(self, &**deliver),
                    SinkKind::Queue(_) => false,
                }
            }
        }
    }

    /// The thread of worker `index`, which is this one, is about to end inside a callback. What the
    /// callback did is judged by `verdict`, and the worker's place is free again.
    pub fn worker_lost(&self, index: usize, verdict: Verdict) -> Result<(), Refusal> {
        let slot = self.workers.get(index).ok_or(Refusal::NoSuchWorker)?;
        let actor = slot.actor.swap(NOBODY, Ordering::AcqRel);
        if actor == NOBODY || !callback::inside(self) {
            return Err(Refusal::NoSuchWorker);
        }
        callback::leave();
        let mut claim = Claim::reclaim(ActorId(actor));
        match self.cells.get(&mut claim) {
            Actor::Shard(shard) => shard.lost(self, verdict),
            Actor::Sink(sink) => sink.lost(self, verdict),
            Actor::Undertaker(undertaker) => undertaker.lost(self, verdict),
            Actor::Relay(_) => {}
        }
        self.schedule.give_back(claim, true);
        slot.inside.store(false, Ordering::SeqCst);
        self.changed.notify();
        Ok(())
    }

    pub(super) fn workers_inside(&self) -> usize {
        self.workers
            .iter()
            .filter(|slot| slot.inside.load(Ordering::SeqCst))
            .count()
    }

    /// Whether a defect was caught: then what is in flight may never be.
    pub(super) fn is_broken(&self) -> bool {
        self.failure()
            .is_some_and(|failure| failure.kind == super::FailureKind::Internal)
    }

    /// Starts a thread for each worker.
    pub fn start_threads(self: &Arc<Self>) -> std::io::Result<()> {
        let (ending, ended) = crossbeam_channel::unbounded();
        let mut threads = Threads {
            handles: Vec::new(),
            ended,
            running: 0,
        };
        for index in 0..self.workers.len() {
            match self.start_thread(index, ending.clone()) {
                Ok(handle) => threads.handles.push(handle),
                Err(error) => {
                    self.schedule.close();
                    threads
                        .handles
                        .into_iter()
                        .for_each(|handle| drop(handle.join()));
                    return Err(error);
                }
            }
        }
        threads.running = threads.handles.len();
        *lock(&self.threads) = Some(threads);
        Ok(())
    }

    fn start_thread(
        self: &Arc<Self>,
        index: usize,
        ending: Sender<()>,
    ) -> std::io::Result<JoinHandle<()>> {
        let engine = self.clone();
        std::thread::Builder::new()
            .name(format!("partita-{index}"))
            .stack_size(self.plan.stack_size)
            .spawn(move || {
                // It can only be refused if the place is taken, and then somebody else has it.
                let _ = engine.run_worker(index);
                let _ = ending.send(());
                engine.changed.notify();
            })
    }

    /// Joins threads that have ended; tells whether none is left.
    pub(super) fn threads_joined(&self) -> bool {
        let mut threads = lock(&self.threads);
        let Some(started) = threads.as_mut() else {
            return true;
        };
        started.running -= started.ended.try_iter().count();
        if started.running > 0 {
            return false;
        }
        // A panic was caught and told before: a thread has nothing more to say.
        threads
            .take()
            .into_iter()
            .flat_map(|t| t.handles)
            .for_each(|handle| drop(handle.join()));
        true
    }
}
