//! Reporting completions: to the host's callback by an actor of its own, or to whoever polls; and how far
//! a pipeline is done.

use super::callback::{self, call};
use super::event::Wait;
use super::life::Refusal;
use super::{Engine, Failure};
use crate::host::{Completion, Completions, Verdict};
use crate::sync::Ordering;

/// How many completions are reported together at most.
const REPORT_MAX: usize = 1024;

/// Reports completions to a callback, one call at a time.
#[derive(Default)]
pub(super) struct Reporter {
    report: Vec<Completion>,
}

impl Reporter {
    pub(super) fn advance(&mut self, engine: &Engine, host: &dyn Completions) -> bool {
        // Before they are taken: who closes finds either them or this.
        engine.reporting.store(true, Ordering::SeqCst);
        engine.take_completions(REPORT_MAX, &mut self.report);
        let report = &self.report;
        let more = !report.is_empty();
        if more {
            let verdict = call(engine, || host.completed(report));
            self.reported(engine, verdict);
        }
        engine.reporting.store(false, Ordering::SeqCst);
        if engine.discarding().is_some() {
            engine.changed.notify();
        }
        more
    }

    /// The worker whose callback it was is gone: what it was given counts as reported.
    pub(super) fn lost(&mut self, engine: &Engine, verdict: Verdict) {
        if !self.report.is_empty() {
            self.reported(engine, verdict);
            engine.reporting.store(false, Ordering::SeqCst);
        }
    }

    fn reported(&mut self, engine: &Engine, verdict: Verdict) {
        self.report.clear();
        let path = || format!("{} / completions", engine.plan.path).into();
        match verdict {
            Verdict::Failed(text) => {
                let message = format!("the callback failed: {text}");
                engine.fail(Failure::callback(&path(), message));
            }
            Verdict::Contract(text) => engine.fail(Failure::contract(&path(), &text)),
            Verdict::OutputsFull => {
                engine.fail(Failure::contract(&path(), "completions have no outputs"));
            }
            Verdict::Done => {}
        }
    }
}

impl Engine {
    fn take_completions(&self, most: usize, into: &mut Vec<Completion>) {
        for pipeline in &self.pipelines {
            if into.len() < most {
                pipeline.tickets.take(most - into.len(), into);
            }
        }
    }

    /// Whether every completion has been reported, or waits for whoever polls.
    pub(super) fn all_reported(&self) -> bool {
        let open = |pipeline: &super::PipelineSlot| {
            let tickets = &pipeline.tickets;
            tickets.is_any_open() || self.reporter.is_some() && tickets.is_any_finished()
        };
        !self.pipelines.iter().any(open) && !self.reporting.load(Ordering::SeqCst)
    }

    /// Why no completion can come any more, if so.
    fn no_more_completions(&self) -> Option<Refusal> {
        let refusal = self.refusal()?;
        // What is admitted is in flight before its ticket is taken, and its ticket is finished later.
        let open = || self.pipelines.iter().any(|p| p.tickets.is_any_open());
        (self.is_closed() || self.is_quiet() && !open()).then_some(refusal)
    }

    /// Takes up to `most` completions, and waits until there is one. `None` if they are reported to a
    /// callback.
    pub fn poll_completions(
        &self,
        most: usize,
        wait: &Wait,
        into: &mut Vec<Completion>,
    ) -> Option<Result<(), Refusal>> {
        if self.reporter.is_some() {
            return None;
        }
        if most == 0 {
            return Some(Ok(()));
        }
        if let Err(refusal) = self.may_wait(wait) {
            return Some(Err(refusal));
        }
        let before = into.len();
        let polled = self.seam.wait_until(self, &self.completed, wait, || {
            // Before they are taken: what comes last is not missed.
            let over = self.no_more_completions();
            self.take_completions(before + most, into);
            match into.len() > before {
                true => Some(Ok(())),
                false => over.map(Err),
            }
        });
        Some(polled.unwrap_or_else(|error| Err(error.into())))
    }

    /// The position up to which all that was sent into a pipeline with a completion is done.
    pub fn watermark(&self, pipeline: usize) -> u64 {
        self.pipelines[pipeline].tickets.watermark()
    }

    /// Waits until the watermark of a pipeline is at a position, or beyond it.
    pub fn wait_watermark(
        &self,
        pipeline: usize,
        position: u64,
        wait: &Wait,
    ) -> Result<u64, Refusal> {
        self.may_wait(wait)?;
        let passed = &self.pipelines[pipeline].tickets.passed;
        self.seam.wait_until(self, passed, wait, || {
            let over = self.no_more_completions();
            let watermark = self.watermark(pipeline);
            match watermark >= position {
                true => Some(Ok(watermark)),
                false => over.map(Err),
            }
        })?
    }

    /// Refused if it may have to wait inside a callback.
    fn may_wait(&self, wait: &Wait) -> Result<(), Refusal> {
        if wait.timeout != Some(std::time::Duration::ZERO) && callback::inside(self) {
            return Err(Refusal::WouldDeadlock);
        }
        Ok(())
    }

    /// After a defect, when no worker is left: reports what will not be finished.
    pub(super) fn abandon_completions(&self, host: Option<&dyn Completions>) {
        self.pipelines.iter().for_each(|p| p.tickets.abandon());
        self.pipelines
            .iter()
            .for_each(|p| p.tickets.passed.notify());
        self.completed.notify();
        let mut reporter = Reporter::default();
        while host.is_some_and(|host| reporter.advance(self, host)) {}
    }
}
