//! Declaring a sink that connects, and what is known of it once it does.

use std::sync::Arc;
use std::time::Duration;

use super::super::app::{PipelineObject, SinkObject};
use super::super::callbacks::HostPointer;
use super::super::entry::{Sized_, entry, read_sized, text, write, write_sized};
use super::super::error::{Fault, entry_with_error};
use super::super::handles::{self, Object};
use super::super::pipeline::{CAPACITY_DEFAULT, default, policy};
use super::super::status::*;
use super::super::types::*;
use super::hosts::{EncodeForm, EncodeHost};
use super::source::{duration, traffic_of};
use super::types::*;
use crate::host::Encode;
use crate::model::Retry;
use crate::topology::{Connect, Sink, SinkKind};

const BUFFER_DEFAULT: usize = 1 << 20;
const PAUSE_MIN_DEFAULT: Duration = Duration::from_millis(50);
const PAUSE_MAX_DEFAULT: Duration = Duration::from_secs(5);
const FLUSH_DEFAULT: Duration = Duration::from_secs(5);

// SAFETY: all zero is the default, and the size comes first.
unsafe impl Sized_ for partita_tcp_sink_options {
    const LEAST: usize = std::mem::offset_of!(partita_tcp_sink_options, capacity);
}

fn encoder(
    options: &partita_tcp_sink_options,
    host: Arc<HostPointer>,
    path: &str,
) -> Result<Arc<dyn Encode>, Fault> {
    let form = match (options.encode, options.encode_message) {
        (Some(many), None) => EncodeForm::Many(many),
        (None, Some(one)) => EncodeForm::One(one),
        _ => {
            let message = "expected one of encode and encode_message to be set, got both or none";
            return Err(Fault::new(PARTITA_INVALID_ARGUMENT, path, message));
        }
    };
    Ok(Arc::new(EncodeHost { host, form }))
}

/// The pauses before it connects again: the longest is at least the first.
fn pauses(options: &partita_tcp_sink_options) -> (Duration, Duration) {
    let or = |given: u64, default: Duration| match given {
        0 => default,
        given => Duration::from_nanos(given),
    };
    let first = or(options.reconnect_min_ns, PAUSE_MIN_DEFAULT);
    let longest = or(options.reconnect_max_ns, PAUSE_MAX_DEFAULT.max(first));
    (first, longest)
}

/// Ends the pipeline with a sink that connects to a TCP port. Called again, or with other sinks, it adds
/// another: each gets every message. `sink_out` may be NULL.
///
/// Any thread, also in callbacks. Fails with `PARTITA_INVALID_HANDLE`, `PARTITA_INVALID_ARGUMENT`,
/// `PARTITA_INVALID_UTF8`, `PARTITA_UNSUPPORTED` or `PARTITA_ALREADY_STARTED`. Whether the address resolves
/// is found at the start (`PARTITA_ADDRESS`).
///
/// # Safety
/// `options` points to as many readable bytes as its `size` says; `sink_out` and `error_out` are NULL or
/// writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn partita_pipeline_to_tcp(
    pipeline: partita_pipeline,
    options: *const partita_tcp_sink_options,
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
            let address = text(options.address).map_err(Fault::in_text("address"))?;
            let flush = duration(&path, "flush_ns", options.flush_ns, FLUSH_DEFAULT)?;
            let policy = policy(options.policy, &path)?;
            let connect = Connect {
                address: address.to_owned(),
                encode: encoder(&options, host, &path)?,
                capacity: default(options.capacity, CAPACITY_DEFAULT),
                buffered: match options.buffer_max {
                    0 => BUFFER_DEFAULT,
                    given => given,
                },
                pauses: pauses(&options),
                flush,
            };
            let mut number = 0;
            pipeline.declare(|pipeline| {
                number = pipeline.sinks.len();
                pipeline.to_sink(Sink {
                    name,
                    policy,
                    retry: Retry::default(),
                    kind: SinkKind::Connect(Arc::new(connect)),
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

/// Reads what went through the connection of a sink. `traffic_out->size` is set by the caller.
///
/// Any thread, also in callbacks, also after close. Fails with `PARTITA_INVALID_HANDLE`,
/// `PARTITA_NOT_STARTED`, `PARTITA_UNSUPPORTED` (the sink does not connect) or `PARTITA_INVALID_ARGUMENT`
/// (`traffic_out`).
///
/// # Safety
/// `traffic_out` points to as many writable bytes as its `size` says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn partita_sink_traffic(
    sink: partita_sink,
    traffic_out: *mut partita_traffic,
) -> partita_status {
    entry(|| {
        let sink = handles::pin::<SinkObject>(sink.id)?;
        let sockets = sink.app.sockets()?;
        let sinks = sockets.sinks.get(sink.pipeline);
        let traffic = sinks.and_then(|sinks| sinks[sink.sink].as_ref());
        let traffic = traffic.ok_or(PARTITA_UNSUPPORTED)?;
        // SAFETY: the caller vouches for `traffic_out`.
        unsafe { write_sized(traffic_out, &traffic_of(traffic)) }
    })
}
