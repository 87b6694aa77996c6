//! Declaring a source that listens, and what is known of it once it does.

use std::ffi::c_char;
use std::sync::Arc;
use std::time::Duration;

use super::super::app::PipelineObject;
use super::super::callbacks::{HostPointer, ValuesHost};
use super::super::entry::{Sized_, entry, read_sized, text, write_sized, write_text};
use super::super::error::{Fault, entry_with_error};
use super::super::handles;
use super::super::pipeline::{CREDITS_DEFAULT, default};
use super::super::status::*;
use super::super::types::*;
use super::hosts::{DecodeForm, DecodeHost, SplitForm, SplitHost, bytes_of};
use super::types::*;
use crate::connect::{Counted, Traffic};
use crate::host::{Decode, Split};
use crate::topology::{FRAME_MAX, Framing, Limits, Listen, Source};

const _: () = assert!(PARTITA_FRAME_MAX == FRAME_MAX);

// SAFETY: all zero is the default, and the size comes first.
unsafe impl Sized_ for partita_tcp_source_options {
    const LEAST: usize = std::mem::offset_of!(partita_tcp_source_options, ack_request);
}
// SAFETY: all zero is valid, and the size comes first.
unsafe impl Sized_ for partita_traffic {
    const LEAST: usize = size_of::<usize>();
}

/// How long something may take: as long as it likes for `PARTITA_FOREVER`.
pub(super) fn duration(
    path: &str,
    name: &str,
    given: i64,
    default: Duration,
) -> Result<Option<Duration>, Fault> {
    match given {
        0 => Ok(Some(default)),
        PARTITA_FOREVER => Ok(None),
        1.. => Ok(Some(Duration::from_nanos(given as u64))),
        _ => {
            let message = format!(
                "{name} is {given}: expected nanoseconds, 0 for the default, or PARTITA_FOREVER"
            );
            Err(Fault::new(PARTITA_INVALID_ARGUMENT, path, message))
        }
    }
}

fn framing(
    options: &partita_tcp_source_options,
    host: &Arc<HostPointer>,
    path: &str,
) -> Result<Framing, Fault> {
    let wrong = |message: String| Err(Fault::new(PARTITA_INVALID_ARGUMENT, path, message));
    let form = match (options.payload_length, options.split) {
        (None, None) => None,
        (Some(one), None) => Some(SplitForm::One(one)),
        (None, Some(many)) => Some(SplitForm::Many(many)),
        _ => return wrong("payload_length and split are both set: expected one of them".into()),
    };
    let kind = options.framing;
    if options.frame_size != 0 && kind != PARTITA_FRAMING_FIXED {
        return wrong("frame_size is set: expected it with PARTITA_FRAMING_FIXED only".into());
    }
    let header = options.header_length != 0 || form.is_some();
    if header && kind != PARTITA_FRAMING_HEADER {
        let names = "header_length, payload_length and split";
        return wrong(format!(
            "{names} are for PARTITA_FRAMING_HEADER only: expected none of them"
        ));
    }
    match (kind, form) {
        (PARTITA_FRAMING_LENGTH, _) => Ok(Framing::Length),
        (PARTITA_FRAMING_LINES, _) => Ok(Framing::Lines),
        (PARTITA_FRAMING_FIXED, _) => Ok(Framing::Fixed(options.frame_size)),
        (PARTITA_FRAMING_HEADER, Some(form)) => {
            let host = host.clone();
            let split: Arc<dyn Split> = Arc::new(SplitHost { host, form });
            Ok(Framing::Header(options.header_length, split))
        }
        (PARTITA_FRAMING_HEADER, None) => {
            wrong("expected one of payload_length and split to be set, got none".into())
        }
        _ => wrong(format!(
            "framing {kind} is unknown: expected PARTITA_FRAMING_LENGTH, PARTITA_FRAMING_LINES, \
             PARTITA_FRAMING_FIXED or PARTITA_FRAMING_HEADER"
        )),
    }
}

fn decoder(
    options: &partita_tcp_source_options,
    host: &Arc<HostPointer>,
    path: &str,
) -> Result<Arc<dyn Decode>, Fault> {
    let form = match (options.decode, options.decode_frame) {
        (Some(many), None) => DecodeForm::Many(many),
        (None, Some(one)) => DecodeForm::One(one),
        _ => {
            let message = "expected one of decode and decode_frame to be set, got both or none";
            return Err(Fault::new(PARTITA_INVALID_ARGUMENT, path, message));
        }
    };
    let host = host.clone();
    Ok(Arc::new(DecodeHost { host, form }))
}

fn limits(options: &partita_tcp_source_options, path: &str) -> Result<Limits, Fault> {
    let or = |given: usize, default: usize| if given == 0 { default } else { given };
    let defaults = Limits::default();
    let idle = defaults.idle.unwrap_or_default();
    Ok(Limits {
        frame: or(options.frame_max, defaults.frame),
        connections: or(options.connections_max, defaults.connections),
        buffered: or(options.buffer_max, defaults.buffered),
        idle: duration(path, "idle_ns", options.idle_ns, idle)?,
    })
}

/// Gives a pipeline a source that listens on a TCP port.
///
/// Any thread, also in callbacks. Fails with `PARTITA_INVALID_HANDLE`, `PARTITA_INVALID_ARGUMENT`,
/// `PARTITA_INVALID_UTF8`, `PARTITA_UNSUPPORTED` or `PARTITA_ALREADY_STARTED`. Whether the address can be
/// used is found at the start (`PARTITA_ADDRESS`).
///
/// # Safety
/// `options` points to as many readable bytes as its `size` says; `error_out` is NULL or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn partita_pipeline_from_tcp(
    pipeline: partita_pipeline,
    options: *const partita_tcp_source_options,
    error_out: *mut partita_error,
) -> partita_status {
    // SAFETY: the caller vouches for the pointers.
    unsafe {
        entry_with_error(error_out, || {
            let pipeline = handles::pin::<PipelineObject>(pipeline.id)?;
            let options = read_sized(options).map_err(Fault::in_struct("options"))?;
            let host = HostPointer::new(options.host, options.drop_host);
            let path = format!("{} / source", pipeline.path);
            let address = text(options.address).map_err(Fault::in_text("address"))?;
            let request = bytes_of(options.ack_request).map_err(|code| {
                let message = "ack_request.ptr is NULL: expected len bytes";
                Fault::new(code, &*path, message)
            })?;
            let listen = Listen {
                address: address.to_owned(),
                framing: framing(&options, &host, &path)?,
                decode: decoder(&options, &host, &path)?,
                limits: limits(&options, &path)?,
                ack_request: (!options.ack_request.ptr.is_null()).then(|| request.into()),
            };
            let values = ValuesHost {
                host,
                drop: options.drop,
                share: options.share,
            };
            let replaced = pipeline.declare(|pipeline| {
                pipeline.from_source(Source {
                    credits: default(options.credits, CREDITS_DEFAULT),
                    values: Arc::new(values),
                    listen: Some(Arc::new(listen)),
                })
            })?;
            drop(replaced);
            Ok(())
        })
    }
}

/// Where a source listens: as in `127.0.0.1:41234`. At most `capacity` bytes are written, the last one a
/// NUL; `len_out` (may be NULL) gets the length of the whole text without it.
///
/// Any thread, also in callbacks, from the start on until the application is freed. Fails with
/// `PARTITA_INVALID_HANDLE`, `PARTITA_NOT_STARTED`, `PARTITA_UNSUPPORTED` (the source does not listen) or
/// `PARTITA_INVALID_ARGUMENT` (`text_out` is NULL and `capacity` is not 0).
///
/// # Safety
/// `text_out` has room for `capacity` bytes; `len_out` is NULL or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn partita_pipeline_address(
    pipeline: partita_pipeline,
    text_out: *mut c_char,
    capacity: usize,
    len_out: *mut usize,
) -> partita_status {
    entry(|| {
        let pipeline = handles::pin::<PipelineObject>(pipeline.id)?;
        let sockets = pipeline.app.sockets()?;
        let source = sockets.sources.get(pipeline.index).and_then(Option::as_ref);
        let (address, _) = source.ok_or(PARTITA_UNSUPPORTED)?;
        // SAFETY: the caller vouches for the pointers.
        unsafe { write_text(&address.to_string(), text_out, capacity, len_out) }
    })
}

/// Reads what went through the sockets of a pipeline's source. `traffic_out->size` is set by the caller.
///
/// Any thread, also in callbacks, also after close. Fails with `PARTITA_INVALID_HANDLE`,
/// `PARTITA_NOT_STARTED`, `PARTITA_UNSUPPORTED` (the source does not listen) or
/// `PARTITA_INVALID_ARGUMENT` (`traffic_out`).
///
/// # Safety
/// `traffic_out` points to as many writable bytes as its `size` says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn partita_pipeline_traffic(
    pipeline: partita_pipeline,
    traffic_out: *mut partita_traffic,
) -> partita_status {
    entry(|| {
        let pipeline = handles::pin::<PipelineObject>(pipeline.id)?;
        let sockets = pipeline.app.sockets()?;
        let source = sockets.sources.get(pipeline.index).and_then(Option::as_ref);
        let (_, traffic) = source.ok_or(PARTITA_UNSUPPORTED)?;
        // SAFETY: the caller vouches for `traffic_out`.
        unsafe { write_sized(traffic_out, &traffic_of(traffic)) }
    })
}

/// The counters as C sees them.
pub(super) fn traffic_of(traffic: &Traffic) -> partita_traffic {
    let Counted {
        connections,
        connected,
        cut,
        bytes,
        frames,
        filtered,
        dropped,
        again,
    } = traffic.read();
    partita_traffic {
        size: size_of::<partita_traffic>(),
        connections,
        connected,
        cut,
        bytes,
        frames,
        filtered,
        dropped,
        again,
    }
}
