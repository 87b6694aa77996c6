//! Stateless computations, implemented with function pointers: one message at a time, or many through
//! several steps in one call.

use std::any::Any;
use std::collections::TryReserveError;
use std::ffi::c_void;
use std::sync::Arc;

use super::callbacks::{EachMessage, HostPointer, KeysHost, bytes_of, value_of, values_of};
use super::entry::entry;
use super::frame::{self, Frame, Text};
use super::loan::Loan;
use super::status::*;
use super::types::*;
use crate::host::{ChainRun, Fallen, Fused, Host, Output, Partition, Transform, Verdict};
use crate::model::{KeyKind, Value};

/// A function that runs many messages through several steps.
pub(super) type ChainFunction =
    unsafe extern "C" fn(host: *mut c_void, chain: *mut partita_chain) -> partita_status;

/// A stateless computation in one of its forms.
pub(super) enum TransformForm {
    Many(ChainFunction),
    One(super::callbacks::ComputeFunction),
}

pub(super) struct TransformHost {
    pub(super) host: Arc<HostPointer>,
    pub(super) form: TransformForm,
    pub(super) drop: partita_drop_fn,
}

impl Host for TransformHost {
    fn release(&self) {
        self.host.release();
    }
}

impl TransformHost {
    fn has(&self, function: ChainFunction) -> bool {
        matches!(self.form, TransformForm::Many(own) if same(own, function))
    }
}

fn same(one: ChainFunction, other: ChainFunction) -> bool {
    std::ptr::fn_addr_eq(one, other)
}

impl Transform for TransformHost {
    fn transform(&self, run: &mut ChainRun<'_>) -> Verdict {
        match self.form {
            TransformForm::Many(function) => call(function, &[self.host.host], run),
            TransformForm::One(function) => self.one(function, run),
        }
    }

    fn fuse(
        &self,
        behind: &[Arc<dyn Transform>],
        keys: Option<&Arc<dyn Partition>>,
    ) -> Option<Fused> {
        let TransformForm::Many(function) = self.form else {
            return None;
        };
        let mut hosts = vec![self.host.clone()];
        let others = behind.iter().map_while(|step| {
            let step: &dyn Any = &**step;
            let step = step.downcast_ref::<TransformHost>();
            step.filter(|step| step.has(function))
        });
        hosts.extend(others.map(|step| step.host.clone()));
        let steps = hosts.len();
        let keys = keys.filter(|_| steps == behind.len() + 1).and_then(|keys| {
            let keys: &dyn Any = &**keys;
            let keys = keys.downcast_ref::<KeysHost>();
            keys.filter(|keys| keys.chain.is_some_and(|own| same(own, function)))
        });
        hosts.extend(keys.map(|keys| keys.host.clone()));
        Some(Fused {
            run: Arc::new(FusedHost {
                function,
                pointers: hosts.iter().map(|host| host.host).collect(),
                _hosts: hosts,
            }),
            steps,
            keys: keys.is_some(),
        })
    }
}

impl TransformHost {
    fn one(&self, function: super::callbacks::ComputeFunction, run: &mut ChainRun<'_>) -> Verdict {
        let each = EachMessage {
            host: self.host.host,
            function,
            drop: self.drop,
        };
        let no_state = |_| partita_value { word: 0 };
        let done = &mut run.completed[0];
        each.run(
            run.values,
            no_state,
            run.outputs,
            done,
            |_, answer| match answer {
                0 => Ok(false),
                _ => Err(format!(
                    "it answered {answer}: expected 0, for it has no state"
                )),
            },
        )
    }
}

/// Steps that are run in one call.
struct FusedHost {
    function: ChainFunction,
    /// The host of each, and that of the partition function behind them if it finds keys.
    pointers: Box<[*mut c_void]>,
    /// What the pointers are of.
    _hosts: Vec<Arc<HostPointer>>,
}

// SAFETY: the header says that callbacks with these pointers come from any thread.
unsafe impl Send for FusedHost {}
// SAFETY: as above.
unsafe impl Sync for FusedHost {}

impl Host for FusedHost {}

impl Transform for FusedHost {
    fn transform(&self, run: &mut ChainRun<'_>) -> Verdict {
        call(self.function, &self.pointers, run)
    }
}

/// A call for many messages.
struct ChainFrame<'a, 'b> {
    lent: partita_chain,
    run: &'a mut ChainRun<'b>,
    loan: Loan,
}

impl ChainFrame<'_, '_> {
    /// Makes room for at least `capacity` outputs, and as many keys.
    fn reserve(&mut self, capacity: usize) -> Result<(), partita_status> {
        let outputs = &mut self.run.outputs;
        let written = self.lent.outputs_len;
        if written > outputs.capacity() || capacity > isize::MAX as usize / size_of::<Output>() {
            return Err(PARTITA_INVALID_ARGUMENT);
        }
        // SAFETY: there is room for them, and the host says that it wrote them.
        unsafe { outputs.set_len(written) };
        outputs
            .try_reserve(capacity.saturating_sub(written))
            .map_err(|_| PARTITA_INVALID_ARGUMENT)?;
        match self.make_room_for_keys() {
            Ok(()) => {
                self.lend_outputs();
                Ok(())
            }
            Err(_) => {
                // They may have been moved; that there is room for more of them is not told.
                self.lent.outputs = self.run.outputs.as_mut_ptr().cast();
                Err(PARTITA_INVALID_ARGUMENT)
            }
        }
    }

    /// Makes room for the keys of as many outputs as fit, if there is memory.
    fn make_room_for_keys(&mut self) -> Result<(), TryReserveError> {
        let capacity = self.run.outputs.capacity();
        match self.run.kind {
            Some(KeyKind::Word) => {
                let found = self.keep_words();
                let more = capacity - found.min(capacity);
                self.run.words.try_reserve(more)
            }
            Some(KeyKind::Bytes) => self.loan.try_fit(capacity),
            _ => Ok(()),
        }
    }

    /// Keeps the words that were written when their memory moves; tells how many.
    fn keep_words(&mut self) -> usize {
        let words = &mut self.run.words;
        let found = self.lent.keys_len.min(words.capacity());
        // SAFETY: there is room for them, and the host says that it wrote them.
        unsafe { words.set_len(found) };
        found
    }

    /// Lends the memory for outputs and their keys.
    fn lend_outputs(&mut self) {
        let capacity = self.run.outputs.capacity();
        self.lent.outputs = self.run.outputs.as_mut_ptr().cast();
        self.lent.outputs_capacity = capacity;
        match self.run.kind {
            Some(KeyKind::Word) => {
                let found = self.keep_words();
                let words = &mut self.run.words;
                words.reserve(capacity - found.min(capacity));
                self.lent.word_keys = words.as_mut_ptr();
            }
            Some(KeyKind::Bytes) => {
                self.loan.fit(capacity);
                self.lent.byte_keys = self.loan.keys.as_mut_ptr();
            }
            _ => {}
        }
    }

    fn take_keys(&mut self) -> Result<(), String> {
        let (found, capacity) = (self.lent.keys_len, self.lent.outputs_capacity);
        match self.run.kind {
            _ if found == 0 => {}
            _ if found > capacity => {
                return Err(format!("it claims {found} keys where {capacity} fit"));
            }
            Some(KeyKind::Word) => {
                // SAFETY: there is room for as many words as outputs, and the host says that it wrote
                // these.
                unsafe { self.run.words.set_len(found) };
            }
            Some(KeyKind::Bytes) => {
                for key in &self.loan.keys[..found] {
                    self.run.bytes.push(bytes_of(*key)?);
                }
            }
            _ => return Err(format!("it claims {found} keys, and none were asked for")),
        }
        Ok(())
    }
}

impl Frame for ChainFrame<'_, '_> {
    fn settle(&mut self) -> Result<(), String> {
        let taken = self.take();
        self.loan.end();
        taken
    }
}

impl ChainFrame<'_, '_> {
    /// Takes what was written.
    fn take(&mut self) -> Result<(), String> {
        let (written, capacity) = (self.lent.outputs_len, self.run.outputs.capacity());
        if written > capacity {
            return Err(format!("it claims {written} outputs where {capacity} fit"));
        }
        // SAFETY: there is room for them, and the host says that it wrote them.
        unsafe { self.run.outputs.set_len(written) };
        if self.lent.failed_step > 0 {
            *self.run.fallen = Some(Fallen {
                // SAFETY: any bits are a word.
                value: Value(unsafe { self.lent.failed.word }),
                from: self.lent.failed_from as usize,
                step: self.lent.failed_step as usize,
            });
        }
        self.take_keys()
    }
}

fn call(function: ChainFunction, hosts: &[*mut c_void], run: &mut ChainRun<'_>) -> Verdict {
    let mut text = Text::new();
    let mut loan = match run.kind {
        Some(KeyKind::Bytes) => Loan::for_keys(run.outputs.capacity()),
        _ => Loan::default(),
    };
    let lent = partita_chain {
        size: size_of::<partita_chain>(),
        step: run.step,
        steps: run.completed.len() as u32,
        hosts: hosts.as_ptr(),
        len: run.values.len(),
        values: values_of(run.values),
        outputs: std::ptr::null_mut(),
        outputs_capacity: 0,
        outputs_len: 0,
        waiting: run.waiting.as_mut_ptr(),
        completed: run.completed.as_mut_ptr(),
        word_keys: std::ptr::null_mut(),
        byte_keys: std::ptr::null_mut(),
        scratch: loan.scratch.as_mut_ptr(),
        scratch_len: loan.scratch.capacity(),
        keys_len: 0,
        failed: value_of(Value(0)),
        failed_step: 0,
        failed_from: 0,
        failure: text.lend(),
        engine: std::ptr::null_mut(),
    };
    let mut frame = ChainFrame { lent, run, loan };
    frame.lend_outputs();
    frame::call(
        &mut frame,
        &text,
        // SAFETY: all that is lent lives for the call.
        |frame| unsafe {
            (*frame).lent.engine = frame.cast();
            function(hosts[0], &raw mut (*frame).lent)
        },
        |frame| frame.lent.failure.len,
    )
}

/// Makes room for at least `capacity` outputs in all, and as many keys; the pointers in `chain` and
/// `chain->outputs_capacity` change, and what was written stays. It is for a message that has more
/// outputs than fit: the call should end with that message, so that its outputs can drain.
///
/// Only inside the `partita_chain_fn` that was given `chain`, on its thread. Fails with
/// `PARTITA_INVALID_ARGUMENT` (`chain` is NULL, or so many cannot be had).
///
/// # Safety
/// `chain` is what the callback was given.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn partita_chain_reserve(
    chain: *mut partita_chain,
    capacity: usize,
) -> partita_status {
    entry(|| {
        if chain.is_null() {
            return Err(PARTITA_INVALID_ARGUMENT);
        }
        // SAFETY: it is what the callback was given, so it lives and has its frame.
        let frame = unsafe { (*chain).engine.cast::<ChainFrame<'_, '_>>().as_mut() };
        frame.ok_or(PARTITA_INVALID_ARGUMENT)?.reserve(capacity)
    })
}

#[cfg(test)]
mod tests {
    use super::super::{loan, status::PARTITA_FAILED};
    use super::*;
    use crate::model::ByteKeys;

    /// A callback that its thread does not return from, as far as the engine can tell.
    unsafe extern "C" fn never_returns(
        _host: *mut c_void,
        chain: *mut partita_chain,
    ) -> partita_status {
        // SAFETY: it is what the callback was given.
        let chain = unsafe { &mut *chain };
        assert!(chain.scratch_len >= 1 << 16 && loan::idle() == 0);
        frame::lost("gone").unwrap();
        assert_eq!(loan::idle(), 1);
        PARTITA_FAILED
    }

    #[test]
    fn a_thread_that_ends_in_a_chain_leaves_no_memory() {
        let (mut outputs, mut words) = (Vec::with_capacity(8), Vec::new());
        let mut run = ChainRun {
            step: 0,
            values: &[Value(7)],
            outputs: &mut outputs,
            waiting: &mut [0],
            completed: &mut [0],
            kind: Some(KeyKind::Bytes),
            words: &mut words,
            bytes: &mut ByteKeys::default(),
            fallen: &mut None,
        };
        for _ in 0..2 {
            call(never_returns, &[std::ptr::null_mut()], &mut run);
            assert_eq!(
                loan::idle(),
                1,
                "the second call is lent what the first one was"
            );
        }
    }
}
