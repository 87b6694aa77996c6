//! Sends in two halves, as a host may that runs the steps a pipeline begins with itself: it pushes what
//! came of admitted messages whenever it likes, also with a message half-way.

use partita::engine::{BatchKeys, Pushed, PushedFailure, Refusal, Sender, Tokens, Wait};
use partita::model::{ByteKeys, Key, Value};

use super::hand::{Hand, seen_computed};
use super::rules::{Effect, Message, Trail};
use super::world::{Checked, Event, Log, Taker, World};

/// A send in two halves.
pub struct Halves<'a> {
    world: &'a World,
    sender: &'a mut Sender,
    pipeline: usize,
    /// Whether keys are found here, until the next push.
    keys: bool,
    /// How many messages are over that were not pushed as such; and whether the one at hand was.
    done: usize,
    over: bool,
    values: Vec<Value>,
    words: Vec<u64>,
    bytes: ByteKeys,
    completed: Vec<usize>,
    waiting: Vec<usize>,
    /// Whether something waits: then it is pushed before anything else comes through.
    left: bool,
    given_up: usize,
    /// Whether a completion is asked for, of each message perhaps.
    asks: bool,
    each: bool,
    /// Which of the admitted messages is at hand, and which each value descends from.
    at: usize,
    from: Vec<u32>,
    ends: bool,
}

impl Halves<'_> {
    pub fn new<'a>(world: &'a World, sender: &'a mut Sender, pipeline: usize) -> Halves<'a> {
        let steps = world.shape.sender_steps(pipeline);
        assert_eq!(sender.steps(), steps, "the engine finds other steps");
        Halves {
            world,
            sender,
            pipeline,
            keys: false,
            done: 0,
            over: false,
            values: Vec::new(),
            words: Vec::new(),
            bytes: ByteKeys::default(),
            completed: vec![0; steps],
            waiting: vec![0; steps],
            left: false,
            given_up: 0,
            asks: false,
            each: false,
            at: 0,
            from: Vec::new(),
            ends: false,
        }
    }

    /// Sends messages that have these numbers; gives how many were accepted, and what refused the rest.
    pub fn send(
        &mut self,
        messages: &[Message],
        values: &[Value],
        tokens: Tokens<'_>,
        wait: &Wait,
    ) -> Checked<(usize, Result<(), Refusal>)> {
        self.asks = !matches!(tokens, Tokens::None);
        self.each = matches!(tokens, Tokens::Each(_));
        if let Some(words) = self.arrangeable(messages) {
            return self.send_arranged(&words, values, tokens, wait);
        }
        let mut accepted = 0;
        let mut sent = Ok(());
        while accepted < messages.len() && sent.is_ok() {
            let tokens = match tokens {
                Tokens::Each(each) => Tokens::Each(&each[accepted..]),
                other => other,
            };
            match self.sender.admit(messages.len() - accepted, tokens, wait) {
                Err(refusal) => sent = Err(refusal),
                Ok(0) => return Err("none were admitted".into()),
                Ok(granted) => {
                    self.run_all(messages, values, &mut accepted, granted)?;
                    self.ends = accepted == messages.len() && self.world.log().random.bool();
                    self.push(None)?;
                }
            }
        }
        if self.asks && !std::mem::take(&mut self.ends) {
            // Whether it is refused makes no difference.
            let _ = self.sender.admit(0, Tokens::None, wait);
        }
        Ok((accepted, sent))
    }

    /// The keys of messages that may be arranged by them, now and then.
    fn arrangeable(&self, messages: &[Message]) -> Option<Vec<u64>> {
        let shape = &self.world.shape;
        let step = shape.pipelines[self.pipeline].steps.first()?;
        if !self.completed.is_empty() || self.each || !shape.has_keys(self.pipeline, 0) {
            return None;
        }
        let key = |message: &Message| match shape.key(step.partition, shape.key_number(message)?) {
            Key::Word(word) => Some(*word),
            _ => None,
        };
        let words = messages.iter().map(key).collect::<Option<Vec<u64>>>()?;
        (self.world.log().random.u32(..8) > 0).then_some(words)
    }

    /// Sends messages with these keys, in the order in which the engine wants them.
    fn send_arranged(
        &mut self,
        words: &[u64],
        values: &[Value],
        tokens: Tokens<'_>,
        wait: &Wait,
    ) -> Checked<(usize, Result<(), Refusal>)> {
        let mut accepted = 0;
        let mut sent = Ok(());
        while accepted < words.len() {
            let order = match self.sender.admit_keyed(&words[accepted..], tokens, wait) {
                None => return Err("messages that have keys cannot be arranged".into()),
                Some(Err(refusal)) => {
                    sent = Err(refusal);
                    break;
                }
                Some(Ok(order)) => order.to_vec(),
            };
            let granted = order.len();
            let mut sorted = order.clone();
            sorted.sort();
            if granted == 0 || !sorted.into_iter().eq(0..granted as u32) {
                return Err(format!("{order:?} is no order"));
            }
            let arranged: Vec<Value> = order
                .iter()
                .map(|&index| values[accepted + index as usize])
                .collect();
            let pushed = Pushed {
                done: granted,
                values: &arranged,
                keys: BatchKeys::Arranged,
                completed: &[],
                failed: None,
                waiting: &[],
                given_up: 0,
                from: &[],
                ends: accepted + granted == words.len(),
            };
            let (asks, fewer) = (BatchKeys::Ask, &arranged[1..]);
            for (keys, values) in [(asks, &arranged[..]), (BatchKeys::Arranged, fewer)] {
                let wrong = Pushed {
                    keys,
                    values,
                    ..pushed
                };
                if self.sender.push(&wrong).is_ok() {
                    return Err("what was arranged was pushed otherwise".into());
                }
            }
            self.sender.push(&pushed)?;
            accepted += granted;
            self.world.log().coverage.arranged = true;
        }
        if self.asks {
            let _ = self.sender.admit(0, Tokens::None, wait);
        }
        Ok((accepted, sent))
    }

    fn run_all(
        &mut self,
        messages: &[Message],
        values: &[Value],
        accepted: &mut usize,
        granted: usize,
    ) -> Checked {
        self.at = 0;
        for left in (0..granted).rev() {
            self.run(messages[*accepted].clone(), values[*accepted])?;
            self.at += 1;
            *accepted += 1;
            let failed = self.sender.engine().failure().is_some();
            if !self.asks && (failed || self.world.log().random.u32(..32) == 0) {
                // They are admitted again, unless all is over.
                self.given_up = left;
                break;
            }
        }
        Ok(())
    }

    /// Runs one message through the steps, and all that comes of it, depth first.
    fn run(&mut self, message: Message, id: Value) -> Checked {
        let steps = self.completed.len();
        let mut stack = vec![(0, message, Some(id))];
        self.over = false;
        while let Some((at, message, id)) = stack.pop() {
            if at == steps {
                self.through(message, id, stack.is_empty())?;
            } else {
                let outputs = self.compute(at, message, id, stack.is_empty())?;
                stack.extend(
                    outputs
                        .into_iter()
                        .rev()
                        .map(|output| (at + 1, output, None)),
                );
            }
            let roll = self.world.log().random.u32(..32);
            if roll < 4 {
                self.push(None)?;
            } else if roll == 4 {
                self.leave(&mut stack);
            }
        }
        self.done += usize::from(!self.over);
        if self.left {
            self.push(None)?;
        }
        Ok(())
    }

    /// Leaves what is on its way to the engine.
    fn leave(&mut self, stack: &mut Vec<(usize, Message, Option<Value>)>) {
        let steps = self.completed.len();
        // What is left is dropped if the application has failed: then nothing more should be computed.
        if self.asks || stack.is_empty() || self.waiting.iter().any(|&waiting| waiting > 0) {
            return;
        }
        while let Some((at, message, id)) = stack.pop() {
            let mut log = self.world.log();
            let value = self.value(&mut log, message, id);
            self.values.push(value);
            self.from.push(self.at as u32);
            if at < steps {
                self.waiting[at] += 1;
                continue;
            }
            self.keys = false;
            if self.world.shape.is_relayed(self.pipeline) {
                log.for_sinks[self.pipeline] += 1;
            }
        }
        self.left = self.waiting.iter().sum::<usize>() > 0;
    }

    fn compute(
        &mut self,
        at: usize,
        message: Message,
        id: Option<Value>,
        last: bool,
    ) -> Checked<Vec<Message>> {
        let shape = &self.world.shape;
        let effect = shape.transform(&message);
        let failed = matches!(effect, Effect::Fails { .. });
        let seen = seen_computed(shape, &message, &Trail::default(), failed);
        let route = message.route(at + 1, None);
        self.world.log().record(Event::Computed, route, seen)?;
        let Effect::Done { outputs, .. } = effect else {
            let text = format!("{:x} cannot be computed", message.payload);
            self.fail(at, message, id, &text, last)?;
            return Ok(Vec::new());
        };
        let mut log = self.world.log();
        match id {
            Some(id) => drop(log.take(id, Taker::Compute)?),
            None => log.computed_on_the_way(),
        }
        self.completed[at] += 1;
        Ok(outputs)
    }

    fn through(&mut self, message: Message, id: Option<Value>, last: bool) -> Checked {
        let shape = &self.world.shape;
        let steps = self.completed.len();
        let keyed = steps < shape.pipelines[self.pipeline].steps.len()
            && shape.has_keys(self.pipeline, steps);
        if self.values.is_empty() {
            self.keys = keyed && self.world.log().random.bool();
        }
        if self.keys {
            let step = &shape.pipelines[self.pipeline].steps[steps];
            match shape.key_number(&message) {
                None => {
                    let text = format!("no key for {:x}", message.payload);
                    return self.fail(steps, message, id, &text, last);
                }
                Some(number) => match shape.key(step.partition, number) {
                    Key::Word(word) => self.words.push(*word),
                    Key::Bytes(bytes) => self.bytes.push(bytes),
                    Key::Single => return Err("a single part has no key".into()),
                },
            }
        }
        let mut log = self.world.log();
        let value = self.value(&mut log, message, id);
        self.values.push(value);
        self.from.push(self.at as u32);
        if shape.is_relayed(self.pipeline) {
            log.for_sinks[self.pipeline] += 1;
        }
        Ok(())
    }

    /// The number by which the engine gets a message.
    fn value(&self, log: &mut Log, message: Message, id: Option<Value>) -> Value {
        id.unwrap_or_else(|| {
            log.fans_out(self.pipeline, 1);
            log.give(message, None)
        })
    }

    fn fail(
        &mut self,
        step: usize,
        message: Message,
        id: Option<Value>,
        text: &str,
        last: bool,
    ) -> Checked {
        let value = {
            let mut log = self.world.log();
            let policy = self.world.shape.pipelines[self.pipeline].steps[step].policy;
            Hand::fails(&mut log, policy, text);
            self.value(&mut log, message, id)
        };
        // If nothing else comes of the message it may be over with this, or later.
        self.over = last && self.world.log().random.bool();
        self.done += usize::from(self.over);
        let from = self.at;
        self.push(Some(PushedFailure {
            value,
            from,
            step,
            text,
        }))
    }

    fn push(&mut self, failed: Option<PushedFailure<'_>>) -> Checked {
        let keys = match self.keys && !self.values.is_empty() {
            true if !self.bytes.is_empty() => BatchKeys::Bytes(&self.bytes),
            true => BatchKeys::Words(&self.words),
            false => BatchKeys::Ask,
        };
        let pushed = Pushed {
            done: self.done,
            values: &self.values,
            keys,
            completed: &self.completed,
            failed,
            waiting: match self.left {
                true => &self.waiting,
                false => &[],
            },
            given_up: self.given_up,
            from: match self.each {
                true => &self.from,
                false => &[],
            },
            ends: self.ends,
        };
        if self.world.log().random.u32(..40) == 0 {
            let more = Pushed {
                done: 1 << 20,
                ..pushed
            };
            if self.sender.push(&more).is_ok() {
                return Err("more were pushed than were admitted".into());
            }
        }
        self.sender.push(&pushed)?;
        self.done = 0;
        self.values.clear();
        self.from.clear();
        self.words.clear();
        self.bytes = ByteKeys::default();
        self.completed.fill(0);
        self.waiting.fill(0);
        (self.left, self.given_up) = (false, 0);
        Ok(())
    }
}
