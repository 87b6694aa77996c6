//! Hosts that are closures, for tests with threads, and slots that account for every value.

use std::sync::atomic::{AtomicI32, AtomicI64, AtomicU64, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use partita::host::{
    Build, BuildBatch, Compute, Deliver, Host, KeyBatch, Output, Partition, Run, Sleep, Values,
    Verdict,
};
use partita::model::{KeyKind, Policy, Value};
use partita::topology::{
    self, Application, DeclaredKeys, Pipeline, Sink, SinkKind, Source, Step, Threads,
};

/// What the values stand for, and how often the engine owes each. A test gets one for its messages
/// and one for its states.
pub struct Slots {
    data: Box<[AtomicU64]>,
    due: Box<[AtomicI32]>,
    next: AtomicUsize,
    outstanding: AtomicI64,
    most: AtomicI64,
    /// Values that were handed back once too often.
    wrong: AtomicUsize,
    lent: AtomicUsize,
    released: AtomicUsize,
}

impl Slots {
    pub fn new(capacity: usize) -> Arc<Slots> {
        Arc::new(Slots {
            data: (0..capacity).map(|_| AtomicU64::new(0)).collect(),
            due: (0..capacity).map(|_| AtomicI32::new(0)).collect(),
            next: AtomicUsize::new(0),
            outstanding: AtomicI64::new(0),
            most: AtomicI64::new(0),
            wrong: AtomicUsize::new(0),
            lent: AtomicUsize::new(0),
            released: AtomicUsize::new(0),
        })
    }

    /// The engine gets a value, to hand it back once.
    pub fn give(&self, data: u64) -> Value {
        let slot = self.next.fetch_add(1, SeqCst);
        self.data[slot].store(data, SeqCst);
        self.due[slot].store(1, SeqCst);
        let outstanding = self.outstanding.fetch_add(1, SeqCst) + 1;
        self.most.fetch_max(outstanding, SeqCst);
        Value(slot as u64)
    }

    /// The engine hands a value back.
    pub fn take(&self, value: Value) -> u64 {
        let slot = value.0 as usize;
        let due = self.due[slot].fetch_sub(1, SeqCst);
        self.wrong.fetch_add(usize::from(due < 1), SeqCst);
        self.outstanding.fetch_sub(1, SeqCst);
        self.data[slot].load(SeqCst)
    }

    pub fn take_all(&self, values: &[Value]) {
        for &value in values {
            self.take(value);
        }
    }

    pub fn data(&self, value: Value) -> &AtomicU64 {
        &self.data[value.0 as usize]
    }

    pub fn outstanding(&self) -> i64 {
        self.outstanding.load(SeqCst)
    }

    /// The most that were outstanding at one time.
    pub fn most(&self) -> i64 {
        self.most.load(SeqCst)
    }

    /// Everything was handed back exactly as often as it should, and every host let go once.
    #[track_caller]
    pub fn assert_all_is_back(&self) {
        assert_eq!(
            self.wrong.load(SeqCst),
            0,
            "values were handed back once too often"
        );
        assert_eq!(self.outstanding(), 0, "values were not handed back");
        assert!(self.due.iter().all(|due| due.load(SeqCst) == 0));
        assert_eq!(
            self.released.load(SeqCst),
            self.lent.load(SeqCst),
            "hosts let go"
        );
    }
}

/// A closure that is lent to the engine.
struct Lent<F> {
    slots: Arc<Slots>,
    function: F,
}

fn lend<F>(slots: &Arc<Slots>, function: F) -> Arc<Lent<F>> {
    slots.lent.fetch_add(1, SeqCst);
    Arc::new(Lent {
        slots: slots.clone(),
        function,
    })
}

impl<F: Send + Sync> Host for Lent<F> {
    fn release(&self) {
        self.slots.released.fetch_add(1, SeqCst);
    }
}

impl Values for Lent<()> {
    fn drop_values(&self, values: &[Value]) {
        self.slots.take_all(values);
    }

    fn share(&self, values: &[Value], times: usize) {
        let more = times as i32 - 1;
        for value in values {
            self.slots.due[value.0 as usize].fetch_add(more, SeqCst);
        }
        self.slots
            .outstanding
            .fetch_add(i64::from(more) * values.len() as i64, SeqCst);
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

impl<F: Fn(u64) -> u64 + Send + Sync> Partition for Lent<F> {
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
        kind: SinkKind::Callback(lend(messages, deliver)),
    }
}

pub fn queue(name: &str, capacity: u64) -> Sink {
    Sink {
        name: name.into(),
        policy: Policy::Stop,
        kind: SinkKind::Queue(capacity),
    }
}
