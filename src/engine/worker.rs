//! The worker loop, which threads enter; and threads that the engine starts for it.
//!
//! A thread may also serve: it comes out of the loop with a run, and goes back with what that came to. Its
//! worker stays inside, with the claim of the actor, and no thread. It may come out to sleep as well: then its
//! worker stays inside with the nap.
//!
//! A worker holds no lock while a callback runs, and nothing on its stack matters: should its thread
//! end inside a callback, [`Engine::worker_lost`] gives the actor back and frees the worker's place.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::thread::JoinHandle;
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender};

use super::callback::{self, panic_text};
use super::life::Refusal;
use super::pools::PoolId;
use super::schedule::{ActorId, Claim, Nap, Next};
use super::sink::Taker;
use super::{Actor, Engine, Failure};
use crate::host::Verdict;
use crate::sync::{Arc, AtomicBool, AtomicUsize, Mutex, Ordering, lock};
use crate::topology::SinkKind;

const NOBODY: usize = usize::MAX;
/// The worker is outside, with a run.
const NO_THREAD: usize = 0;
/// How many actors a worker runs at most before it wakes senders for whatever room there is.
const TURNS: usize = 64;

/// How a turn of an actor has ended.
pub(super) enum Turn {
    /// Nothing is half done, and `more` says whether there is more to do.
    Over { more: bool },
    /// A run of it is answered later; until then its claim is the worker's.
    Later,
}

/// What a thread that serves comes out with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Served {
    /// A run that is to be answered.
    Run,
    /// Nothing: it is to sleep in the host's way until its worker is unparked, at most so long, and then to
    /// serve again.
    Sleep(Option<Duration>),
    /// Nothing, for good: the application closes.
    Over,
}

/// What threads serve for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Serving {
    /// They sleep inside.
    Runs,
    /// They come out to sleep, too.
    RunsAndSleep,
}

/// The place of one worker, or of a thread of another pool.
pub(super) struct WorkerSlot {
    pool: PoolId,
    pub(super) inside: AtomicBool,
    /// Whose place it is.
    pub(super) thread: AtomicUsize,
    /// The actor that it runs.
    actor: AtomicUsize,
    /// How many actors it may still run before it wakes senders. Only who has the place uses it.
    turns: AtomicUsize,
    /// What it sleeps for, outside.
    nap: Mutex<Option<Nap>>,
}

impl WorkerSlot {
    pub(super) fn of(pool: PoolId) -> WorkerSlot {
        WorkerSlot {
            pool,
            inside: AtomicBool::new(false),
            thread: AtomicUsize::new(0),
            actor: AtomicUsize::new(NOBODY),
            turns: AtomicUsize::new(TURNS),
            nap: Mutex::default(),
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
    /// How many threads run it: the workers, and behind them those of blocking steps; none if it is
    /// stepped. That many are to enter [`Engine::run_worker`].
    pub fn threads(&self) -> usize {
        match self.seam.has_threads() {
            true => self.workers.len(),
            false => 0,
        }
    }

    /// Lends this thread to the application as worker `index` until it closes. Behind the workers come
    /// the threads of blocking steps.
    pub fn run_worker(&self, index: usize) -> Result<(), Refusal> {
        let slot = self.enter(index)?;
        self.work(slot, index, None, None);
        Ok(())
    }

    /// As [`Engine::run_worker`], but returns once a run is to be answered later or, if it is asked for and the
    /// host has its own way to sleep, when it is to sleep.
    pub fn serve(&self, index: usize, serving: Serving) -> Result<Served, Refusal> {
        let slot = self.workers.get(index).ok_or(Refusal::NoSuchWorker)?;
        if callback::inside(self) {
            return Err(Refusal::WouldDeadlock);
        }
        let nap = lock(&slot.nap).take();
        match nap {
            None => drop(self.enter(index)?),
            Some(_) => slot
                .thread
                .store(callback::this_thread(), Ordering::Relaxed),
        }
        Ok(self.work(slot, index, nap, Some(serving)))
    }

    /// Goes on serving as this worker, with what became of the run that it came out with. One thread at a
    /// time, not always the same.
    pub fn serve_on(
        &self,
        index: usize,
        verdict: Verdict,
        serving: Serving,
    ) -> Result<Served, Refusal> {
        let slot = self.workers.get(index).ok_or(Refusal::NoSuchWorker)?;
        if callback::inside(self) {
            return Err(Refusal::WouldDeadlock);
        }
        let actor = slot.actor.load(Ordering::Acquire);
        if actor == NOBODY
            || slot.thread.swap(callback::this_thread(), Ordering::AcqRel) != NO_THREAD
        {
            return Err(Refusal::NoSuchWorker);
        }
        let claim = Claim::reclaim(ActorId(actor));
        let later = self.run(claim, |contents| match contents {
            Actor::Shard(shard) => shard.answered(self, verdict),
            _ => unreachable!("only a computation with a state answers later"),
        });
        if later {
            return Ok(self.come_out(slot, Served::Run));
        }
        slot.actor.store(NOBODY, Ordering::Release);
        Ok(self.go_on(slot, index, (true, None), Some(serving)))
    }

    /// Whether the host has its own way for workers to sleep.
    pub fn has_sleep(&self) -> bool {
        self.plan.sleep.is_some()
    }

    /// Takes the place of a worker for this thread.
    pub(super) fn enter(&self, index: usize) -> Result<&WorkerSlot, Refusal> {
        let slot = self.workers.get(index).ok_or(Refusal::NoSuchWorker)?;
        if callback::inside(self) {
            return Err(Refusal::WouldDeadlock);
        }
        if slot.inside.swap(true, Ordering::SeqCst) {
            return Err(Refusal::Busy);
        }
        slot.thread
            .store(callback::this_thread(), Ordering::Relaxed);
        Ok(slot)
    }

    /// Runs actors until the application closes, or there is another reason to come out for who serves;
    /// `slept` is what the worker slept for outside.
    pub(super) fn work(
        &self,
        slot: &WorkerSlot,
        index: usize,
        slept: Option<Nap>,
        serving: Option<Serving>,
    ) -> Served {
        // Who closes the schedule looks afterwards who is inside: either that sees this worker, or
        // this worker sees that, and touches nothing.
        if slept.is_none() && self.pools.of(slot.pool).is_closed() {
            return self.leave(slot);
        }
        self.go_on(slot, index, (false, slept), serving)
    }

    /// As `work`, for a worker that is inside. It is `awake` if it is back for more.
    fn go_on(
        &self,
        slot: &WorkerSlot,
        index: usize,
        (mut awake, mut slept): (bool, Option<Nap>),
        serving: Option<Serving>,
    ) -> Served {
        let schedule = self.pools.of(slot.pool);
        loop {
            match self.next_ready(slot, index, (awake, slept.take()), serving) {
                Next::Run(claim) => {
                    awake = true;
                    if self.run_at(index, claim, serving.is_some()) {
                        return self.come_out(slot, Served::Run);
                    }
                }
                Next::Sleep(nap) if serving == Some(Serving::RunsAndSleep) => {
                    // From here on the place is that of whoever comes back with the nap.
                    let served = self.come_out(slot, Served::Sleep(nap.most));
                    *lock(&slot.nap) = Some(nap);
                    return served;
                }
                Next::Sleep(nap) => {
                    schedule.sleep(index, &nap);
                    (awake, slept) = (false, Some(nap));
                }
                Next::Leave => return self.leave(slot),
            }
        }
    }

    /// A worker leaves for good.
    fn leave(&self, slot: &WorkerSlot) -> Served {
        slot.inside.store(false, Ordering::SeqCst);
        self.changed.notify();
        Served::Over
    }

    /// The thread of a worker comes out, and the worker stays.
    fn come_out(&self, slot: &WorkerSlot, served: Served) -> Served {
        // Release: pairs with `serve_on`, which may be called on another thread.
        slot.thread.store(NO_THREAD, Ordering::Release);
        served
    }

    fn next_ready(
        &self,
        slot: &WorkerSlot,
        index: usize,
        (awake, slept): (bool, Option<Nap>),
        serving: Option<Serving>,
    ) -> Next {
        let schedule = self.pools.of(slot.pool);
        if awake {
            // Kept in its place: who serves comes out with every run.
            let turns = slot.turns.load(Ordering::Relaxed);
            if turns > 0
                && let Some(claim) = self.seam.choose(schedule)
            {
                slot.turns.store(turns - 1, Ordering::Relaxed);
                return Next::Run(claim);
            }
            // Before it sleeps, a worker wakes senders for whatever room there is: it was kept from
            // them until it is worth their waking. And now and then, should others keep it busy.
            slot.turns.store(TURNS, Ordering::Relaxed);
            self.wake_senders();
        }
        let outside = serving == Some(Serving::RunsAndSleep);
        schedule.next(index, (awake, outside), slept)
    }

    /// Runs one ready actor on this thread, which has this worker's place, if any; tells whether
    /// there was one.
    pub(super) fn run_next(&self, place: Option<usize>) -> bool {
        let Some(claim) = self.seam.choose_any(&self.pools) else {
            return false;
        };
        match place {
            None => self.run_ready(claim, false),
            Some(index) => self.run_at(index, claim, false),
        };
        true
    }

    /// Runs an actor as a worker; tells whether it has a run that is answered later.
    fn run_at(&self, index: usize, claim: Claim, serves: bool) -> bool {
        let slot = &self.workers[index];
        slot.actor.store(claim.actor().0, Ordering::Release);
        let later = self.run_ready(claim, serves);
        if !later {
            slot.actor.store(NOBODY, Ordering::Release);
        }
        later
    }

    /// Runs one ready actor of a pool in which no thread is, if there is one.
    pub(super) fn step_unattended(&self) -> bool {
        if !self.seam.has_threads() {
            // Who takes a turn tells others of it, and those who close wait for that: not for nothing.
            return self.pools.has_ready() && self.workers_inside() == 0 && self.step();
        }
        let mut pools = self.pools.ids().filter(|&pool| self.is_unattended(pool));
        let claim = pools.find_map(|pool| self.seam.choose(self.pools.of(pool)));
        claim.map(|claim| self.run_ready(claim, false)).is_some()
    }

    fn is_unattended(&self, pool: PoolId) -> bool {
        let mut inside = self.workers.iter().filter(|slot| slot.pool == pool);
        inside.all(|slot| !slot.inside.load(Ordering::SeqCst))
    }

    /// Whether a thread is in the place of the service.
    fn is_service_attended(&self) -> bool {
        let pool = self.service.as_ref().map(|service| service.pool);
        pool.is_some_and(|pool| !self.is_unattended(pool))
    }

    fn run_ready(&self, claim: Claim, serves: bool) -> bool {
        let actor = claim.actor();
        self.run(claim, |contents| {
            self.advance_actor(actor, contents, serves)
        })
    }

    /// Lets an actor take a turn; tells whether it has a run that is answered later.
    fn run(&self, mut claim: Claim, turn: impl FnOnce(&mut Actor) -> Turn) -> bool {
        let contents = self.cells.get(&mut claim);
        match catch_unwind(AssertUnwindSafe(|| turn(contents))) {
            Ok(Turn::Over { more }) => self.pools.give_back(claim, more),
            Ok(Turn::Later) => return true,
            // Its contents cannot be trusted: the claim is kept, so that nobody runs it again.
            Err(panic) => self.broke(&*panic),
        }
        false
    }

    /// Runs what should not panic: if it does, the application fails.
    pub(crate) fn guarded<T>(&self, inside: impl FnOnce() -> T) -> T {
        catch_unwind(AssertUnwindSafe(inside)).unwrap_or_else(|panic| {
            self.broke(&*panic);
            resume_unwind(panic)
        })
    }

    /// A defect was caught.
    fn broke(&self, panic: &(dyn Any + Send)) {
        self.broken.store(true, Ordering::SeqCst);
        self.fail(Failure::internal(&self.plan.path, panic_text(panic)));
        self.changed.notify();
    }

    fn advance_actor(&self, id: ActorId, actor: &mut Actor, serves: bool) -> Turn {
        let more = match actor {
            Actor::Shard(shard) => return shard.advance(self, serves),
            Actor::Undertaker(undertaker) => undertaker.advance(self),
            Actor::Relay(relay) => relay.advance(self, id),
            Actor::Strand(strand) => strand.advance(self),
            Actor::Reporter(reporter) => match &self.plan.completions {
                Some(host) => reporter.advance(self, &**host),
                None => false,
            },
            Actor::Flusher(flusher) => flusher.advance(self),
            Actor::Service(service) => {
                let more = service.advance(self, self.is_service_attended());
                self.service_advanced(more)
            }
            Actor::Sink(sink) => {
                let plan = &self.plan.pipelines[sink.pipeline].sinks[sink.sink];
                match &plan.kind {
                    SinkKind::Callback(deliver) => sink.advance(self, Taker::Deliver(&**deliver)),
                    SinkKind::Answers(answer) => sink.advance(self, Taker::Answer(&**answer)),
                    SinkKind::Queue(_) | SinkKind::Connect(_) => false,
                }
            }
        };
        Turn::Over { more }
    }

    /// Whether this thread is worker `index`, in a callback that no other application made.
    pub(crate) fn calls_back(&self, index: usize) -> bool {
        self.workers.get(index).is_some_and(|slot| {
            slot.actor.load(Ordering::Acquire) != NOBODY
                && slot.thread.load(Ordering::Relaxed) == callback::this_thread()
                && callback::innermost(self)
        })
    }

    /// The thread of worker `index`, which is this one, is about to end inside a callback. What the
    /// callback did is judged by `verdict`, and the worker's place is free again.
    pub fn worker_lost(&self, index: usize, verdict: Verdict) -> Result<(), Refusal> {
        if !self.calls_back(index) {
            return Err(Refusal::NoSuchWorker);
        }
        let slot = &self.workers[index];
        let actor = slot.actor.swap(NOBODY, Ordering::AcqRel);
        callback::leave();
        if self.seam.has_threads() {
            self.pools.of(slot.pool).worker_gone();
        }
        let mut claim = Claim::reclaim(ActorId(actor));
        let contents = self.cells.get(&mut claim);
        match catch_unwind(AssertUnwindSafe(|| self.abandon(contents, verdict))) {
            Ok(()) => self.pools.give_back(claim, true),
            // As in `run`.
            Err(panic) => self.broke(&*panic),
        }
        slot.inside.store(false, Ordering::SeqCst);
        self.changed.notify();
        Ok(())
    }

    fn abandon(&self, actor: &mut Actor, verdict: Verdict) {
        match actor {
            Actor::Shard(shard) => shard.lost(self, verdict),
            Actor::Sink(sink) => sink.delivered(self, verdict),
            Actor::Undertaker(undertaker) => undertaker.lost(self, verdict),
            Actor::Strand(strand) => strand.lost(self, verdict),
            Actor::Reporter(reporter) => reporter.lost(self, verdict),
            Actor::Flusher(flusher) => flusher.lost(self, verdict),
            Actor::Service(service) => service.lost(self, verdict),
            Actor::Relay(_) => {}
        }
    }

    pub(super) fn workers_inside(&self) -> usize {
        self.workers
            .iter()
            .filter(|slot| slot.inside.load(Ordering::SeqCst))
            .count()
    }

    /// Whether a defect was caught: then what is in flight may never be.
    pub(super) fn is_broken(&self) -> bool {
        self.broken.load(Ordering::SeqCst)
    }

    /// Starts a thread for each worker, and those of blocking steps. If one cannot be started, the application begins to close: it
    /// is for the caller to close it.
    pub fn start_threads(self: &Arc<Self>) -> std::io::Result<()> {
        // Who closes looks at the threads behind this lock, and has ended intake before.
        let mut threads = lock(&self.threads);
        if self.refusal() == Some(Refusal::Closed) {
            return Ok(());
        }
        let (ending, ended) = crossbeam_channel::unbounded();
        let mut handles = Vec::new();
        let started = (0..self.workers.len()).try_for_each(|index| {
            handles.push(self.start_thread(index, ending.clone())?);
            Ok(())
        });
        *threads = Some(Threads {
            running: handles.len(),
            handles,
            ended,
        });
        drop(threads);
        if started.is_err() {
            self.begin_closing();
        }
        started
    }

    fn start_thread(
        self: &Arc<Self>,
        index: usize,
        ending: Sender<()>,
    ) -> std::io::Result<JoinHandle<()>> {
        let engine = self.clone();
        std::thread::Builder::new()
            .name(self.thread_name(index))
            .stack_size(self.plan.stack_size)
            .spawn(move || {
                // It can only be refused if the place is taken, and then somebody else has it.
                let _ = engine.run_worker(index);
                let _ = ending.send(());
                engine.changed.notify();
            })
    }

    /// Short enough for what systems keep of it.
    fn thread_name(&self, index: usize) -> String {
        let pool = self.workers[index].pool;
        match pool {
            PoolId::WORKERS => format!("partita-{index}"),
            _ if self
                .service
                .as_ref()
                .is_some_and(|service| service.pool == pool) =>
            {
                "partita-io".into()
            }
            _ => format!("partita-b{index}"),
        }
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
