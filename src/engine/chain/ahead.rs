//! Handing on what has gone through a chain.

use super::{Bench, Call, Chain};
use crate::engine::callback::call;
use crate::engine::outbox::Outbox;
use crate::engine::scatter::{Keys, Scatter};
use crate::engine::{Death, Engine, Failure};
use crate::host::{KeyBatch, Verdict};
use crate::model::{DeadReason, KeyKind};
use crate::topology::{End, StatePlan, StepPlan};

impl Outbox {
    /// Sends the first `count` messages to a step that has these keys for them.
    pub(super) fn scatter(
        &mut self,
        engine: &Engine,
        scatter: &mut Scatter,
        state: &StatePlan,
        keys: Keys<'_>,
        count: usize,
    ) {
        let start = self.forwarded;
        if count > 0 {
            let values = (&self.values[start..start + count], self.spans.from(start));
            scatter.send(engine, (state.partition, state.lane), values, keys);
        }
        self.forwarded += count;
        if self.forwarded == self.values.len() {
            self.clear();
        }
    }
}

impl Chain {
    /// Hands on what is in the outbox, by one callback at most; tells whether there is more to do at
    /// once.
    pub(super) fn forward(&mut self, engine: &Engine, bench: &mut Bench) -> bool {
        match self.plan(engine).end_at(self.end()) {
            End::Sinks => match self.actor {
                Some(actor) => self.outbox.forward_to_sinks(engine, self.pipeline, actor),
                None => {
                    engine.relay(
                        self.pipeline,
                        &self.outbox.values,
                        self.outbox.spans.from(0),
                    );
                    self.outbox.clear();
                    true
                }
            },
            End::Spread(step) => {
                let Outbox { values, spans, .. } = &self.outbox;
                engine.spread(self.pipeline, step, values, spans.from(0));
                self.outbox.clear();
                true
            }
            End::State(_, state) if state.keys.is_none() => {
                let count = self.outbox.values.len();
                self.outbox
                    .scatter(engine, &mut bench.scatter, state, Keys::Single, count);
                true
            }
            End::State(..) if engine.discarding().is_some() => false,
            End::State(_, state) => {
                let verdict = self.call_keys(engine, bench, state);
                self.called(engine, bench, verdict);
                true
            }
        }
    }

    fn call_keys(&mut self, engine: &Engine, bench: &mut Bench, state: &StatePlan) -> Verdict {
        self.calling = Some(Call::Keys);
        bench.words.clear();
        bench.bytes.clear();
        let mut batch = KeyBatch {
            kind: engine.plan.partitions[state.partition].key_kind,
            values: &self.outbox.values[self.outbox.forwarded..],
            words: &mut bench.words,
            bytes: &mut bench.bytes,
        };
        let keys = state.keys.as_ref().expect("the step has keys");
        call(engine, || keys.keys(&mut batch))
    }

    pub(super) fn keyed(&mut self, engine: &Engine, bench: &mut Bench, verdict: Verdict) {
        let end = self.end();
        let End::State(next, state) = self.plan(engine).end_at(end) else {
            return;
        };
        let Bench {
            words,
            bytes,
            scatter,
            ..
        } = bench;
        let (done, keys) = match engine.plan.partitions[state.partition].key_kind {
            KeyKind::Bytes => (bytes.len(), Keys::Bytes(bytes, 0)),
            _ => (words.len(), Keys::Words(words)),
        };
        let left = self.outbox.values.len() - self.outbox.forwarded;
        if done > left {
            let text = "more keys than messages were given";
            return engine.fail(Failure::contract(&next.path, text));
        }
        self.outbox.scatter(engine, scatter, state, keys, done);
        let all = done == left;
        let contract = match verdict {
            Verdict::Done if all || done > 0 => return,
            Verdict::Failed(text) if !all => return self.bury_keyless(engine, next, &text),
            Verdict::Failed(_) => "it failed with all keys given",
            Verdict::Done => "the partition function gave no key and did not fail",
            Verdict::OutputsFull => "a partition function has no outputs",
            Verdict::Contract(ref text) => text,
        };
        engine.fail(Failure::contract(&next.path, contract));
    }

    /// The first message in the outbox has no key.
    fn bury_keyless(&mut self, engine: &Engine, next: &StepPlan, text: &str) {
        let stage = self.end();
        let outbox = &mut self.outbox;
        let at = outbox.forwarded;
        let (origin, value) = (outbox.spans.origin_at(at), outbox.values[at]);
        outbox.forwarded += 1;
        if outbox.forwarded == outbox.values.len() {
            outbox.clear();
        }
        let death = Death {
            origin,
            stage,
            counter: stage + 1,
            path: &next.path,
            value,
            reason: DeadReason::Partition,
            key: None,
            text,
            frame: None,
        };
        engine.failed(death, next.policy);
    }
}
