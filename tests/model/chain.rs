//! What the engine calls for steps without a state: each alone, or several in one call, depth first. It
//! stops where it likes, also with messages half-way.

use std::any::Any;
use std::sync::Arc;

use partita::host::{ChainRun, Fallen, Fused, Host, Output, Partition, Transform, Verdict};
use partita::model::{Key, KeyKind};

use super::hand::{Answer, Hand, Next, Role, seen_computed};
use super::rules::{Effect, Message, Trail};
use super::world::{Checked, Event, Log, Taker};

/// Steps that are run in one call, and whether it finds keys.
struct Piece {
    /// The hand of the first one.
    hand: Arc<Hand>,
    steps: usize,
    keys: bool,
}

impl Host for Piece {}

impl Transform for Piece {
    fn transform(&self, run: &mut ChainRun<'_>) -> Verdict {
        self.hand.run(run, self.steps, self.keys)
    }
}

impl Transform for Hand {
    fn transform(&self, run: &mut ChainRun<'_>) -> Verdict {
        self.run(run, 1, false)
    }

    fn fuse(
        &self,
        behind: &[Arc<dyn Transform>],
        keys: Option<&Arc<dyn Partition>>,
    ) -> Option<Fused> {
        let Role::Transform(pipeline, step) = self.role() else {
            return None;
        };
        let (steps, keyed) = self.world.shape.fused(pipeline, step);
        let same = |at: usize, role: Role| {
            let hand: &dyn Any = &*behind[at];
            hand.downcast_ref::<Hand>()
                .is_some_and(|hand| hand.role() == role)
        };
        for at in 0..behind.len().max(steps - 1) {
            assert!(
                same(at, Role::Transform(pipeline, step + 1 + at)),
                "others are behind"
            );
        }
        let keyed = keyed && {
            let keys: &dyn Any = &**keys.expect("the step behind has keys");
            assert_eq!(steps, behind.len() + 1, "the step behind is next");
            let hand = keys.downcast_ref::<Hand>().map(Hand::role);
            hand == Some(Role::Keys(pipeline, step + steps))
        };
        (steps > 1 || keyed).then(|| Fused {
            run: Arc::new(Piece {
                hand: Hand::new(&self.world, self.role()),
                steps,
                keys: keyed,
            }),
            steps,
            keys: keyed,
        })
    }
}

/// What becomes of one message on its way through the steps of a call.
#[derive(Default)]
struct Way {
    /// What came through, with its key if that was found.
    through: Vec<(Message, Option<Key>)>,
    /// What stays on the way: at which of the steps.
    waiting: Vec<(usize, Message)>,
    /// What failed: at which step, and whether it panics.
    fallen: Option<(usize, Message, bool)>,
    /// What was computed, and whether that failed.
    computed: Vec<(usize, Message, bool)>,
}

impl Hand {
    fn run(&self, run: &mut ChainRun<'_>, steps: usize, keys: bool) -> Verdict {
        let mut log = self.enter("transform", run.values.len());
        let answer = self.run_chain(&mut log, run, steps, keys);
        Hand::leave(log, answer)
    }

    fn run_chain(
        &self,
        log: &mut Log,
        run: &mut ChainRun<'_>,
        steps: usize,
        keys: bool,
    ) -> Checked<Answer> {
        let Role::Transform(pipeline, step) = self.role() else {
            return Err(format!("{:?} is to transform", self.role()));
        };
        let (len, most) = (run.values.len(), self.world.shape.run_length);
        let lens = [run.waiting.len(), run.completed.len()];
        if len == 0 || len > most || lens != [steps, steps] || run.step as usize != step {
            return Err(format!("a run of {len} for step {} has {lens:?}", run.step));
        }
        let clean = run.waiting.iter().chain(&*run.completed).all(|&n| n == 0);
        if !clean || !run.outputs.is_empty() || run.fallen.is_some() {
            return Err("a run is not clean".into());
        }
        if run.kind.is_some() != keys || !run.words.is_empty() || !run.bytes.is_empty() {
            return Err(format!("keys are {:?}", run.kind));
        }
        let capacity = run.outputs.capacity();
        let mut answer = Verdict::Done.into();
        for index in 0..Hand::how_many(log, len) {
            if let Next::Over(over) = self.run_one(log, run, (pipeline, step), index, capacity)? {
                answer = over;
                break;
            }
        }
        let through = run.outputs.len() - run.waiting.iter().sum::<usize>();
        log.emitted(pipeline, (step, steps), run.outputs.len(), through);
        if step < self.world.shape.sender_steps(pipeline) {
            let fallen = usize::from(run.fallen.is_some());
            let more = (run.outputs.len() + fallen).saturating_sub(run.completed[0]);
            log.fans_out(pipeline, more);
        }
        Ok(answer)
    }

    fn run_one(
        &self,
        log: &mut Log,
        run: &mut ChainRun<'_>,
        (pipeline, step): (usize, usize),
        index: usize,
        capacity: usize,
    ) -> Checked<Next> {
        let id = run.values[index];
        let message = log.shown(id, pipeline, step)?.clone();
        let keys_end = run.words.len().max(run.bytes.len());
        let finds_keys = run.kind.is_some() && keys_end == run.outputs.len();
        let way = self.go(log, message, run.completed.len(), finds_keys);
        let more = way.through.len() + way.waiting.len();
        if run.outputs.len() + more > capacity && (index > 0 || log.random.bool()) {
            return match index > 0 && log.random.bool() {
                true => Ok(Next::Over(Verdict::Done.into())),
                false => log.ask_for_room(id, index, capacity),
            };
        }
        let at_once = matches!(way.fallen, Some((0, ..)));
        for (at, message, failed) in &way.computed {
            let route = message.route(step + at + 1, None);
            let shape = &self.world.shape;
            let seen = seen_computed(shape, message, &Trail::default(), *failed);
            log.record(Event::Computed, route, seen)?;
            match (failed, at) {
                (true, _) => continue,
                (false, 0) => drop(log.take(id, Taker::Compute)?),
                (false, _) => log.computed_on_the_way(),
            }
            run.completed[*at] += 1;
        }
        if !at_once {
            log.asked = None;
        }
        let stops = !way.waiting.is_empty();
        let mut number = (!at_once && log.random.bool()).then_some(id);
        let mut give = |log: &mut Log, message| log.give(message, number.take());
        for (message, key) in way.through {
            let value = give(log, message);
            let from = index as u64;
            run.outputs.push(Output { value, from });
            match (key, run.kind) {
                (None, _) => {}
                (Some(Key::Word(word)), Some(KeyKind::Word)) => run.words.push(word),
                (Some(Key::Bytes(bytes)), Some(KeyKind::Bytes)) => run.bytes.push(&bytes),
                (Some(key), kind) => return Err(format!("keys are {kind:?}, and not {key}")),
            }
        }
        for (at, message) in way.waiting {
            let value = give(log, message);
            let from = index as u64;
            run.outputs.push(Output { value, from });
            run.waiting[at] += 1;
        }
        let Some((at, message, panics)) = way.fallen else {
            return Ok(match stops {
                true => Next::Over(Verdict::Done.into()),
                false => Next::More,
            });
        };
        let what = match at == run.completed.len() {
            true => format!("no key for {:x}", message.payload),
            false => format!("{:x} cannot be computed", message.payload),
        };
        let policy = self.world.shape.pipelines[pipeline].steps[step + at].policy;
        Hand::fails(log, policy, &what);
        if at > 0 {
            log.coverage.fallen = true;
            let value = give(log, message);
            let (from, step) = (index, at);
            *run.fallen = Some(Fallen { value, from, step });
        }
        Ok(Next::Over(Answer::fails(panics, what)))
    }

    /// Lets one message, and what comes of it, go through the steps; nothing is done to it yet.
    fn go(&self, log: &mut Log, message: Message, steps: usize, mut keys: bool) -> Way {
        let shape = &self.world.shape;
        let mut way = Way::default();
        let mut stack = vec![(0, message)];
        while let Some((at, message)) = stack.pop() {
            if at > 0 && log.random.u32(..16) == 0 {
                stack.push((at, message));
                break;
            }
            if at == steps {
                keys &= log.random.u32(..16) > 0;
                match keys.then(|| shape.key_number(&message)) {
                    None => way.through.push((message, None)),
                    Some(Some(number)) => {
                        let stage = &shape.pipelines[message.pipeline].steps[message.stage];
                        let key = shape.key(stage.partition, number).clone();
                        way.through.push((message, Some(key)));
                    }
                    Some(None) => {
                        let panics = message.payload & 1 == 0;
                        way.fallen = Some((at, message, panics));
                        break;
                    }
                }
                continue;
            }
            match shape.transform(&message) {
                Effect::Fails { panics } => {
                    way.computed.push((at, message.clone(), true));
                    way.fallen = Some((at, message, panics));
                    break;
                }
                Effect::Done { outputs, .. } => {
                    way.computed.push((at, message, false));
                    stack.extend(outputs.into_iter().rev().map(|output| (at + 1, output)));
                }
            }
        }
        for (at, message) in stack.into_iter().rev() {
            match at == steps {
                true => way.through.push((message, None)),
                false => way.waiting.push((at, message)),
            }
        }
        way
    }
}
