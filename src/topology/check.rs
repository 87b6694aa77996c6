//! Finding every mistake of a declaration at once.

mod stream;

use std::collections::HashSet;
use std::hash::Hash;

use super::declare::{
    Application, Computation, DeclaredKeys, Partition, Pipeline, Sink, SinkKind, Step, StepKind,
};
use super::picture::name_of_policy;
use super::plan::{Mistake, application_path, sink_path, step_path};
use crate::model::{KeyKind, Policy, Retry};
use crate::state::hash;

/// The most workers, messages in a run, and messages in flight for which the engine is made.
const WORKERS_MAX: u32 = 1024;
const RUN_LENGTH_MAX: u32 = 65_536;
const CREDITS_MAX: u64 = 1 << 32;
/// The most threads of blocking steps, all together.
const BLOCKING_MAX: u64 = 1024;

struct Check<'a> {
    application: &'a Application,
    mistakes: Vec<Mistake>,
}

pub(super) fn mistakes(application: &Application) -> Vec<Mistake> {
    let mut check = Check {
        application,
        mistakes: Vec::new(),
    };
    check.application();
    check.mistakes
}

impl Check<'_> {
    fn wrong(&mut self, path: &str, message: impl Into<String>) {
        self.mistakes.push(Mistake {
            path: path.to_owned(),
            message: message.into(),
        });
    }

    fn range(&mut self, path: &str, what: &str, given: u64, least: u64, most: u64) {
        if !(least..=most).contains(&given) {
            self.wrong(
                path,
                format!("{what}: expected {least} to {most}, got {given}"),
            );
        }
    }

    fn application(&mut self) {
        let declared = self.application;
        let path = application_path(&declared.name);
        if declared.name.is_empty() {
            self.wrong(&path, "the name is empty: expected a name");
        }
        self.range(
            &path,
            "workers",
            declared.workers.into(),
            1,
            WORKERS_MAX.into(),
        );
        let groups = u64::from(declared.key_groups);
        self.range(
            &path,
            "key groups",
            groups,
            hash::GROUPS_MIN.into(),
            hash::GROUPS_MAX.into(),
        );
        self.range(
            &path,
            "run length",
            declared.run_length.into(),
            1,
            RUN_LENGTH_MAX.into(),
        );
        if declared.pipelines.is_empty() {
            self.wrong(&path, "there is no pipeline: expected at least one");
        }
        self.twice(
            &path,
            "pipeline",
            declared.pipelines.iter().map(|pipeline| &pipeline.name),
        );
        for (index, partition) in declared.partitions.iter().enumerate() {
            self.partition(&path, index, partition);
        }
        for pipeline in &declared.pipelines {
            self.pipeline(
                &format!("{path} / pipeline \"{}\"", pipeline.name),
                pipeline,
            );
        }
        self.blocking(&path);
    }

    /// The threads of blocking steps, those that share a partition counted once.
    fn blocking(&mut self, path: &str) {
        let mut blocking: Vec<(&str, u32)> = Vec::new();
        let mut all = 0;
        for pipeline in &self.application.pipelines {
            for (number, step) in pipeline.steps.iter().enumerate() {
                let threads = step.blocking();
                let StepKind::State(step) = step else {
                    all += u64::from(threads);
                    continue;
                };
                let known = blocking.iter().find(|(name, _)| *name == step.partition);
                match known {
                    _ if threads == 0 => {}
                    None => {
                        blocking.push((&step.partition, threads));
                        all += u64::from(threads);
                    }
                    Some(&(_, known)) if known != threads => {
                        let pipeline = format!("{path} / pipeline \"{}\"", pipeline.name);
                        let message = format!(
                            "it is blocking with {threads} threads, and another step of partition \"{}\" with {known}: expected the same",
                            step.partition
                        );
                        self.wrong(&step_path(&pipeline, number, &step.name), message);
                    }
                    Some(_) => {}
                }
            }
        }
        self.range(path, "threads of blocking steps", all, 0, BLOCKING_MAX);
    }

    fn twice<'n>(&mut self, path: &str, what: &str, names: impl Iterator<Item = &'n String>) {
        let mut seen = HashSet::new();
        for name in names.filter(|name| !seen.insert(*name)) {
            self.wrong(
                path,
                format!("two {what}s are named \"{name}\": expected one"),
            );
        }
    }

    fn partition(&mut self, path: &str, index: usize, partition: &Partition) {
        let path = format!("{path} / partition \"{}\"", partition.name);
        if partition.name.is_empty() {
            self.wrong(&path, "the name is empty: expected a name");
        }
        let earlier = &self.application.partitions[..index];
        if let Some(first) = earlier
            .iter()
            .find(|earlier| earlier.name == partition.name)
        {
            self.same(&path, first, partition);
            return;
        }
        match (&partition.keys, partition.key_kind) {
            (None, _) => {}
            (Some(_), KeyKind::Single) => {
                self.wrong(&path, "keys are declared for a single part: expected none");
            }
            (Some(DeclaredKeys::Words(_)), KeyKind::Bytes)
            | (Some(DeclaredKeys::Bytes(_)), KeyKind::Word) => {
                self.wrong(
                    &path,
                    "the declared keys are not of the partition's key kind",
                );
            }
            (Some(DeclaredKeys::Words(keys)), KeyKind::Word) => {
                self.keys(&path, keys, |key| key.to_string());
            }
            (Some(DeclaredKeys::Bytes(keys)), KeyKind::Bytes) => {
                self.keys(&path, keys, |key| format!("\"{}\"", key.escape_ascii()));
            }
        }
    }

    fn same(&mut self, path: &str, first: &Partition, second: &Partition) {
        if first.key_kind != second.key_kind {
            let message = format!(
                "declared twice, with {} and with {}: expected the same",
                keys_of(first.key_kind),
                keys_of(second.key_kind)
            );
            self.wrong(path, message);
        } else if first.keys != second.keys {
            self.wrong(
                path,
                "declared twice, with different declared keys: expected the same",
            );
        }
        if first.build_id != second.build_id {
            self.wrong(
                path,
                "declared twice, with different builders: expected the same",
            );
        }
    }

    fn keys<K: Eq + Hash>(&mut self, path: &str, keys: &[K], show: impl Fn(&K) -> String) {
        if keys.is_empty() {
            self.wrong(
                path,
                "no key is declared: expected at least one, or keys on first use",
            );
        }
        let mut seen = HashSet::new();
        for key in keys.iter().filter(|key| !seen.insert(*key)) {
            self.wrong(
                path,
                format!("key {} is declared twice: expected once", show(key)),
            );
        }
    }

    fn pipeline(&mut self, path: &str, pipeline: &Pipeline) {
        if pipeline.name.is_empty() {
            self.wrong(path, "the name is empty: expected a name");
        }
        match &pipeline.source {
            None => self.wrong(path, "there is no source: expected one"),
            Some(source) => {
                self.range(path, "credits", source.credits, 1, CREDITS_MAX);
                if let Some(listen) = &source.listen {
                    self.listen(path, listen);
                }
            }
        }
        if pipeline.second_source {
            self.wrong(path, "there are two sources: expected one");
        }
        if pipeline.sinks.is_empty() && !pipeline.done {
            self.wrong(path, "it is never ended: expected a sink, or done");
        }
        for name in &pipeline.behind_end {
            self.wrong(
                path,
                format!("\"{name}\" stands behind the end: expected it before"),
            );
        }
        self.twice(path, "step", pipeline.steps.iter().map(StepKind::name));
        self.twice(path, "sink", pipeline.sinks.iter().map(|sink| &sink.name));
        for (number, step) in pipeline.steps.iter().enumerate() {
            let path = step_path(path, number, step.name());
            match step {
                StepKind::State(step) => self.step(&path, step),
                StepKind::Stateless(step) => self.computation(&path, step),
            }
        }
        let answers = |sink: &&Sink| matches!(sink.kind, SinkKind::Answers(_));
        if pipeline.sinks.iter().filter(answers).count() > 1 {
            self.wrong(path, "two sinks answer callers: expected one at most");
        }
        for sink in &pipeline.sinks {
            let path = sink_path(path, &sink.name);
            if sink.name.is_empty() {
                self.wrong(&path, "the name is empty: expected a name");
            }
            self.policy_without_state(&path, sink.policy);
            self.retry(&path, sink.retry);
            if let SinkKind::Connect(connect) = &sink.kind {
                self.connect(&path, connect);
            }
            if let SinkKind::Queue(capacity) = sink.kind {
                if sink.retry.times > 0 {
                    self.wrong(
                        &path,
                        "it is a queue, which never fails: expected no retries",
                    );
                }
                self.range(&path, "capacity", capacity, 1, CREDITS_MAX);
            }
        }
    }

    fn retry(&mut self, path: &str, retry: Retry) {
        let (times, pause) = (retry.times.into(), retry.pause.as_nanos() as u64);
        self.range(path, "retries", times, 0, Retry::TIMES_MAX.into());
        let most = Retry::PAUSE_MAX.as_nanos() as u64;
        self.range(path, "nanoseconds between retries", pause, 0, most);
        if times == 0 && pause > 0 {
            self.wrong(
                path,
                "there is a pause between retries, but no retry: expected one",
            );
        }
    }

    fn policy_without_state(&mut self, path: &str, policy: Policy) {
        if let Policy::Reset | Policy::Quarantine = policy {
            let name = name_of_policy(policy);
            let message =
                format!("its policy is {name}, and it has no state: expected stop or skip");
            self.wrong(path, message);
        }
    }

    fn computation(&mut self, path: &str, step: &Computation) {
        if step.name.is_empty() {
            self.wrong(path, "the name is empty: expected a name");
        }
        self.policy_without_state(path, step.policy);
        if step.blocking > 0 && !step.parallel {
            let message = "it is blocking, and neither parallel nor has it a state: expected \
                           a parallel step, where order is given up, or one with a state";
            self.wrong(path, message);
        }
    }

    fn step(&mut self, path: &str, step: &Step) {
        if step.name.is_empty() {
            self.wrong(path, "the name is empty: expected a name");
        }
        self.retry(path, step.retry);
        let mut named = self.application.partitions.iter();
        let Some(partition) = named.find(|known| known.name == step.partition) else {
            let message = format!(
                "there is no partition \"{}\": expected it declared",
                step.partition
            );
            return self.wrong(path, message);
        };
        match (partition.key_kind, &step.keys) {
            (KeyKind::Single, Some(_)) => {
                self.wrong(
                    path,
                    "it has a partition function: expected none, for a single part",
                );
            }
            (KeyKind::Word | KeyKind::Bytes, None) => {
                self.wrong(path, "there is no partition function: expected one");
            }
            _ => {}
        }
        let expected = match partition.key_kind {
            KeyKind::Word => "words",
            KeyKind::Bytes => "bytes",
            KeyKind::Single => return,
        };
        if step.keys.is_some() && step.key_kind.is_some_and(|kind| kind != partition.key_kind) {
            let message =
                format!("its partition function gives keys of another kind: expected {expected}");
            self.wrong(path, message);
        }
    }
}

fn keys_of(kind: KeyKind) -> &'static str {
    match kind {
        KeyKind::Word => "words as keys",
        KeyKind::Bytes => "bytes as keys",
        KeyKind::Single => "a single part",
    }
}
