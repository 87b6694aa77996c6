//! What one seed declares, and how the parts of that misbehave: all random, all decided beforehand.

use std::time::Duration;

use fastrand::Rng;
use partita::model::{Key, KeyKind, Policy, Retry};

/// How a seed ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// Everything is computed before it is closed.
    Drain,
    /// It is stopped on the way; everything accepted is computed before it is closed.
    Stop,
    /// It is closed with messages in flight.
    Close,
}

/// What fails in a seed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Failures {
    None,
    Skipped,
    Fatal,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyRule {
    /// The key that the message had before, if there are as many here.
    Keep,
    /// Any key.
    Hash,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SinkRule {
    Callback,
    /// It answers callers.
    Answers,
    Queue(usize),
}

/// Of which sends completions are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tracking {
    None,
    Some,
    All,
}

/// Rates are of a thousand.
#[derive(Debug)]
pub struct PartitionShape {
    pub kind: KeyKind,
    /// Every key that a message may have here.
    pub keys: Vec<Key>,
    /// How many of them are declared, if keys are.
    pub declared: Option<usize>,
    /// Keys whose states can never be built.
    pub unbuildable: u32,
    /// Attempts to build a state that fail.
    pub flaky: u32,
    /// Whether it is declared twice, which is allowed.
    pub twice: bool,
}

/// How a step without a state is run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stateless {
    /// It is spread over the workers.
    pub parallel: bool,
    /// It is run in one call with those around it that are, too.
    pub fused: bool,
}

#[derive(Debug)]
pub struct StepShape {
    /// If it has no state; then it has no partition and no keys.
    pub stateless: Option<Stateless>,
    /// How many threads of its own run it.
    pub blocking: u32,
    pub partition: usize,
    pub key_rule: KeyRule,
    pub policy: Policy,
    pub retry: Retry,
    /// Messages for which the partition function fails.
    pub keyless: u32,
    /// Messages on which the computation fails.
    pub fails: u32,
    /// Messages that delete their part.
    pub deletes: u32,
    /// Messages with more outputs than there are credits.
    pub wide: u32,
}

#[derive(Debug)]
pub struct SinkShape {
    pub rule: SinkRule,
    pub policy: Policy,
    pub retry: Retry,
    pub fails: u32,
}

#[derive(Debug)]
pub struct PipelineShape {
    pub credits: usize,
    pub senders: usize,
    pub steps: Vec<StepShape>,
    pub sinks: Vec<SinkShape>,
}

/// Everything about a seed that is decided before it runs.
#[derive(Debug)]
pub struct Shape {
    pub seed: u64,
    pub workers: u32,
    pub key_groups: u32,
    pub run_length: usize,
    pub handler: bool,
    /// Calls of the dead-letter handler that fail.
    pub handler_fails: u32,
    pub tracking: Tracking,
    /// Whether completions are reported to a callback, and calls of it that fail.
    pub reporter: bool,
    pub reporter_fails: u32,
    pub partitions: Vec<PartitionShape>,
    pub pipelines: Vec<PipelineShape>,
    /// Whether keys are released from quarantine.
    pub releases: bool,
    /// Whether outputs and states do not depend on which path comes first to a part.
    pub determined: bool,
    pub fate: Fate,
    pub actions: usize,
}

fn one_in(random: &mut Rng, many: u32) -> bool {
    random.u32(..many) == 0
}

impl Shape {
    pub fn random(seed: u64) -> Shape {
        let random = &mut Rng::with_seed(seed);
        let failures = match random.u32(..100) {
            0..30 => Failures::None,
            30..72 => Failures::Skipped,
            _ => Failures::Fatal,
        };
        let partitions: Vec<_> = (0..random.usize(1..=3))
            .map(|_| partition(random, failures))
            .collect();
        let pipelines = (0..random.usize(1..=3))
            .map(|_| pipeline(random, failures, partitions.len()))
            .collect();
        let fate = match random.u32(..100) {
            0..60 => Fate::Drain,
            60..72 => Fate::Stop,
            _ => Fate::Close,
        };
        let fatal = failures == Failures::Fatal;
        let mut shape = Shape {
            seed,
            workers: random.u32(1..=4),
            key_groups: random.u32(2..=40),
            run_length: random.usize(1..=8),
            handler: random.u32(..3) > 0,
            handler_fails: if fatal && one_in(random, 8) { 100 } else { 0 },
            tracking: random
                .choice([Tracking::None, Tracking::Some, Tracking::All])
                .unwrap_or(Tracking::All),
            reporter: random.bool(),
            reporter_fails: if fatal && one_in(random, 8) { 100 } else { 0 },
            partitions,
            pipelines,
            releases: random.u32(..12) > 0,
            determined: random.bool(),
            fate,
            actions: random.usize(20..=110),
        };
        shape.forbid_builds_tried_again_for_several();
        shape.forbid_what_is_not_determined();
        shape.let_some_block(random);
        shape
    }

    /// Deletions, resets, quarantine, and builders that fail now and then, depend on the order in which
    /// messages come to a part: unless it is all the same, they are only for parts to which one path
    /// leads.
    fn forbid_what_is_not_determined(&mut self) {
        for partition in 0..self.partitions.len() {
            if !self.determined {
                continue;
            }
            if self.has_one_path(partition) {
                self.forbid_unseen_releases(partition);
                continue;
            }
            self.partitions[partition].flaky = 0;
            let steps = self.pipelines.iter_mut().flat_map(|p| &mut p.steps);
            for step in steps.filter(|step| step.uses(partition)) {
                step.deletes = 0;
                if let Policy::Reset | Policy::Quarantine = step.policy {
                    step.policy = Policy::Skip;
                }
            }
        }
    }

    /// For which step a state could not be built only the engine knows: unless there is just one, none is
    /// tried again.
    fn forbid_builds_tried_again_for_several(&mut self) {
        for partition in 0..self.partitions.len() {
            let mut uses = self.uses(partition);
            let tried = uses.any(|(pipeline, step)| self.step(pipeline, step).retry.times > 0);
            drop(uses);
            if tried && self.only_use(partition).is_none() {
                let shape = &mut self.partitions[partition];
                (shape.unbuildable, shape.flaky) = (0, 0);
            }
        }
    }

    pub fn step(&self, pipeline: usize, step: usize) -> &StepShape {
        &self.pipelines[pipeline].steps[step]
    }

    /// The only step that uses a partition, if there is just one, as (pipeline, step).
    pub fn only_use(&self, partition: usize) -> Option<(usize, usize)> {
        let mut uses = self.uses(partition);
        uses.next().filter(|_| uses.next().is_none())
    }

    /// Where a key was released is seen by the computation: so it must be called for the next message.
    fn forbid_unseen_releases(&mut self, partition: usize) {
        if self.releases && self.quarantines(partition) != Some(false) {
            let shape = &mut self.partitions[partition];
            (shape.unbuildable, shape.flaky) = (0, 0);
        }
    }

    /// Whether states are built at the start: then they end the application if they cannot be.
    pub fn builds_at_start(&self, partition: usize) -> bool {
        let shape = &self.partitions[partition];
        shape.declared.is_some() || shape.kind == KeyKind::Single
    }

    /// Whether a key is put in quarantine if its state cannot be built, if all steps agree on that.
    pub fn quarantines(&self, partition: usize) -> Option<bool> {
        let policy = |(pipeline, step): (usize, usize)| self.pipelines[pipeline].steps[step].policy;
        let mut do_so = self
            .uses(partition)
            .map(|at| policy(at) == Policy::Quarantine);
        let first = do_so.next().unwrap_or(false);
        do_so.all(|other| other == first).then_some(first)
    }

    /// Has some of the steps run by threads of their own: those of one partition by the same.
    fn let_some_block(&mut self, random: &mut Rng) {
        let partitions = 0..self.partitions.len();
        let threads: Vec<u32> = partitions.map(|_| random.u32(1..=3)).collect();
        for step in self.pipelines.iter_mut().flat_map(|p| &mut p.steps) {
            let may = step.stateless.is_none_or(|how| how.parallel);
            if may && one_in(random, 4) {
                step.blocking = match step.stateless {
                    Some(_) => random.u32(1..=3),
                    None => threads[step.partition],
                };
            }
        }
    }

    /// Whether all messages of each part of a partition come from one sender on one path of keys.
    fn has_one_path(&self, partition: usize) -> bool {
        self.only_use(partition).is_some_and(|(pipeline, step)| {
            self.pipelines[pipeline].senders == 1 && self.key_tells_path(pipeline, step)
        })
    }

    /// The steps that use a partition, as (pipeline, step).
    pub fn uses(&self, partition: usize) -> impl Iterator<Item = (usize, usize)> {
        let pipelines = self.pipelines.iter().enumerate();
        pipelines.flat_map(move |(pipeline, shape)| {
            let steps = shape.steps.iter().enumerate();
            steps
                .filter(move |(_, step)| step.uses(partition))
                .map(move |(step, _)| (pipeline, step))
        })
    }

    fn key_tells_path(&self, pipeline: usize, step: usize) -> bool {
        let steps = &self.pipelines[pipeline].steps[..=step];
        let keyed: Vec<_> = steps
            .iter()
            .filter(|step| step.stateless.is_none())
            .collect();
        let keys = |step: &StepShape| self.partitions[step.partition].keys.len();
        let kept = |pair: &[&StepShape]| {
            pair[1].key_rule == KeyRule::Keep && keys(pair[1]) >= keys(pair[0])
        };
        self.is_ordered(pipeline, step + 1) && keyed.windows(2).all(kept)
    }

    /// Whether messages of one route come to a place in order: nothing before it, nor it, is parallel.
    pub fn is_ordered(&self, pipeline: usize, place: usize) -> bool {
        place < self.unordered_from(pipeline)
    }

    /// The first place of a pipeline at which messages have lost their order.
    pub fn unordered_from(&self, pipeline: usize) -> usize {
        let mut steps = self.pipelines[pipeline].steps.iter();
        let parallel = |step: &StepShape| step.stateless.is_some_and(|how| how.parallel);
        steps.position(parallel).map_or(usize::MAX, |step| step + 1)
    }

    /// How many steps, from one on, are run in one call, and whether that finds keys too.
    pub fn fused(&self, pipeline: usize, step: usize) -> (usize, bool) {
        let steps = &self.pipelines[pipeline].steps;
        let mut parallel = None;
        // A parallel step begins a chain, unless it stands in the chain of another that the workers
        // run, as they do it.
        let begins: Vec<bool> = steps
            .iter()
            .map(|step| {
                let is = step.stateless.is_some_and(|how| how.parallel);
                let begins = is && (step.blocking > 0 || parallel != Some(0));
                parallel = match step.stateless {
                    None => None,
                    Some(_) if is => Some(step.blocking),
                    Some(_) => parallel,
                };
                begins
            })
            .collect();
        let fuses = |at: usize| steps[at].stateless.is_some_and(|how| how.fused);
        if !fuses(step) {
            return (1, false);
        }
        let mut end = step + 1;
        while end < steps.len() && fuses(end) && !begins[end] {
            end += 1;
        }
        let keyed = |at: usize| steps[at].stateless.is_none();
        (
            end - step,
            end < steps.len() && keyed(end) && self.has_keys(pipeline, end),
        )
    }

    /// Whether a step has a partition function.
    pub fn has_keys(&self, pipeline: usize, step: usize) -> bool {
        let step = &self.pipelines[pipeline].steps[step];
        step.stateless.is_none() && self.partitions[step.partition].kind != KeyKind::Single
    }

    /// How many steps the pipeline begins with that its senders run.
    pub fn sender_steps(&self, pipeline: usize) -> usize {
        let steps = &self.pipelines[pipeline].steps;
        let elsewhere = |step: &StepShape| step.stateless.is_none_or(|how| how.parallel);
        steps.iter().position(elsewhere).unwrap_or(steps.len())
    }

    /// Whether messages go from the senders to the sinks.
    pub fn is_relayed(&self, pipeline: usize) -> bool {
        self.sender_steps(pipeline) == self.pipelines[pipeline].steps.len()
    }

    /// The number, in the metrics, of a place: the source, a step or a sink of a pipeline.
    pub fn stage_number(&self, pipeline: usize, place: usize) -> usize {
        let before = &self.pipelines[..pipeline];
        let places = before.iter().map(|p| 1 + p.steps.len() + p.sinks.len());
        places.sum::<usize>() + place
    }
}

impl StepShape {
    fn uses(&self, partition: usize) -> bool {
        self.stateless.is_none() && self.partition == partition
    }
}

fn partition(random: &mut Rng, failures: Failures) -> PartitionShape {
    let kind = match random.u32(..16) {
        0..5 => KeyKind::Word,
        5..9 => KeyKind::Bytes,
        _ => KeyKind::Single,
    };
    let keys: Vec<Key> = match kind {
        KeyKind::Word => words(random).into_iter().map(Key::Word).collect(),
        KeyKind::Bytes => words(random).into_iter().map(bytes).collect(),
        KeyKind::Single => vec![Key::Single],
    };
    let declared = (kind != KeyKind::Single && one_in(random, 3))
        .then(|| random.usize(keys.len().div_ceil(2)..=keys.len()));
    // One that is built at the start takes the application down with it.
    let early = declared.is_some() || kind == KeyKind::Single;
    let fails = match failures {
        Failures::None => false,
        Failures::Skipped => !early && one_in(random, 3),
        Failures::Fatal => one_in(random, if early { 24 } else { 4 }),
    };
    let rate = if fails { random.u32(50..300) } else { 0 };
    let (unbuildable, flaky) = if random.bool() { (rate, 0) } else { (0, rate) };
    PartitionShape {
        kind,
        keys,
        declared,
        unbuildable,
        flaky,
        twice: one_in(random, 10),
    }
}

fn words(random: &mut Rng) -> Vec<u64> {
    let mut words: Vec<u64> = Vec::new();
    for _ in 0..random.usize(1..=8) {
        let word = match random.u32(..6) {
            0 => random.choice([0, 1, 2, u64::MAX]).unwrap_or_default(),
            1 => random.u64(..100),
            _ => random.u64(..),
        };
        if !words.contains(&word) {
            words.push(word);
        }
    }
    words
}

fn bytes(word: u64) -> Key {
    let text = match word {
        0 => String::new(),
        word if word % 5 == 0 => word.to_string().repeat(20),
        word => word.to_string(),
    };
    Key::Bytes(text.into_bytes().into())
}

fn pipeline(random: &mut Rng, failures: Failures, partitions: usize) -> PipelineShape {
    let steps = [0, 1, 1, 2, 2, 2, 3, 3, 4, 5][random.usize(..10)];
    // Many pipelines have none at all.
    let stateless = [0, 0, 1, 1, 3][random.usize(..5)];
    let sinks = [0, 1, 1, 1, 1, 2, 3][random.usize(..7)];
    PipelineShape {
        credits: match random.u32(..5) {
            0 => random.usize(1..=2),
            4 => random.usize(16..=40),
            _ => random.usize(3..=10),
        },
        senders: if one_in(random, 3) { 2 } else { 1 },
        steps: (0..steps)
            .map(|_| step(random, failures, partitions, stateless))
            .collect(),
        sinks: (0..sinks)
            .map(|number| sink(random, failures, number == 0))
            .collect(),
    }
}

/// What happens when something fails, and how often it does.
fn misbehaviour(random: &mut Rng, failures: Failures) -> (Policy, u32) {
    match failures {
        Failures::None if random.bool() => (Policy::Skip, 0),
        Failures::None => (Policy::Stop, 0),
        Failures::Fatal if random.bool() => (Policy::Stop, random.u32(5..60)),
        _ => (Policy::Skip, random.u32(10..150)),
    }
}

/// A step; it has no state in `stateless` of four cases.
fn step(random: &mut Rng, failures: Failures, partitions: usize, stateless: u32) -> StepShape {
    let stateless = (random.u32(..4) < stateless).then(|| Stateless {
        parallel: one_in(random, 4),
        fused: random.bool(),
    });
    let (policy, rate) = match misbehaviour(random, failures) {
        (Policy::Skip, rate) if stateless.is_none() => match random.u32(..16) {
            0 => (Policy::Skip, rate),
            1..7 => (Policy::Reset, rate),
            _ => (Policy::Quarantine, rate),
        },
        other => other,
    };
    let sometimes = |random: &mut Rng, rate| if one_in(random, 3) { rate } else { 0 };
    let retry = match stateless.is_none() && rate > 0 {
        true => retry(random),
        false => Retry::default(),
    };
    StepShape {
        stateless,
        blocking: 0,
        partition: random.usize(..partitions),
        key_rule: random
            .choice([KeyRule::Keep, KeyRule::Hash])
            .unwrap_or(KeyRule::Keep),
        policy,
        retry,
        keyless: sometimes(random, rate),
        fails: match policy {
            _ if stateless.is_some() => rate,
            _ if retry.times > 0 => random.u32(50..500),
            // What happens to the key as well is to be seen more often.
            Policy::Reset => rate,
            Policy::Quarantine => 2 * rate,
            _ => sometimes(random, rate),
        },
        deletes: if stateless.is_none() && one_in(random, 3) {
            random.u32(20..200)
        } else {
            0
        },
        wide: if one_in(random, 3) {
            random.u32(10..100)
        } else {
            0
        },
    }
}

/// How often something is tried again, if it is.
fn retry(random: &mut Rng) -> Retry {
    let pauses = [0, 1, 300, 3_000];
    match one_in(random, 3) {
        true => Retry {
            times: random.u32(1..=3),
            pause: Duration::from_micros(pauses[random.usize(..pauses.len())]),
        },
        false => Retry::default(),
    }
}

fn sink(random: &mut Rng, failures: Failures, may_answer: bool) -> SinkShape {
    let (policy, rate) = misbehaviour(random, failures);
    let queue = random.bool();
    let retry = match !queue && rate > 0 {
        true => retry(random),
        false => Retry::default(),
    };
    SinkShape {
        rule: match queue {
            true => SinkRule::Queue(random.usize(1..=6)),
            false if may_answer && one_in(random, 3) => SinkRule::Answers,
            false => SinkRule::Callback,
        },
        policy,
        retry,
        fails: match queue {
            _ if retry.times > 0 => random.u32(50..500),
            false if random.bool() => rate,
            _ => 0,
        },
    }
}
