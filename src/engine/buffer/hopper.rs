//! What is in a buffer, and the one spout through which it comes out.

use std::time::Duration;

use crate::engine::Engine;
use crate::engine::chain::{Bench, Chain};
use crate::engine::clock::after;
use crate::engine::flow::Flow;
use crate::engine::segment::{Origin, Spans};
use crate::host::Verdict;
use crate::model::Value;
use crate::sync::{Mutex, lock};

/// What messages go through on their way out. Who has it alone sends on what comes out of the hopper.
pub(in crate::engine) struct Spout {
    /// Messages that were taken out and are not in the chain yet.
    pub(in crate::engine) values: Vec<Value>,
    pipeline: usize,
    chain: Chain,
    bench: Bench,
    spans: Spans,
}

impl Spout {
    /// Sends its messages on, until none is left.
    pub(super) fn run(&mut self, engine: &Engine) {
        if !self.values.is_empty() {
            let origin = Origin {
                pipeline: self.pipeline,
                batch: 0,
                epoch: 0,
            };
            self.spans.clear();
            self.spans.push(origin, self.values.len());
            self.chain.enter_all(&self.values, self.spans.from(0));
            self.values.clear();
        }
        while self.chain.advance(engine, &mut self.bench) {}
        if let Some(reason) = engine.discarding() {
            self.chain.discard(engine, reason);
            engine.changed.notify();
        }
        // Credits may have come back on this thread, and no worker will tell.
        engine.wake_senders();
    }

    /// The thread that ran its callback is gone, for this reason.
    pub(super) fn lost(&mut self, engine: &Engine, verdict: Verdict) {
        self.chain.called(engine, &mut self.bench, verdict);
    }
}

struct Content {
    values: Vec<Value>,
    /// None while somebody sends on.
    spout: Option<Box<Spout>>,
    /// When the first message has waited long enough.
    due: Option<Duration>,
    /// Whether it should be emptied whatever is in it.
    asked: bool,
    freed: bool,
}

/// What putting messages in calls for.
pub(in crate::engine) struct Filled {
    pub(in crate::engine) full: bool,
    /// The time at which it is due, if that is new.
    pub(in crate::engine) timer: Option<Duration>,
}

/// Whether a hopper should be emptied.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::engine) enum Due {
    Now,
    At(Duration),
    /// When it has messages, or the pipeline is idle.
    Later,
    /// Nothing is in it, and never will be.
    Never,
}

pub(in crate::engine) struct Hopper {
    limit: usize,
    delay: Option<Duration>,
    content: Mutex<Content>,
}

impl Hopper {
    /// A hopper in front of a pipeline whose steps up to `end` are stateless.
    pub(in crate::engine) fn new(
        pipeline: usize,
        end: usize,
        limit: usize,
        delay: Option<Duration>,
    ) -> Hopper {
        let (values, bench, spans) = Default::default();
        let spout = Spout {
            values,
            pipeline,
            chain: Chain::new(pipeline, 0, end, None),
            bench,
            spans,
        };
        Hopper {
            limit,
            delay,
            content: Mutex::new(Content {
                values: Vec::new(),
                spout: Some(Box::new(spout)),
                due: None,
                asked: false,
                freed: false,
            }),
        }
    }

    pub(super) fn limit(&self) -> usize {
        self.limit
    }

    /// Puts messages in, which hold their credits.
    pub(in crate::engine) fn fill(
        &self,
        values: &[Value],
        flow: &Flow,
        now: impl FnOnce() -> Duration,
    ) -> Filled {
        let mut content = lock(&self.content);
        let first = content.values.is_empty();
        content.values.extend_from_slice(values);
        flow.gathered(values.len());
        if first {
            content.due = self.delay.map(|delay| after(now(), delay));
        }
        Filled {
            full: content.values.len() >= self.limit,
            timer: content.due.filter(|_| first),
        }
    }

    /// Asks that it be emptied, whatever is in it.
    pub(in crate::engine) fn ask(&self) {
        let mut content = lock(&self.content);
        content.asked = !content.values.is_empty();
    }

    /// Nothing will be put in any more.
    pub(super) fn free(&self) {
        lock(&self.content).freed = true;
    }

    /// Takes up to `most` of the messages, and the spout, to which they are given. None if nothing is in
    /// it, or somebody has the spout: who puts that back finds that more was asked for.
    pub(in crate::engine) fn open(&self, most: usize, flow: &Flow) -> Option<Box<Spout>> {
        let mut content = lock(&self.content);
        let content = &mut *content;
        content.asked = !content.values.is_empty();
        if content.values.is_empty() {
            return None;
        }
        let mut spout = content.spout.take()?;
        debug_assert!(spout.values.is_empty());
        if content.values.len() <= most {
            std::mem::swap(&mut content.values, &mut spout.values);
            (content.asked, content.due) = (false, None);
        } else {
            spout.values.extend(content.values.drain(..most));
        }
        flow.let_out(spout.values.len());
        Some(spout)
    }

    /// Puts the spout back; tells whether there is more to let out.
    pub(in crate::engine) fn close(&self, spout: Box<Spout>) -> bool {
        let mut content = lock(&self.content);
        content.spout = Some(spout);
        content.asked || content.freed || content.values.len() >= self.limit
    }

    /// Whether it should be emptied. `wanted` if all should be.
    pub(super) fn due(&self, wanted: bool, now: Duration) -> Due {
        let content = lock(&self.content);
        let filled = !content.values.is_empty();
        let full = content.values.len() >= self.limit;
        match content.due {
            _ if filled && (wanted || content.asked || content.freed || full) => Due::Now,
            Some(time) if filled && time <= now => Due::Now,
            Some(time) if filled => Due::At(time),
            _ if content.freed && !filled && content.spout.is_some() => Due::Never,
            _ => Due::Later,
        }
    }
}
