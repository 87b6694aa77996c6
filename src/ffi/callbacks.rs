//! The host's traits, implemented with function pointers.

use std::ffi::c_void;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use super::chain::ChainFunction;
use super::completion::{reason_of, text_of};
use super::entry::lent;
use super::frame::{self, Frame, Text};
use super::later::Unanswered;
use super::loan::Loan;
use super::slab::Slab;
use super::status::*;
use super::types::*;
use crate::host::{
    Answer, Build, BuildBatch, Clock, Completion, Completions, Compute, DELETE, DeadLetter,
    DeadLetters, Deliver, Host, KeyBatch, Output, Partition, Run, RunKeys, Sleep, Values, Verdict,
};
use crate::model::{Key, KeyKind, Value};

/// A host pointer, released once.
pub(super) struct HostPointer {
    pub(super) host: *mut c_void,
    drop_host: partita_drop_host_fn,
    released: AtomicBool,
}

// SAFETY: the header says that callbacks with this pointer come from any thread.
unsafe impl Send for HostPointer {}
// SAFETY: as above.
unsafe impl Sync for HostPointer {}

impl HostPointer {
    pub(super) fn new(host: *mut c_void, drop_host: partita_drop_host_fn) -> Arc<HostPointer> {
        Arc::new(HostPointer {
            host,
            drop_host,
            released: AtomicBool::new(false),
        })
    }

    pub(super) fn release(&self) {
        if let Some(drop_host) = self.drop_host
            && !self.released.swap(true, Ordering::AcqRel)
        {
            // SAFETY: it is the host's own function, called once with its own pointer.
            unsafe { drop_host(self.host) }
        }
    }
}

impl Drop for HostPointer {
    fn drop(&mut self) {
        self.release();
    }
}

/// The values as C sees them.
pub(super) fn values_of(values: &[Value]) -> *const partita_value {
    values.as_ptr().cast()
}

pub(super) fn value_of(value: Value) -> partita_value {
    partita_value { word: value.0 }
}

/// Who takes values back.
pub(super) struct ValuesHost {
    pub(super) host: Arc<HostPointer>,
    pub(super) drop: partita_drop_fn,
    pub(super) share: partita_share_fn,
}

impl Host for ValuesHost {
    fn release(&self) {
        self.host.release();
    }
}

impl Values for ValuesHost {
    fn drop_values(&self, values: &[Value]) {
        if let Some(drop) = self.drop {
            // SAFETY: the values are lent for the call.
            unsafe { drop(self.host.host, values_of(values), values.len()) }
        }
    }

    fn share(&self, values: &[Value], times: usize) {
        if let Some(share) = self.share {
            // SAFETY: the values are lent for the call.
            unsafe { share(self.host.host, values_of(values), values.len(), times) }
        }
    }
}

/// How workers sleep.
pub(super) struct SleepHost {
    pub(super) host: Arc<HostPointer>,
    pub(super) park: unsafe extern "C" fn(*mut c_void, u32, i64),
    pub(super) unpark: unsafe extern "C" fn(*mut c_void, u32),
    /// Whether the host may be called no more: senders are told of room on any thread, at any time.
    released: RwLock<bool>,
}

impl SleepHost {
    pub(super) fn new(
        host: Arc<HostPointer>,
        park: unsafe extern "C" fn(*mut c_void, u32, i64),
        unpark: unsafe extern "C" fn(*mut c_void, u32),
    ) -> SleepHost {
        SleepHost {
            host,
            park,
            unpark,
            released: RwLock::new(false),
        }
    }
}

impl Host for SleepHost {
    fn release(&self) {
        *self
            .released
            .write()
            .unwrap_or_else(PoisonError::into_inner) = true;
        self.host.release();
    }
}

impl Sleep for SleepHost {
    fn park(&self, worker: usize, most: Option<Duration>) {
        let timeout_ns = most.map_or(PARTITA_FOREVER, |most| most.as_nanos() as i64);
        // SAFETY: it is the host's own function, called with its own pointer.
        unsafe { (self.park)(self.host.host, worker as u32, timeout_ns) }
    }

    fn unpark(&self, worker: usize) {
        let released = self.released.read().unwrap_or_else(PoisonError::into_inner);
        if !*released {
            // SAFETY: it is the host's own function, called with its own pointer.
            unsafe { (self.unpark)(self.host.host, worker as u32) }
        }
    }
}

/// Tells the time.
pub(super) struct ClockHost {
    pub(super) host: Arc<HostPointer>,
    pub(super) now: unsafe extern "C" fn(*mut c_void) -> i64,
}

impl Host for ClockHost {
    fn release(&self) {
        self.host.release();
    }
}

impl Clock for ClockHost {
    fn now(&self) -> Duration {
        // SAFETY: it is the host's own function, called with its own pointer.
        let now = unsafe { (self.now)(self.host.host) };
        Duration::from_nanos(now.max(0) as u64)
    }
}

/// A partition function in one of its forms.
pub(super) enum KeysForm {
    Many(unsafe extern "C" fn(*mut c_void, *mut partita_keys) -> partita_status),
    Word(unsafe extern "C" fn(*mut c_void, partita_value) -> u64),
    Bytes(unsafe extern "C" fn(*mut c_void, partita_value) -> partita_bytes),
}

pub(super) struct KeysHost {
    pub(super) host: Arc<HostPointer>,
    /// What finds its keys as well, at the end of a chain of stateless steps.
    pub(super) chain: Option<ChainFunction>,
    pub(super) form: KeysForm,
}

impl Host for KeysHost {
    fn release(&self) {
        self.host.release();
    }
}

/// A call for many keys.
struct KeysFrame<'a, 'b> {
    lent: partita_keys,
    batch: &'a mut KeyBatch<'b>,
    loan: Loan,
}

impl Frame for KeysFrame<'_, '_> {
    fn settle(&mut self) -> Result<(), String> {
        let taken = self.take();
        self.loan.end();
        taken
    }
}

impl KeysFrame<'_, '_> {
    /// Takes what was written.
    fn take(&mut self) -> Result<(), String> {
        let (done, len) = (self.lent.done, self.batch.values.len());
        if done > len {
            return Err(format!("it claims {done} keys of {len} messages"));
        }
        if self.batch.kind != KeyKind::Bytes {
            // SAFETY: there is room for `len` words, and the host says that it wrote `done`.
            unsafe { self.batch.words.set_len(done) };
            return Ok(());
        }
        for key in &self.loan.keys[..done] {
            let key = bytes_of(*key)?;
            self.batch.bytes.push(key);
        }
        Ok(())
    }
}

/// The bytes of a key that a host gave.
pub(super) fn bytes_of<'a>(key: partita_bytes) -> Result<&'a [u8], String> {
    // SAFETY: the header asks that the bytes be readable until they are copied, which is at once.
    unsafe { super::entry::slice(key.ptr, key.len) }
        .map_err(|_| format!("a key of {} bytes is NULL or of impossible length", key.len))
}

impl KeysHost {
    fn many(
        &self,
        function: unsafe extern "C" fn(*mut c_void, *mut partita_keys) -> partita_status,
        batch: &mut KeyBatch<'_>,
    ) -> Verdict {
        let len = batch.values.len();
        let mut text = Text::new();
        let mut loan = Loan::default();
        let (words, keys) = if batch.kind == KeyKind::Bytes {
            loan = Loan::for_keys(len);
            (std::ptr::null_mut(), loan.keys.as_mut_ptr())
        } else {
            batch.words.reserve(len);
            (batch.words.as_mut_ptr(), std::ptr::null_mut())
        };
        let lent = partita_keys {
            size: size_of::<partita_keys>(),
            len,
            values: values_of(batch.values),
            words,
            bytes: keys,
            scratch: loan.scratch.as_mut_ptr(),
            scratch_len: loan.scratch.capacity(),
            done: 0,
            failure: text.lend(),
        };
        let mut frame = KeysFrame { lent, batch, loan };
        frame::call(
            &mut frame,
            &text,
            // SAFETY: all that is lent lives for the call.
            |frame| unsafe { function(self.host.host, &raw mut (*frame).lent) },
            |frame| frame.lent.failure.len,
        )
    }
}

impl Partition for KeysHost {
    fn keys(&self, batch: &mut KeyBatch<'_>) -> Verdict {
        let host = self.host.host;
        match self.form {
            KeysForm::Many(function) => self.many(function, batch),
            KeysForm::Word(function) => {
                let values = batch.values.iter();
                // SAFETY: the value is the host's own.
                batch
                    .words
                    .extend(values.map(|&value| unsafe { function(host, value_of(value)) }));
                Verdict::Done
            }
            KeysForm::Bytes(function) => {
                for &value in batch.values {
                    // SAFETY: the value is the host's own.
                    match bytes_of(unsafe { function(host, value_of(value)) }) {
                        Ok(key) => batch.bytes.push(key),
                        Err(text) => return Verdict::Failed(text),
                    }
                }
                Verdict::Done
            }
        }
    }
}

/// A computation in one of its forms.
pub(super) enum ComputeForm {
    Many(RunFunction),
    One(ComputeFunction),
}

/// A function that computes one message.
type RunFunction = unsafe extern "C" fn(*mut c_void, *mut partita_run) -> partita_status;
pub(super) type ComputeFunction =
    unsafe extern "C" fn(*mut c_void, partita_value, partita_value, *mut partita_emitter) -> i32;

pub(super) struct ComputeHost {
    pub(super) host: Arc<HostPointer>,
    pub(super) form: ComputeForm,
    pub(super) drop: partita_drop_fn,
}

impl Host for ComputeHost {
    fn release(&self) {
        self.host.release();
    }
}

/// A call for a run.
pub(super) struct RunFrame {
    lent: partita_run,
    /// These are the engine's, and lent for the call.
    outputs: *mut Vec<Output>,
    done: *mut usize,
    loan: Loan,
}

impl RunFrame {
    /// Makes room for at least `capacity` outputs.
    pub(super) fn reserve(&mut self, capacity: usize) -> Result<(), partita_status> {
        // SAFETY: it is lent for the call, which is not over.
        let outputs = unsafe { &mut *self.outputs };
        let written = self.lent.outputs_len;
        if written > outputs.capacity() || capacity > isize::MAX as usize / size_of::<Output>() {
            return Err(PARTITA_INVALID_ARGUMENT);
        }
        // SAFETY: there is room for them, and the host says that it wrote them.
        unsafe { outputs.set_len(written) };
        outputs
            .try_reserve(capacity.saturating_sub(written))
            .map_err(|_| PARTITA_INVALID_ARGUMENT)?;
        self.lent.outputs = outputs.as_mut_ptr().cast();
        self.lent.outputs_capacity = outputs.capacity();
        Ok(())
    }
}

impl Frame for RunFrame {
    fn settle(&mut self) -> Result<(), String> {
        self.loan.end();
        // SAFETY: they are lent for the call, which is just over.
        let (outputs, done) = unsafe { (&mut *self.outputs, &mut *self.done) };
        *done = self.lent.done;
        let (written, capacity) = (self.lent.outputs_len, outputs.capacity());
        if written > capacity {
            return Err(format!("it claims {written} outputs where {capacity} fit"));
        }
        // SAFETY: there is room for them, and the host says that it wrote them.
        unsafe { outputs.set_len(written) };
        Ok(())
    }
}

/// The keys of a run as C sees them.
fn keys_of(keys: RunKeys<'_>, len: usize) -> (*const u64, Loan) {
    match keys {
        RunKeys::Single => (std::ptr::null(), Loan::default()),
        RunKeys::Words(words) => (words.as_ptr(), Loan::default()),
        RunKeys::Bytes(bytes, start) => {
            let mut loan = Loan::take();
            let keys = (start..start + len).map(|index| bytes.get(index));
            loan.keys.extend(keys.map(|key| partita_bytes {
                ptr: key.as_ptr(),
                len: key.len(),
            }));
            (std::ptr::null(), loan)
        }
    }
}

fn pointer_unless_empty<T>(items: &[T]) -> *const T {
    if items.is_empty() {
        std::ptr::null()
    } else {
        items.as_ptr()
    }
}

impl ComputeHost {
    fn many(&self, function: RunFunction, batch: &mut Run<'_>) -> Verdict {
        if batch.later.is_some() {
            return self.many_later(function, batch);
        }
        let mut text = Text::new();
        let mut frame = RunFrame::new(batch);
        frame.lend_text(&mut text);
        frame::call(
            &mut frame,
            &text,
            // SAFETY: all that is lent lives for the call.
            |frame| unsafe { function(self.host.host, RunFrame::lent(frame)) },
            RunFrame::written,
        )
    }

    /// As `many`, with a run that lives until it is answered.
    fn many_later(&self, function: RunFunction, batch: &mut Run<'_>) -> Verdict {
        let mut frame = RunFrame::new(batch);
        frame.lent.later = 1;
        let run = Unanswered::new(frame);
        // SAFETY: all that is lent lives until the run is answered.
        let status = run.hand(|lent| unsafe { function(self.host.host, lent) });
        match &mut batch.later {
            Some(later) if status == PARTITA_LATER => {
                **later = true;
                run.take_out();
                Verdict::Done
            }
            _ => run.answer(status),
        }
    }
}

impl RunFrame {
    fn new(batch: &mut Run<'_>) -> RunFrame {
        let (words, loan) = keys_of(batch.keys, batch.values.len());
        let lent = partita_run {
            size: size_of::<partita_run>(),
            kind: PARTITA_RUN_DATA,
            step: batch.step,
            len: batch.values.len(),
            values: values_of(batch.values),
            states: values_of(batch.states),
            word_keys: words,
            byte_keys: pointer_unless_empty(&loan.keys),
            times: std::ptr::null(),
            outputs: batch.outputs.as_mut_ptr().cast(),
            outputs_capacity: batch.outputs.capacity(),
            outputs_len: 0,
            flags: batch.flags.as_mut_ptr(),
            done: 0,
            failure: partita_failure {
                text: std::ptr::null_mut(),
                capacity: 0,
                len: 0,
            },
            engine: std::ptr::null_mut(),
            later: 0,
        };
        RunFrame {
            lent,
            outputs: &raw mut *batch.outputs,
            done: &raw mut *batch.done,
            loan,
        }
    }

    /// Lends memory for the reason of a failure.
    pub(super) fn lend_text(&mut self, text: &mut Text) {
        self.lent.failure = text.lend();
    }

    /// What the host gets, which leads back to the frame.
    pub(super) fn lent(frame: *mut RunFrame) -> *mut partita_run {
        // SAFETY: the frame lives, and nobody else uses it.
        unsafe {
            (*frame).lent.engine = frame.cast();
            &raw mut (*frame).lent
        }
    }

    /// How much of the reason of a failure was written.
    pub(super) fn written(&self) -> usize {
        self.lent.failure.len
    }
}

impl ComputeHost {
    fn one(&self, function: ComputeFunction, batch: &mut Run<'_>) -> Verdict {
        let each = EachMessage {
            host: self.host.host,
            function,
            drop: self.drop,
        };
        let states = batch.states;
        let state = |index: usize| value_of(states[index]);
        let flags = &mut *batch.flags;
        each.run(
            batch.values,
            state,
            batch.outputs,
            batch.done,
            |index, answer| match u8::try_from(answer) {
                Ok(answer) if answer & !(PARTITA_CHANGED | PARTITA_DELETE) == 0 => {
                    flags[index] = answer;
                    Ok(answer & DELETE != 0)
                }
                _ => Err(format!("it answered {answer}: expected flags")),
            },
        )
    }
}

/// A function that computes one message, called for each of many.
pub(super) struct EachMessage {
    pub(super) host: *mut c_void,
    pub(super) function: ComputeFunction,
    pub(super) drop: partita_drop_fn,
}

impl EachMessage {
    /// Computes messages until one fails, or outputs are as many as there is room for. `answered` judges
    /// the answers that are none of a failure: tells whether the message is the last one, or what is wrong.
    pub(super) fn run(
        &self,
        values: &[Value],
        state: impl Fn(usize) -> partita_value,
        outputs: &mut Vec<Output>,
        done: &mut usize,
        mut answered: impl FnMut(usize, i32) -> Result<bool, String>,
    ) -> Verdict {
        let room = outputs.capacity();
        let mut emitter = partita_emitter {
            outputs: std::mem::take(outputs),
            from: 0,
            failure: String::new(),
        };
        let verdict = loop {
            let index = *done;
            if index == values.len() || emitter.outputs.len() >= room {
                break Verdict::Done;
            }
            emitter.from = index as u64;
            let data = value_of(values[index]);
            // SAFETY: the values are the host's own, and the emitter lives for the call.
            let answer =
                unsafe { (self.function)(self.host, data, state(index), &raw mut emitter) };
            if answer == PARTITA_COMPUTE_FAILED {
                self.take_back(&mut emitter, index as u64, values[index]);
                break Verdict::Failed(std::mem::take(&mut emitter.failure));
            }
            *done += 1;
            match answered(index, answer) {
                Ok(false) => {}
                Ok(true) => break Verdict::Done,
                Err(wrong) => break Verdict::Contract(wrong),
            }
        };
        *outputs = emitter.outputs;
        verdict
    }

    /// Hands back what a message emitted before it failed; the message itself, should it be among
    /// that, stays the engine's.
    fn take_back(&self, emitter: &mut partita_emitter, from: u64, message: Value) {
        let start = emitter.outputs.partition_point(|output| output.from < from);
        let values = emitter.outputs.drain(start..).map(|output| output.value);
        let mut values: Vec<Value> = values.collect();
        if let Some(itself) = values.iter().position(|&value| value == message) {
            values.remove(itself);
        }
        if let Some(drop) = self.drop
            && !values.is_empty()
        {
            // SAFETY: the values are lent for the call.
            unsafe { drop(self.host, values_of(&values), values.len()) }
        }
    }
}

impl Compute for ComputeHost {
    fn compute(&self, run: &mut Run<'_>) -> Verdict {
        match self.form {
            ComputeForm::Many(function) => self.many(function, run),
            ComputeForm::One(function) => self.one(function, run),
        }
    }
}

/// States that are the host's own.
pub(super) struct BuildHost {
    pub(super) host: Arc<HostPointer>,
    pub(super) build: unsafe extern "C" fn(*mut c_void, *mut partita_build) -> partita_status,
    pub(super) drop: partita_drop_fn,
}

impl Host for BuildHost {
    fn release(&self) {
        self.host.release();
    }
}

/// A call for new states.
struct BuildFrame<'a, 'b> {
    lent: partita_build,
    batch: &'a mut BuildBatch<'b>,
    loan: Loan,
}

impl Frame for BuildFrame<'_, '_> {
    fn settle(&mut self) -> Result<(), String> {
        self.loan.end();
        let (done, len) = (self.lent.done, self.batch.len);
        if done > len {
            return Err(format!("it claims {done} states of {len}"));
        }
        // SAFETY: there is room for `len` states, and the host says that it wrote `done`.
        unsafe { self.batch.states.set_len(done) };
        Ok(())
    }
}

impl Build for BuildHost {
    fn build(&self, batch: &mut BuildBatch<'_>) -> Verdict {
        let mut text = Text::new();
        let (words, loan) = keys_of(batch.keys, batch.len);
        batch.states.reserve(batch.len);
        let lent = partita_build {
            size: size_of::<partita_build>(),
            len: batch.len,
            word_keys: words,
            byte_keys: pointer_unless_empty(&loan.keys),
            states: batch.states.as_mut_ptr().cast(),
            done: 0,
            failure: text.lend(),
        };
        let mut frame = BuildFrame { lent, batch, loan };
        frame::call(
            &mut frame,
            &text,
            // SAFETY: all that is lent lives for the call.
            |frame| unsafe { (self.build)(self.host.host, &raw mut (*frame).lent) },
            |frame| frame.lent.failure.len,
        )
    }

    fn drop_states(&self, states: &[Value]) {
        if let Some(drop) = self.drop {
            // SAFETY: the states are lent for the call.
            unsafe { drop(self.host.host, values_of(states), states.len()) }
        }
    }
}

/// States in memory of the engine's.
pub(super) struct OwnedBuild {
    pub(super) host: Arc<HostPointer>,
    pub(super) slab: Slab,
    pub(super) init: partita_state_init_fn,
    pub(super) drop: partita_state_drop_fn,
}

impl Host for OwnedBuild {
    fn release(&self) {
        self.host.release();
    }
}

impl OwnedBuild {
    fn init(&self, place: NonNull<u8>) -> Result<Value, String> {
        if let Some(init) = self.init {
            // SAFETY: the memory is as large and aligned as the host asked.
            let status = unsafe { init(self.host.host, place.as_ptr().cast()) };
            if status != PARTITA_OK {
                return Err(format!("state_init answered the status {status}"));
            }
        }
        Ok(Value(place.as_ptr().expose_provenance() as u64))
    }
}

impl Build for OwnedBuild {
    fn build(&self, batch: &mut BuildBatch<'_>) -> Verdict {
        let mut places = Vec::new();
        self.slab.take(batch.len - batch.states.len(), &mut places);
        for (index, &place) in places.iter().enumerate() {
            match self.init(place) {
                Ok(state) => batch.states.push(state),
                Err(text) => {
                    self.slab.give(places[index..].iter().copied());
                    return Verdict::Failed(text);
                }
            }
        }
        if batch.states.len() < batch.len {
            let bytes = self.slab.size();
            return Verdict::Failed(format!("{bytes} bytes for a state cannot be had"));
        }
        Verdict::Done
    }

    fn drop_states(&self, states: &[Value]) {
        let places = states.iter().filter_map(|state| {
            let place: *mut u8 = std::ptr::with_exposed_provenance_mut(state.0 as usize);
            if let Some(drop) = self.drop {
                // SAFETY: the state was made by `init` and is handed back once.
                unsafe { drop(self.host.host, place.cast()) }
            }
            NonNull::new(place)
        });
        // The host is called before the slab's lock is taken.
        let places: Vec<_> = places.collect();
        self.slab.give(places);
    }
}

/// A sink that is a callback.
pub(super) struct DeliverHost {
    pub(super) host: Arc<HostPointer>,
    pub(super) deliver: unsafe extern "C" fn(*mut c_void, *mut partita_delivery) -> partita_status,
}

impl Host for DeliverHost {
    fn release(&self) {
        self.host.release();
    }
}

/// A call to a sink.
struct DeliveryFrame<'a> {
    lent: partita_delivery,
    done: &'a mut usize,
}

impl Frame for DeliveryFrame<'_> {
    fn settle(&mut self) -> Result<(), String> {
        *self.done = self.lent.done;
        Ok(())
    }
}

impl Deliver for DeliverHost {
    fn deliver(&self, values: &[Value], done: &mut usize) -> Verdict {
        let mut text = Text::new();
        let lent = partita_delivery {
            size: size_of::<partita_delivery>(),
            len: values.len(),
            values: values_of(values),
            done: 0,
            failure: text.lend(),
        };
        let mut frame = DeliveryFrame { lent, done };
        frame::call(
            &mut frame,
            &text,
            // SAFETY: all that is lent lives for the call.
            |frame| unsafe { (self.deliver)(self.host.host, &raw mut (*frame).lent) },
            |frame| frame.lent.failure.len,
        )
    }
}

/// A sink that answers callers.
pub(super) struct AnswerHost {
    pub(super) host: Arc<HostPointer>,
    pub(super) answer: unsafe extern "C" fn(*mut c_void, *mut partita_answers) -> partita_status,
}

impl Host for AnswerHost {
    fn release(&self) {
        self.host.release();
    }
}

/// A call to a sink that answers callers.
struct AnswersFrame<'a> {
    lent: partita_answers,
    done: &'a mut usize,
}

impl Frame for AnswersFrame<'_> {
    fn settle(&mut self) -> Result<(), String> {
        *self.done = self.lent.done;
        Ok(())
    }
}

impl Answer for AnswerHost {
    fn answer(&self, values: &[Value], tokens: &[u64], done: &mut usize) -> Verdict {
        let mut text = Text::new();
        let lent = partita_answers {
            size: size_of::<partita_answers>(),
            len: values.len(),
            values: values_of(values),
            tokens: tokens.as_ptr(),
            done: 0,
            failure: text.lend(),
        };
        let mut frame = AnswersFrame { lent, done };
        frame::call(
            &mut frame,
            &text,
            // SAFETY: all that is lent lives for the call.
            |frame| unsafe { (self.answer)(self.host.host, &raw mut (*frame).lent) },
            |frame| frame.lent.failure.len,
        )
    }
}

/// What learns of completions.
pub(super) struct CompletionsHost {
    pub(super) host: Arc<HostPointer>,
    pub(super) completed:
        unsafe extern "C" fn(*mut c_void, *mut partita_completed) -> partita_status,
}

impl Host for CompletionsHost {
    fn release(&self) {
        self.host.release();
    }
}

/// A call with completions.
struct CompletedFrame {
    lent: partita_completed,
    completions: Vec<partita_completion>,
}

impl Frame for CompletedFrame {
    fn settle(&mut self) -> Result<(), String> {
        // Here, for a call that will not return.
        self.completions = Vec::new();
        Ok(())
    }
}

impl Completions for CompletionsHost {
    fn completed(&self, completions: &[Completion]) -> Verdict {
        let mut text = Text::new();
        let completions = completions.iter().map(|completion| partita_completion {
            token: completion.token,
            dead: completion.dead,
            reason: reason_of(completion),
            text: lent(text_of(completion)),
        });
        let completions: Vec<partita_completion> = completions.collect();
        let lent = partita_completed {
            size: size_of::<partita_completed>(),
            len: completions.len(),
            completions: completions.as_ptr(),
            completion_size: size_of::<partita_completion>(),
            failure: text.lend(),
        };
        let mut frame = CompletedFrame { lent, completions };
        frame::call(
            &mut frame,
            &text,
            // SAFETY: all that is lent lives for the call.
            |frame| unsafe { (self.completed)(self.host.host, &raw mut (*frame).lent) },
            |frame| frame.lent.failure.len,
        )
    }
}

/// The dead-letter handler.
pub(super) struct DeadLettersHost {
    pub(super) host: Arc<HostPointer>,
    pub(super) handle:
        unsafe extern "C" fn(*mut c_void, *mut partita_dead_letters) -> partita_status,
}

impl Host for DeadLettersHost {
    fn release(&self) {
        self.host.release();
    }
}

/// A call to the dead-letter handler.
struct LettersFrame<'a> {
    lent: partita_dead_letters,
    letters: Vec<partita_dead_letter>,
    done: &'a mut usize,
}

impl Frame for LettersFrame<'_> {
    fn settle(&mut self) -> Result<(), String> {
        // Here, for a call that will not return.
        self.letters = Vec::new();
        *self.done = self.lent.done;
        Ok(())
    }
}

fn letter_of(letter: &DeadLetter) -> partita_dead_letter {
    let (has_key, word_key, byte_key) = match &letter.key {
        Some(Key::Word(word)) => (1, *word, &[][..]),
        Some(Key::Bytes(bytes)) => (1, 0, &**bytes),
        Some(Key::Single) | None => (0, 0, &[][..]),
    };
    partita_dead_letter {
        value: value_of(letter.value),
        reason: letter.reason as u32,
        has_key,
        word_key,
        byte_key: partita_bytes {
            ptr: pointer_unless_empty(byte_key),
            len: byte_key.len(),
        },
        stage: letter.stage as u64,
        path: lent(&letter.path),
        text: lent(&letter.text),
        frame: partita_bytes {
            ptr: pointer_unless_empty(letter.frame.as_deref().unwrap_or_default()),
            len: letter.frame.as_ref().map_or(0, |frame| frame.len()),
        },
    }
}

impl DeadLetters for DeadLettersHost {
    fn handle(&self, letters: &[DeadLetter], done: &mut usize) -> Verdict {
        let mut text = Text::new();
        let letters: Vec<partita_dead_letter> = letters.iter().map(letter_of).collect();
        let lent = partita_dead_letters {
            size: size_of::<partita_dead_letters>(),
            len: letters.len(),
            letters: letters.as_ptr(),
            letter_size: size_of::<partita_dead_letter>(),
            done: 0,
            failure: text.lend(),
        };
        let mut frame = LettersFrame {
            lent,
            letters,
            done,
        };
        frame::call(
            &mut frame,
            &text,
            // SAFETY: all that is lent lives for the call.
            |frame| unsafe { (self.handle)(self.host.host, &raw mut (*frame).lent) },
            |frame| frame.lent.failure.len,
        )
    }
}
