//! Hosts that are closures, for tests with threads.

use std::sync::atomic::Ordering::SeqCst;
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use super::slots::Slots;
use partita::host::{
    Build, BuildBatch, Compute, Deliver, Host, KeyBatch, Output, Partition, Run, Sleep, Values,
    Verdict,
};
use partita::model::{KeyKind, Policy, Retry, Value};
use partita::topology::{
    self, Application, DeclaredKeys, Pipeline, Sink, SinkKind, Source, Step, Threads,
};

/// A closure that is lent to the engine.
struct Lent<F> {
    slots: Arc<Slots>,
    function: F,
}

fn lend<F>(slots: &Arc<Slots>, function: F) -> Arc<Lent<F>> {
    slots.lend_host();
    Arc::new(Lent {
        slots: slots.clone(),
        function,
    })
}

impl<F: Send + Sync> Host for Lent<F> {
    fn release(&self) {
        self.slots.let_host_go();
    }
}

impl Values for Lent<()> {
    fn drop_values(&self, values: &[Value]) {
        self.slots.take_all(values);
    }

    fn share(&self, values: &[Value], times: usize) {
        self.slots.share(values, times);
    }
}

/// Each state stands for a number, which is 0 at first.
impl Build for Lent<()> {
    fn build(&self, batch: &mut BuildBatch<'_>) -> Verdict {
        (0..batch.len).for_each(|_| batch.states.push(self.slots.give(0)));
        Verdict::Done
    }

    fn drop_states(&self, states: &[Value]) {
        self.drop_values(states);
    }
}

impl<F: Fn(u64) -> u64 + Send + Sync + 'static> Partition for Lent<F> {
    fn keys(&self, batch: &mut KeyBatch<'_>) -> Verdict {
        let data = batch
            .values
            .iter()
            .map(|&value| self.slots.data(value).load(SeqCst));
        batch.words.extend(data.map(&self.function));
        Verdict::Done
    }
}

impl<F: Fn(&mut Run<'_>) -> Verdict + Send + Sync> Compute for Lent<F> {
    fn compute(&self, run: &mut Run<'_>) -> Verdict {
        (self.function)(run)
    }
}

impl<F: Fn(u64) + Send + Sync> Deliver for Lent<F> {
    fn deliver(&self, values: &[Value], done: &mut usize) -> Verdict {
        for &value in values {
            (self.function)(self.slots.take(value));
            *done += 1;
        }
        Verdict::Done
    }
}

/// Where the workers of an application sleep in the host's way, each with a token that ends its sleep.
pub struct Beds(Vec<(Mutex<bool>, Condvar)>);

impl Beds {
    /// Lends an application beds for its workers.
    pub fn lend_to(declared: &mut Application, slots: &Arc<Slots>) {
        let beds = (0..declared.workers).map(|_| Default::default()).collect();
        declared.sleep = Some(lend(slots, Beds(beds)));
    }
}

impl Sleep for Lent<Beds> {
    fn park(&self, worker: usize, most: Option<Duration>) {
        let (token, woken) = &self.function.0[worker];
        let token = token.lock().expect("nobody panics");
        let mut token = match most {
            None => woken
                .wait_while(token, |token| !*token)
                .expect("nobody panics"),
            Some(most) => {
                let waited = woken.wait_timeout_while(token, most, |token| !*token);
                waited.expect("nobody panics").0
            }
        };
        *token = false;
    }

    fn unpark(&self, worker: usize) {
        let (token, woken) = &self.function.0[worker];
        *token.lock().expect("nobody panics") = true;
        woken.notify_one();
    }
}

/// A computation message by message: what a message stands for, and its state, give what its output
/// stands for, if there is one, or a failure.
pub fn each<F>(
    slots: &Arc<Slots>,
    function: F,
) -> impl Fn(&mut Run<'_>) -> Verdict + Send + Sync + use<F>
where
    F: Fn(u64, Value) -> Result<Option<u64>, String> + Send + Sync,
{
    let slots = slots.clone();
    move |run| {
        for index in 0..run.values.len() {
            let value = run.values[index];
            match function(slots.data(value).load(SeqCst), run.states[index]) {
                Err(text) => return Verdict::Failed(text),
                Ok(output) => {
                    slots.take(value);
                    run.outputs.extend(output.map(|data| Output {
                        value: slots.give(data),
                        from: index as u64,
                    }));
                    *run.done += 1;
                }
            }
        }
        Verdict::Done
    }
}

pub fn application(
    workers: u32,
    run_length: u32,
    partitions: Vec<topology::Partition>,
    pipelines: Vec<Pipeline>,
) -> Application {
    Application {
        name: "threads".into(),
        workers,
        threads: Threads::Engine,
        key_groups: 64,
        run_length,
        stack_size: 1 << 20,
        dead_letters: None,
        completions: None,
        log: None,
        sleep: None,
        partitions,
        pipelines,
    }
}

pub fn partition(name: &str, states: &Arc<Slots>, keys: Option<Vec<u64>>) -> topology::Partition {
    topology::Partition {
        name: name.into(),
        key_kind: KeyKind::Word,
        keys: keys.map(DeclaredKeys::Words),
        build: lend(states, ()),
        build_id: 0,
    }
}

pub fn pipeline(
    name: &str,
    messages: &Arc<Slots>,
    credits: u64,
    steps: Vec<Step>,
    sinks: Vec<Sink>,
) -> Pipeline {
    let mut pipeline = Pipeline::new(name.into());
    pipeline.from_source(Source {
        credits,
        values: lend(messages, ()),
        listen: None,
    });
    steps
        .into_iter()
        .for_each(|step| pipeline.to_state_partition(step));
    if sinks.is_empty() {
        pipeline.done();
    }
    sinks.into_iter().for_each(|sink| pipeline.to_sink(sink));
    pipeline
}

pub fn step(
    name: &str,
    partition: &str,
    messages: &Arc<Slots>,
    key: impl Fn(u64) -> u64 + Send + Sync + 'static,
    compute: impl Fn(&mut Run<'_>) -> Verdict + Send + Sync + 'static,
) -> Step {
    Step {
        name: name.into(),
        partition: partition.into(),
        keys: Some(lend(messages, key)),
        key_kind: Some(KeyKind::Word),
        compute: lend(messages, compute),
        values: lend(messages, ()),
        policy: Policy::Stop,
        blocking: 0,
        retry: Retry::default(),
    }
}

pub fn callback(
    name: &str,
    messages: &Arc<Slots>,
    deliver: impl Fn(u64) + Send + Sync + 'static,
) -> Sink {
    Sink {
        name: name.into(),
        policy: Policy::Stop,
        retry: Retry::default(),
        kind: SinkKind::Callback(lend(messages, deliver)),
    }
}

pub fn queue(name: &str, capacity: u64) -> Sink {
    Sink {
        name: name.into(),
        policy: Policy::Stop,
        retry: Retry::default(),
        kind: SinkKind::Queue(capacity),
    }
}
