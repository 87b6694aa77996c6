//! Runs a plan: shards, mailboxes, scheduler, credits, sinks, shutdown.
//!
//! What runs is an actor: a shard of a partition, a sink that is a callback, the dead-letter handler,
//! the relay of a pipeline whose senders reach its sinks, a strand of a parallel step, or the flusher of a
//! pipeline's buffers. Workers take ready actors from the schedule, one worker
//! at a time for each actor.

mod account;
mod admitted;
mod alarm;
mod buffer;
pub(crate) mod callback;
mod cell;
mod chain;
mod clock;
mod death;
mod event;
mod flow;
mod inbox;
mod intake;
mod lane;
mod life;
mod log;
mod mailbox;
mod outbox;
mod outlet;
mod pools;
mod quarantine;
mod queue;
mod reader;
mod report;
mod retry;
mod scatter;
mod schedule;
mod seam;
mod segment;
mod sender;
mod service;
mod shard;
mod sink;
mod stepping;
mod strand;
mod ticket;
mod timers;
mod watch;
mod worker;

#[cfg(all(test, not(loom)))]
mod close_tests;
#[cfg(all(test, loom))]
mod loom_tests;
#[cfg(all(test, not(loom)))]
mod lost_tests;
#[cfg(all(test, not(loom)))]
mod origin_tests;
#[cfg(all(test, not(loom)))]
mod service_tests;
#[cfg(all(test, not(loom)))]
mod timer_tests;

use std::sync::atomic::AtomicU64;
use std::task::Waker;
use std::thread::available_parallelism;

use crate::host::{Output, Values};
use crate::metrics::{Metrics, StageCounters, StageKind};
use crate::model::{DeadReason, KeyKind, Value};
use crate::state::{Routing, hash};
use crate::sync::{Arc, AtomicBool, AtomicI64, AtomicU8, AtomicUsize, Mutex, Ordering};
use crate::topology::{
    Application, DeclaredKeys, End, Form, PartitionPlan, PipelinePlan, Plan, Rejected, SinkKind,
    StepPlan, Threads,
};

use buffer::{Flusher, Hoppers};
use cell::Cells;
use event::Event;
use flow::Flow;
use inbox::{Inbox, Mail};
use mailbox::Mailbox;
use pools::{PoolId, Pools};
use quarantine::Quarantine;
use queue::SinkQueue;
use schedule::{ActorId, Schedule};
use seam::Seam;
use segment::{Bag, Origins};
use service::ServiceSlot;
use ticket::Tickets;
use worker::WorkerSlot;

pub use admitted::{Pushed, PushedFailure};
pub use buffer::Buffer;
pub(crate) use death::Death;
pub use death::{Failure, FailureKind};
pub use event::{Cancel, Wait, WaitError};
pub(crate) use intake::Intake;
pub use life::Refusal;
pub(crate) use outlet::Outlet;
pub use reader::{Part, Reader};
pub use sender::{Batch, BatchKeys, Sender, Tokens};
pub(crate) use service::Service;
pub use stepping::Stepped;
pub use worker::{Served, Serving};

/// Shards for each worker: some more than one, so that a worker that is done early finds work. Few
/// declared keys are more likely to be uneven, and get more.
const SHARDS_PER_WORKER: usize = 2;
const SHARDS_PER_WORKER_DECLARED: usize = 8;
/// And for each thread of a blocking step: a shard is held up with one of its keys, and most messages
/// should find a shard that is not.
const SHARDS_PER_BLOCKING: usize = 16;
/// Strands for each of its threads, of a blocking step that is parallel.
const STRANDS_PER_BLOCKING: usize = 4;

enum Actor {
    Shard(Box<shard::Shard>),
    Sink(sink::Sink),
    Undertaker(sink::Undertaker),
    Relay(sink::Relay),
    Strand(Box<strand::Strand>),
    Reporter(report::Reporter),
    Flusher(buffer::Flusher),
    Service(Box<dyn service::Service>),
}

struct PartitionSlot {
    routing: Routing,
    shards: usize,
    /// The number of its first shard's actor; the others follow.
    first_actor: usize,
    /// The keys of each shard that are set aside.
    quarantines: Box<[Quarantine]>,
    /// Whether a reader has it.
    being_read: AtomicBool,
}

enum SinkSlot {
    Callback { actor: ActorId, inbox: Inbox },
    Queue(SinkQueue),
}

struct PipelineSlot {
    flow: Flow,
    tickets: Tickets,
    steps: usize,
    sinks: Vec<SinkSlot>,
    /// What passes messages on to the sinks if the sender's chain ends there.
    relay: Option<(ActorId, Inbox)>,
    /// What runs what comes first in the pipeline, for a source that listens.
    intake: Option<(ActorId, Inbox)>,
    hoppers: Hoppers,
    /// The strands of each step that is spread over the workers.
    strands: Vec<Option<strand::Strands>>,
    /// One for the source, each step and each sink.
    counters: Vec<StageCounters>,
    discarded: AtomicU64,
}

struct DeadSlot {
    actor: ActorId,
    mailbox: Mailbox<sink::Dead>,
}

/// A started application.
pub struct Engine {
    pub(crate) plan: Plan,
    seam: Seam,
    pools: Pools,
    cells: Cells<Actor>,
    partitions: Vec<PartitionSlot>,
    /// The inboxes of each shard's lanes, by the shard's actor.
    inboxes: Vec<Vec<Inbox>>,
    pipelines: Vec<PipelineSlot>,
    dead: Option<DeadSlot>,
    /// What reports completions, unless they are polled.
    reporter: Option<ActorId>,
    /// Whether it is at it.
    reporting: AtomicBool,
    /// Where those wait who poll completions.
    completed: Arc<Event>,
    /// What moves messages between the engine and the world outside.
    service: Option<ServiceSlot>,
    limiter: log::Limiter,
    workers: Vec<WorkerSlot>,
    threads: Mutex<Option<worker::Threads>>,
    life: AtomicU8,
    failure: Mutex<Option<Arc<Failure>>>,
    /// Whether a defect was caught.
    broken: AtomicBool,
    /// Shards whose declared keys' states are not built yet.
    starting: AtomicUsize,
    /// How many readers hold admission up.
    readers: AtomicUsize,
    parts: AtomicI64,
    /// Where those wait who wait for quiet, for the end, or for workers to leave.
    changed: Arc<Event>,
    closing: Mutex<bool>,
}

fn partition_slot(plan: &Plan, partition: &PartitionPlan, first_actor: usize) -> PartitionSlot {
    let shards = shards_of(plan, partition).min(plan.key_groups as usize);
    let group = |hash| hash::group(hash, plan.key_groups);
    let routing = match &partition.keys {
        None => Routing::deal(plan.key_groups, shards, std::iter::empty()),
        Some(DeclaredKeys::Words(keys)) => Routing::deal(
            plan.key_groups,
            shards,
            keys.iter().map(|&key| group(hash::word(key))),
        ),
        Some(DeclaredKeys::Bytes(keys)) => Routing::deal(
            plan.key_groups,
            shards,
            keys.iter().map(|key| group(hash::bytes(key))),
        ),
    };
    PartitionSlot {
        routing,
        shards,
        first_actor,
        quarantines: (0..shards).map(|_| Quarantine::default()).collect(),
        being_read: AtomicBool::new(false),
    }
}

/// How many shards the workers run: so many for each that can run at once, and one for each worker at
/// least. More would only make runs shorter.
fn shards_of_workers(plan: &Plan, each: usize) -> usize {
    let at_once = match plan.threads {
        Threads::Engine | Threads::Host => {
            available_parallelism().map_or(plan.workers, |processors| processors.get())
        }
        // There a seed decides, on any machine.
        Threads::None(_) | Threads::Stepped(_) => plan.workers,
    };
    plan.workers.max(plan.workers.min(at_once) * each)
}

/// How many shards a partition should have.
fn shards_of(plan: &Plan, partition: &PartitionPlan) -> usize {
    let most = match (partition.blocking, &partition.keys) {
        (0, None) => shards_of_workers(plan, SHARDS_PER_WORKER),
        (0, Some(_)) => shards_of_workers(plan, SHARDS_PER_WORKER_DECLARED),
        (threads, _) => threads * SHARDS_PER_BLOCKING,
    };
    match (partition.key_kind, &partition.keys) {
        (KeyKind::Single, _) => 1,
        (_, None) => most,
        (_, Some(keys)) => keys.len().clamp(1, most),
    }
}

/// What is built of a plan before the engine is put together.
struct Assembly {
    actors: Vec<Actor>,
    inboxes: Vec<Vec<Inbox>>,
    /// The pool of each actor.
    pools: Vec<PoolId>,
    /// How many threads each pool has.
    threads: Vec<usize>,
}

impl Assembly {
    /// Nothing yet, but the workers' pool.
    fn new(workers: usize) -> Assembly {
        Assembly {
            actors: Vec::new(),
            inboxes: Vec::new(),
            pools: Vec::new(),
            threads: vec![workers],
        }
    }

    fn add(&mut self, actor: Actor) -> ActorId {
        self.add_to(PoolId::WORKERS, actor)
    }

    fn add_to(&mut self, pool: PoolId, actor: Actor) -> ActorId {
        self.actors.push(actor);
        self.pools.push(pool);
        ActorId(self.actors.len() - 1)
    }

    /// A pool of so many threads; the workers' for none.
    fn pool(&mut self, blocking: usize) -> PoolId {
        if blocking == 0 {
            return PoolId::WORKERS;
        }
        self.threads.push(blocking);
        PoolId::new(self.threads.len() - 1)
    }

    /// The places of all threads, those of one pool after those of the other.
    fn workers(&self) -> Vec<WorkerSlot> {
        let pools = self.threads.iter().enumerate();
        let places = pools.flat_map(|(pool, &threads)| {
            (0..threads).map(move |_| WorkerSlot::of(PoolId::new(pool)))
        });
        places.collect()
    }

    fn partition(&mut self, plan: &Plan, index: usize) -> PartitionSlot {
        let partition = &plan.partitions[index];
        let slot = partition_slot(plan, partition, self.actors.len());
        let pool = self.pool(partition.blocking);
        for shard in 0..slot.shards {
            let actor = ActorId(self.actors.len());
            let contents = shard::Shard::new(actor, index, shard as u16, plan, &slot);
            self.add_to(pool, Actor::Shard(Box::new(contents)));
            self.inboxes
                .push(partition.lanes.iter().map(|_| Inbox::default()).collect());
        }
        slot
    }

    /// The strands of a step, if it is spread over threads.
    fn strands(
        &mut self,
        workers: usize,
        pipeline: usize,
        plan: &PipelinePlan,
        step: usize,
    ) -> Option<strand::Strands> {
        let End::Spread(_) = plan.end_at(step) else {
            return None;
        };
        let stateless = plan.steps[step].stateless();
        if !stateless.spread {
            return None;
        }
        let pool = self.pool(stateless.blocking);
        let strands = match stateless.blocking {
            0 => workers * SHARDS_PER_WORKER,
            threads => threads * STRANDS_PER_BLOCKING,
        };
        let end = plan.chain_end(step + 1);
        let strand = |index| {
            let actor = ActorId(self.actors.len());
            let strand = strand::Strand::new(actor, pipeline, (step, end), Some(index));
            let strand = Actor::Strand(Box::new(strand));
            (self.add_to(pool, strand), Inbox::default())
        };
        Some((0..strands).map(strand).collect())
    }

    /// What a source that listens needs, if the host is called before anything else can take its messages.
    fn intake(&mut self, index: usize, plan: &PipelinePlan) -> Option<(ActorId, Inbox)> {
        let end = plan.chain_end(0);
        let called = end > 0 || matches!(plan.end_at(0), End::State(..));
        (plan.source.listen.is_some() && called).then(|| {
            let actor = ActorId(self.actors.len());
            let strand = strand::Strand::new(actor, index, (0, end), None);
            (self.add(Actor::Strand(Box::new(strand))), Inbox::default())
        })
    }

    fn pipeline(&mut self, workers: usize, index: usize, plan: &PipelinePlan) -> PipelineSlot {
        let mut sinks = Vec::new();
        for (number, sink) in plan.sinks.iter().enumerate() {
            sinks.push(match &sink.kind {
                SinkKind::Queue(capacity) => SinkSlot::Queue(SinkQueue::new(*capacity)),
                SinkKind::Connect(connect) => SinkSlot::Queue(SinkQueue::new(connect.capacity)),
                SinkKind::Callback(_) | SinkKind::Answers(_) => SinkSlot::Callback {
                    actor: self.add(Actor::Sink(sink::Sink::new(index, number))),
                    inbox: Inbox::default(),
                },
            });
        }
        let relay = (plan.chain_end(0) == plan.steps.len()).then(|| {
            (
                self.add(Actor::Relay(sink::Relay::new(index))),
                Inbox::default(),
            )
        });
        let strands = (0..plan.steps.len()).map(|step| self.strands(workers, index, plan, step));
        let strands = strands.collect();
        let stages = 1 + plan.steps.len() + plan.sinks.len();
        PipelineSlot {
            flow: Flow::new(plan.source.credits, plan.steps.len()),
            tickets: Tickets::default(),
            steps: plan.steps.len(),
            sinks,
            relay,
            intake: self.intake(index, plan),
            strands,
            hoppers: Hoppers::new(self.add(Actor::Flusher(Flusher::new(index)))),
            counters: (0..stages).map(|_| StageCounters::default()).collect(),
            discarded: AtomicU64::new(0),
        }
    }
}

impl Engine {
    /// Checks a declaration, freezes it, and makes it ready to run: by threads that enter
    /// [`Engine::run_worker`], or without any by [`Engine::step`]. With mistakes the declaration is
    /// given back.
    pub fn new(declared: Application) -> Result<Arc<Engine>, Box<Rejected>> {
        Ok(Arc::new(Engine::assemble(declared.freeze()?, None)))
    }

    /// The same, with a service, which has a thread of its own and is woken by this waker.
    pub(crate) fn with_service(
        declared: Application,
        service: Box<dyn Service>,
        waker: Waker,
    ) -> Result<Arc<Engine>, Box<Rejected>> {
        let service = Some((service, waker));
        Ok(Arc::new(Engine::assemble(declared.freeze()?, service)))
    }

    /// The same, to be run by [`Engine::step`] on one thread, in an order that `seed` decides.
    pub fn stepped(declared: Application, seed: u64) -> Result<Arc<Engine>, Box<Rejected>> {
        let threads = Threads::Stepped(seed);
        Engine::new(Application {
            threads,
            ..declared
        })
    }

    fn assemble(plan: Plan, service: Option<(Box<dyn Service>, Waker)>) -> Engine {
        let seam = Seam::of(&plan.threads);
        let mut assembly = Assembly::new(plan.workers);
        let partitions: Vec<_> = (0..plan.partitions.len())
            .map(|index| assembly.partition(&plan, index))
            .collect();
        let pipelines = plan.pipelines.iter().enumerate();
        let pipelines = pipelines
            .map(|(index, pipeline)| assembly.pipeline(plan.workers, index, pipeline))
            .collect();
        let dead = plan.dead_letters.is_some().then(|| DeadSlot {
            actor: assembly.add(Actor::Undertaker(sink::Undertaker::default())),
            mailbox: Mailbox::default(),
        });
        let reporter = plan.completions.as_ref().map(|_| {
            let reporter = report::Reporter::default();
            assembly.add(Actor::Reporter(reporter))
        });
        let service = service.map(|(service, waker)| {
            let pool = assembly.pool(1);
            assembly.add_to(pool, Actor::Service(service));
            ServiceSlot::new(pool, waker)
        });
        let starting = assembly.actors.iter().filter(|actor| match actor {
            Actor::Shard(shard) => shard.has_declared(),
            _ => false,
        });
        let workers = assembly.workers();
        let engine = Engine {
            starting: AtomicUsize::new(starting.count()),
            pools: Pools::new(assembly.threads.len(), assembly.pools, |pool| {
                Schedule::new(assembly.actors.len())
                    .eager(pool != PoolId::WORKERS)
                    .with_sleep(plan.sleep.clone())
                    .with_clock(seam.clock().clone())
                    .with_alarm(seam.alarm().cloned())
            }),
            cells: Cells::new(assembly.actors.into_iter()),
            inboxes: assembly.inboxes,
            workers,
            threads: Mutex::new(None),
            partitions,
            pipelines,
            dead,
            reporter,
            reporting: AtomicBool::new(false),
            completed: Arc::default(),
            service,
            limiter: log::Limiter::default(),
            plan,
            seam,
            life: AtomicU8::new(0),
            failure: Mutex::new(None),
            broken: AtomicBool::new(false),
            readers: AtomicUsize::new(0),
            parts: AtomicI64::new(0),
            changed: Arc::default(),
            closing: Mutex::new(false),
        };
        engine.notify_all_actors();
        engine
    }

    fn notify_all_actors(&self) {
        let idle = |actor| {
            let mut pipelines = self.pipelines.iter().map(|pipeline| &pipeline.hoppers);
            pipelines.any(|hoppers| hoppers.flusher() == actor && hoppers.is_empty())
        };
        let actors = self.pools.actors().filter(|&actor| !idle(actor));
        actors.for_each(|actor| self.pools.notify(actor));
    }

    /// Leaves messages for a lane of a shard.
    fn deliver(&self, shard: usize, lane: usize, mail: Mail<'_>) {
        self.inboxes[shard][lane].append(mail);
        if !crate::fault::planted(crate::fault::Fault::NotifyLost) {
            self.pools.notify(ActorId(shard));
        }
    }

    fn take_mail(&self, shard: ActorId, lane: usize, mail: &mut Bag) {
        self.inboxes[shard.0][lane].take(&mut mail.arrived, &mut mail.empty);
    }

    /// Gives back what `consumed` messages at a stage held and what they emitted did not take over,
    /// and wakes whoever waits for that.
    fn consumed(&self, pipeline: usize, stage: usize, consumed: usize, emitted: usize) {
        let flow = &self.pipelines[pipeline].flow;
        let returned = flow.consumed(stage, consumed, emitted);
        for actor in flow.take_gated() {
            self.pools.notify(actor);
        }
        if returned.wake_senders {
            flow.room.notify();
        }
        if flow.leaves_hoppers() {
            self.pools
                .notify(self.pipelines[pipeline].hoppers.flusher());
        }
        if returned.quiet {
            self.quieter();
        }
    }

    /// Nothing of one pipeline is in flight any more, or the states of declared keys are built.
    fn quieter(&self) {
        self.changed.notify();
        self.completed.notify();
        for pipeline in &self.pipelines {
            pipeline.tickets.passed.notify();
            for sink in &pipeline.sinks {
                if let SinkSlot::Queue(queue) = sink {
                    queue.arrived.notify();
                }
            }
        }
    }

    /// Wakes senders that wait, if there are credits at all.
    fn wake_senders(&self) {
        for pipeline in self
            .pipelines
            .iter()
            .filter(|pipeline| pipeline.flow.has_room())
        {
            pipeline.flow.room.notify();
        }
    }

    fn parts_added(&self, count: usize) {
        self.parts.fetch_add(count as i64, Ordering::Relaxed);
    }

    fn parts_removed(&self, count: usize) {
        self.parts.fetch_sub(count as i64, Ordering::Relaxed);
    }

    /// The declared keys of a shard have their states, or never will.
    fn shard_started(&self) {
        if self.starting.fetch_sub(1, Ordering::SeqCst) == 1 {
            self.quieter();
        }
    }

    /// Hands values that wait at a stage back to who made them.
    fn drop_values(&self, pipeline: usize, stage: usize, values: &[Value]) {
        let owner = self.plan.pipelines[pipeline].values_at(stage);
        self.drop_to(owner, values);
    }

    fn drop_to(&self, owner: &dyn Values, values: &[Value]) {
        if values.is_empty() {
            return;
        }
        callback::tell(self, || owner.drop_values(values));
        if crate::fault::planted(crate::fault::Fault::ValueDroppedTwice) {
            callback::tell(self, || owner.drop_values(&values[..1]));
        }
    }

    /// Hands back the outputs of the last step of a pipeline without a sink.
    fn discard_outputs(&self, pipeline: usize, step: &StepPlan, outputs: &mut Vec<Output>) {
        if !outputs.is_empty() {
            let values: Vec<Value> = outputs.drain(..).map(|output| output.value).collect();
            self.pipelines[pipeline]
                .discarded
                .fetch_add(values.len() as u64, Ordering::Relaxed);
            self.drop_to(&*step.values, &values);
        }
    }

    /// Hands back messages at the end of a pipeline that lead nowhere: it has no sink, or nobody called for
    /// them.
    fn drop_discarded(&self, pipeline: usize, values: &[Value]) {
        let slot = &self.pipelines[pipeline];
        slot.discarded
            .fetch_add(values.len() as u64, Ordering::Relaxed);
        self.drop_values(pipeline, slot.steps, values);
    }

    /// Leaves messages for what passes them on to the sinks.
    fn relay(&self, pipeline: usize, values: &[Value], origins: Origins<'_>) {
        if let Some((actor, inbox)) = &self.pipelines[pipeline].relay {
            inbox.append(Mail::keyless(values, origins));
            self.pools.notify(*actor);
        }
    }

    /// Leaves messages for the workers that share a step.
    fn spread(&self, pipeline: usize, step: usize, values: &[Value], origins: Origins<'_>) {
        if let Some(strands) = &self.pipelines[pipeline].strands[step] {
            strands.spread(&self.pools, values, origins);
        }
    }

    /// Drops and counts messages that are queued at a stage when the application fails or closes.
    /// They are counted by `counter`: that of the step or sink they were on their way to.
    fn discard(
        &self,
        pipeline: usize,
        stage: usize,
        counter: usize,
        (values, origins): (&[Value], Origins<'_>),
        reason: DeadReason,
    ) {
        if values.is_empty() {
            return;
        }
        self.pipelines[pipeline].counters[counter].dead(reason, values.len());
        self.died(pipeline, origins, values.len(), reason);
        self.drop_values(pipeline, stage, values);
        self.consumed(pipeline, stage, values.len(), 0);
        self.gone(pipeline, origins, values.len());
    }

    /// Draws what it runs.
    pub fn describe(&self, form: Form) -> String {
        self.plan.picture.draw(form)
    }

    /// The stepper's clock; none under threads.
    pub fn clock(&self) -> Option<std::time::Duration> {
        self.seam.is_stepped().then(|| self.seam.now())
    }

    /// How long it is until an actor wants to be run that is not ready now; none if none wants to.
    pub fn next_timer(&self) -> Option<std::time::Duration> {
        let time = self.pools.next_timer()?;
        Some(time.saturating_sub(self.seam.now()))
    }

    /// Reads the counters.
    pub fn metrics(&self) -> Metrics {
        let mut metrics = Metrics::default();
        for (slot, plan) in self.pipelines.iter().zip(&self.plan.pipelines) {
            let steps = plan.steps.iter().map(|step| (StageKind::Step, &step.path));
            let sinks = plan.sinks.iter().map(|sink| (StageKind::Sink, &sink.path));
            let source = std::iter::once((StageKind::Source, &plan.source.path));
            for ((kind, path), counters) in source.chain(steps).chain(sinks).zip(&slot.counters) {
                let stage = counters.read(kind, path);
                match kind {
                    StageKind::Source => metrics.sent += stage.completed,
                    StageKind::Step => {
                        metrics.computed += stage.completed;
                        metrics.emitted += stage.emitted;
                    }
                    StageKind::Sink => metrics.delivered += stage.completed,
                }
                for (sum, count) in metrics.dead.iter_mut().zip(stage.dead) {
                    *sum += count;
                }
                metrics.stages.push(stage);
            }
            metrics.discarded += slot.discarded.load(std::sync::atomic::Ordering::Relaxed);
            metrics.in_flight += slot.flow.in_flight() as u64;
        }
        metrics.parts = self.parts.load(Ordering::Relaxed).max(0) as u64;
        let quarantined = self.partitions.iter().map(PartitionSlot::quarantined);
        metrics.quarantined = quarantined.sum::<usize>() as u64;
        metrics.values_held = metrics.in_flight + metrics.parts;
        metrics
    }

    /// The number of a pipeline's stage, and where the counters of a sink are.
    fn sink_counter(&self, pipeline: usize, sink: usize) -> &StageCounters {
        let slot = &self.pipelines[pipeline];
        &slot.counters[1 + slot.steps + sink]
    }

    /// Polls a sink that is a queue: takes up to `out.len()` messages, and waits until there is one.
    /// `None` if the sink is none.
    pub fn poll(
        &self,
        pipeline: usize,
        sink: usize,
        out: &mut [Value],
        wait: &Wait,
    ) -> Option<Result<usize, Refusal>> {
        let SinkSlot::Queue(queue) = &self.pipelines[pipeline].sinks[sink] else {
            return None;
        };
        let plan = &self.plan.pipelines[pipeline].sinks[sink];
        if !matches!(plan.kind, SinkKind::Queue(_)) {
            return None;
        }
        if callback::inside(self) && wait.timeout != Some(std::time::Duration::ZERO) {
            return Some(Err(Refusal::WouldDeadlock));
        }
        if out.is_empty() {
            return Some(Ok(0));
        }
        let polled = self.seam.wait_until(self, &queue.arrived, wait, || {
            // Whether more can come is asked before the queue is: what comes last is not missed.
            let over = self.no_more_outputs();
            match queue.take(out) {
                taken if taken.count == 0 => over.map(Err),
                taken => Some(Ok(taken)),
            }
        });
        Some(match polled {
            Err(error) => Err(error.into()),
            Ok(Err(refusal)) => Err(refusal),
            Ok(Ok(taken)) => {
                let stage = self.pipelines[pipeline].steps;
                self.sink_counter(pipeline, sink).completed(taken.count);
                self.consumed(pipeline, stage, taken.count, 0);
                self.gone(pipeline, taken.tracked.from(0), taken.tracked_count);
                let stalled = taken.stalled.into_iter();
                stalled.for_each(|actor| self.pools.notify(actor));
                self.wake_senders();
                Ok(taken.count)
            }
        })
    }
}
