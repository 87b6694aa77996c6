//! Declaring what a pipeline is made of.

use std::sync::Arc;
use std::time::Duration;

use super::app::{PipelineObject, SinkObject};
use super::callbacks::{
    AnswerHost, ComputeForm, ComputeHost, DeliverHost, HostPointer, KeysForm, KeysHost, ValuesHost,
};
use super::chain::{TransformForm, TransformHost};
use super::entry::{Sized_, read_sized, text, write};
use super::error::{Fault, entry_with_error};
use super::handles::{self, Object};
use super::status::*;
use super::types::*;
use crate::host;
use crate::model::{KeyKind, Policy, Retry};
use crate::topology::{Computation, Sink, SinkKind, Source, Step, step_path};

/// The credits of a source, and the capacity of a queue, when none are given.
pub(super) const CREDITS_DEFAULT: u64 = 16_384;
pub(super) const CAPACITY_DEFAULT: u64 = 4_096;

// SAFETY: all zero is the default, and the size comes first.
unsafe impl Sized_ for partita_source_options {
    const LEAST: usize = size_of::<usize>();
}
// SAFETY: as above.
unsafe impl Sized_ for partita_step_options {
    const LEAST: usize = std::mem::offset_of!(partita_step_options, drop);
}
// SAFETY: as above.
unsafe impl Sized_ for partita_computation_options {
    const LEAST: usize = std::mem::offset_of!(partita_computation_options, drop);
}
// SAFETY: as above.
unsafe impl Sized_ for partita_sink_options {
    const LEAST: usize = std::mem::offset_of!(partita_sink_options, policy);
}

pub(super) fn policy(policy: u32, path: &str) -> Result<Policy, Fault> {
    match policy {
        PARTITA_POLICY_STOP => Ok(Policy::Stop),
        PARTITA_POLICY_SKIP => Ok(Policy::Skip),
        PARTITA_POLICY_RESET => Ok(Policy::Reset),
        PARTITA_POLICY_QUARANTINE => Ok(Policy::Quarantine),
        other => Err(Fault::new(
            PARTITA_INVALID_ARGUMENT,
            path,
            format!(
                "policy {other} is unknown: expected PARTITA_POLICY_STOP, PARTITA_POLICY_SKIP, \
                 PARTITA_POLICY_RESET or PARTITA_POLICY_QUARANTINE"
            ),
        )),
    }
}

fn retry(times: u32, pause_ns: u64) -> Retry {
    Retry {
        times,
        pause: Duration::from_nanos(pause_ns),
    }
}

const _: () = assert!(PARTITA_RETRIES_MAX == Retry::TIMES_MAX);
const _: () = assert!(PARTITA_RETRY_PAUSE_MAX_NS as u128 == Retry::PAUSE_MAX.as_nanos());

pub(super) fn default(given: u64, default: u64) -> u64 {
    if given == 0 { default } else { given }
}

/// A partition function, and the kind of its keys if that is known.
type Keys = (Option<Arc<dyn host::Partition>>, Option<KeyKind>);

/// The partition function of a step, in whichever form it was given.
fn keys_of(
    options: &partita_step_options,
    host: &Arc<HostPointer>,
    path: &str,
) -> Result<Keys, Fault> {
    let (form, kind) = match (options.keys, options.word_key, options.byte_key) {
        (None, None, None) => return Ok((None, None)),
        (Some(many), None, None) => (KeysForm::Many(many), None),
        (None, Some(word), None) => (KeysForm::Word(word), Some(KeyKind::Word)),
        (None, None, Some(bytes)) => (KeysForm::Bytes(bytes), Some(KeyKind::Bytes)),
        _ => {
            let message = "more than one of keys, word_key and byte_key is set: expected one";
            return Err(Fault::new(PARTITA_INVALID_ARGUMENT, path, message));
        }
    };
    Ok((
        Some(Arc::new(KeysHost {
            host: host.clone(),
            chain: options.chain,
            form,
        })),
        kind,
    ))
}

fn compute_of(
    options: &partita_step_options,
    host: &Arc<HostPointer>,
    path: &str,
) -> Result<Arc<dyn host::Compute>, Fault> {
    let form = match (options.run, options.compute) {
        (Some(many), None) => ComputeForm::Many(many),
        (None, Some(one)) => ComputeForm::One(one),
        _ => {
            let message = "expected one of run and compute to be set, got both or none";
            return Err(Fault::new(PARTITA_INVALID_ARGUMENT, path, message));
        }
    };
    Ok(Arc::new(ComputeHost {
        host: host.clone(),
        form,
        drop: options.drop,
    }))
}

fn transform_of(
    options: &partita_computation_options,
    host: &Arc<HostPointer>,
    path: &str,
) -> Result<Arc<dyn host::Transform>, Fault> {
    let form = match (options.chain, options.compute) {
        (Some(many), None) => TransformForm::Many(many),
        (None, Some(one)) => TransformForm::One(one),
        _ => {
            let message = "expected one of chain and compute to be set, got both or none";
            return Err(Fault::new(PARTITA_INVALID_ARGUMENT, path, message));
        }
    };
    Ok(Arc::new(TransformHost {
        host: host.clone(),
        form,
        drop: options.drop,
    }))
}

/// Gives a pipeline its in-process source.
///
/// Any thread, also in callbacks. Fails with `PARTITA_INVALID_HANDLE`,
/// `PARTITA_INVALID_ARGUMENT`, `PARTITA_UNSUPPORTED` or `PARTITA_ALREADY_STARTED`.
///
/// # Safety
/// `options` points to as many readable bytes as its `size` says; `error_out` is NULL or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn partita_pipeline_from_source(
    pipeline: partita_pipeline,
    options: *const partita_source_options,
    error_out: *mut partita_error,
) -> partita_status {
    // SAFETY: the caller vouches for the pointers.
    unsafe {
        entry_with_error(error_out, || {
            let pipeline = handles::pin::<PipelineObject>(pipeline.id)?;
            let options = read_sized(options).map_err(Fault::in_struct("options"))?;
            let host = HostPointer::new(options.host, options.drop_host);
            let values = ValuesHost {
                host,
                drop: options.drop,
                share: options.share,
            };
            let replaced = pipeline.declare(|pipeline| {
                pipeline.from_source(Source {
                    credits: default(options.credits, CREDITS_DEFAULT),
                    values: Arc::new(values),
                    listen: None,
                })
            })?;
            drop(replaced);
            Ok(())
        })
    }
}

/// Adds a state computation behind what the pipeline has so far.
///
/// Any thread, also in callbacks. Fails with `PARTITA_INVALID_HANDLE`,
/// `PARTITA_INVALID_ARGUMENT`, `PARTITA_INVALID_UTF8`, `PARTITA_UNSUPPORTED` or
/// `PARTITA_ALREADY_STARTED`.
///
/// # Safety
/// `options` points to as many readable bytes as its `size` says; `error_out` is NULL or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn partita_pipeline_to_state_partition(
    pipeline: partita_pipeline,
    options: *const partita_step_options,
    error_out: *mut partita_error,
) -> partita_status {
    // SAFETY: the caller vouches for the pointers.
    unsafe {
        entry_with_error(error_out, || {
            let pipeline = handles::pin::<PipelineObject>(pipeline.id)?;
            let options = read_sized(options).map_err(Fault::in_struct("options"))?;
            let host = HostPointer::new(options.host, options.drop_host);
            let name = text(options.name).map_err(Fault::in_text("name"))?;
            let partition = text(options.partition).map_err(Fault::in_text("partition"))?;
            let (name, partition) = (name.to_owned(), partition.to_owned());
            let number = pipeline.declare(|pipeline| pipeline.steps.len())?;
            let path = step_path(&pipeline.path, number, &name);
            let (keys, key_kind) = keys_of(&options, &host, &path)?;
            let compute = compute_of(&options, &host, &path)?;
            let policy = policy(options.policy, &path)?;
            let values = ValuesHost {
                host,
                drop: options.drop,
                share: options.share,
            };
            let values = Arc::new(values);
            pipeline.declare(|pipeline| {
                pipeline.to_state_partition(Step {
                    name,
                    partition,
                    keys,
                    key_kind,
                    compute,
                    values,
                    policy,
                    blocking: options.blocking,
                    retry: retry(options.retries, options.retry_pause_ns),
                });
            })
        })
    }
}

/// Adds a stateless computation behind what the pipeline has so far.
///
/// Any thread, also in callbacks. Fails with `PARTITA_INVALID_HANDLE`,
/// `PARTITA_INVALID_ARGUMENT`, `PARTITA_INVALID_UTF8`, `PARTITA_UNSUPPORTED` or
/// `PARTITA_ALREADY_STARTED`.
///
/// # Safety
/// `options` points to as many readable bytes as its `size` says; `error_out` is NULL or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn partita_pipeline_to(
    pipeline: partita_pipeline,
    options: *const partita_computation_options,
    error_out: *mut partita_error,
) -> partita_status {
    // SAFETY: the caller vouches for the pointers.
    unsafe {
        entry_with_error(error_out, || {
            let pipeline = handles::pin::<PipelineObject>(pipeline.id)?;
            let options = read_sized(options).map_err(Fault::in_struct("options"))?;
            let host = HostPointer::new(options.host, options.drop_host);
            let name = text(options.name).map_err(Fault::in_text("name"))?;
            let name = name.to_owned();
            let number = pipeline.declare(|pipeline| pipeline.steps.len())?;
            let path = step_path(&pipeline.path, number, &name);
            let transform = transform_of(&options, &host, &path)?;
            let policy = policy(options.policy, &path)?;
            let values = ValuesHost {
                host,
                drop: options.drop,
                share: options.share,
            };
            let values = Arc::new(values);
            pipeline.declare(|pipeline| {
                pipeline.to(Computation {
                    name,
                    transform,
                    parallel: options.parallel != 0,
                    values,
                    policy,
                    blocking: options.blocking,
                });
            })
        })
    }
}

/// Ends the pipeline with a sink. Called again, it adds another sink: each gets every message.
/// `sink_out` may be NULL if the sink is a callback.
///
/// Any thread, also in callbacks. Fails with `PARTITA_INVALID_HANDLE`,
/// `PARTITA_INVALID_ARGUMENT`, `PARTITA_INVALID_UTF8`, `PARTITA_UNSUPPORTED` or
/// `PARTITA_ALREADY_STARTED`.
///
/// # Safety
/// `options` points to as many readable bytes as its `size` says; `sink_out` is writable, or NULL
/// for a callback; `error_out` is NULL or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn partita_pipeline_to_sink(
    pipeline: partita_pipeline,
    options: *const partita_sink_options,
    sink_out: *mut partita_sink,
    error_out: *mut partita_error,
) -> partita_status {
    // SAFETY: the caller vouches for the pointers.
    unsafe {
        entry_with_error(error_out, || {
            let pipeline = handles::pin::<PipelineObject>(pipeline.id)?;
            let options = read_sized(options).map_err(Fault::in_struct("options"))?;
            let host = HostPointer::new(options.host, options.drop_host);
            let name = text(options.name).map_err(Fault::in_text("name"))?;
            let name = name.to_owned();
            let path = format!("{} / sink \"{name}\"", pipeline.path);
            if options.answer.is_some() && options.deliver.is_some() {
                let message = "answer and deliver are both set: expected one of them";
                return Err(Fault::new(PARTITA_INVALID_ARGUMENT, path, message));
            }
            let is_callback = options.deliver.is_some() || options.answer.is_some();
            if sink_out.is_null() && !is_callback {
                let message = "sink_out is NULL: expected a place for the queue's handle";
                return Err(Fault::new(PARTITA_INVALID_ARGUMENT, path, message));
            }
            if is_callback && options.capacity != 0 {
                let message = "capacity is set for a callback: expected it for a queue only";
                return Err(Fault::new(PARTITA_INVALID_ARGUMENT, path, message));
            }
            let policy = policy(options.policy, &path)?;
            let kind = match (options.deliver, options.answer) {
                (Some(deliver), _) => SinkKind::Callback(Arc::new(DeliverHost { host, deliver })),
                (None, Some(answer)) => SinkKind::Answers(Arc::new(AnswerHost { host, answer })),
                (None, None) => SinkKind::Queue(default(options.capacity, CAPACITY_DEFAULT)),
            };
            let mut number = 0;
            pipeline.declare(|pipeline| {
                number = pipeline.sinks.len();
                pipeline.to_sink(Sink {
                    name,
                    policy,
                    retry: retry(options.retries, options.retry_pause_ns),
                    kind,
                });
            })?;
            if sink_out.is_null() {
                return Ok(());
            }
            let id = pipeline.app.adopt(Object::Sink(SinkObject {
                app: pipeline.app.clone(),
                pipeline: pipeline.index,
                sink: number,
            }))?;
            write(sink_out, partita_sink { id }).map_err(Fault::from)
        })
    }
}

/// Ends the pipeline without a sink: what its last step emits is counted and handed to `drop`.
///
/// Any thread, also in callbacks. Fails with `PARTITA_INVALID_HANDLE` or
/// `PARTITA_ALREADY_STARTED`.
///
/// # Safety
/// `error_out` is NULL or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn partita_pipeline_done(
    pipeline: partita_pipeline,
    error_out: *mut partita_error,
) -> partita_status {
    // SAFETY: the caller vouches for `error_out`.
    unsafe {
        entry_with_error(error_out, || {
            let pipeline = handles::pin::<PipelineObject>(pipeline.id)?;
            pipeline.declare(crate::topology::Pipeline::done)
        })
    }
}
