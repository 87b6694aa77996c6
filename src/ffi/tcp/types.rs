//! The types of sources that listen and sinks that connect.
#![allow(missing_docs)]

use std::ffi::c_void;

use super::super::status::partita_status;
use super::super::types::*;

/// For `partita_tcp_source_options.framing`: a length of four bytes, big-endian, and so many bytes (the
/// default). A length of 0 is an empty frame.
pub const PARTITA_FRAMING_LENGTH: u32 = 0;
/// For `partita_tcp_source_options.framing`: bytes up to a newline. The frame has neither it nor a
/// carriage return right before it. Bytes behind the last newline are no frame.
pub const PARTITA_FRAMING_LINES: u32 = 1;
/// For `partita_tcp_source_options.framing`: `frame_size` bytes each.
pub const PARTITA_FRAMING_FIXED: u32 = 2;
/// For `partita_tcp_source_options.framing`: `header_length` bytes, of which `payload_length` or `split`
/// knows how many follow. The frame is what follows.
pub const PARTITA_FRAMING_HEADER: u32 = 3;

/// Where a frame lies within bytes.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct partita_frame {
    /// Where its payload begins.
    pub start: usize,
    /// How many bytes its payload has.
    pub len: usize,
    /// Where the next frame begins: not before the end of this one's payload.
    pub end: usize,
}

/// How many bytes follow a header of `header_length` bytes. The thread of the sockets; it calls nothing of
/// the engine.
pub type partita_payload_length_fn =
    Option<unsafe extern "C" fn(host: *mut c_void, header: *const u8, len: usize) -> u64>;

/// Bytes to be cut into frames. They begin with a header.
#[repr(C)]
pub struct partita_split {
    /// The engine's `sizeof(partita_split)`.
    pub size: usize,
    /// The bytes, borrowed.
    pub bytes: partita_bytes,
    /// The longest payload that is allowed; a longer one ends its connection.
    pub longest: usize,
    /// Where to write frames, one behind the other from byte 0 on, as long as a whole header is there. The
    /// last one may end behind the bytes.
    pub frames: *mut partita_frame,
    /// How many fit.
    pub capacity: usize,
    /// How many were written; 0 on entry.
    pub done: usize,
    /// The reason, if a header makes no sense: then its connection is closed.
    pub failure: partita_failure,
}

/// Cuts bytes into frames. Answers `PARTITA_OK`, or `PARTITA_FAILED` if the header behind the frames that
/// are done makes no sense. The thread of the sockets.
pub type partita_split_fn =
    Option<unsafe extern "C" fn(host: *mut c_void, split: *mut partita_split) -> partita_status>;

/// For `partita_decode.filtered`: the frame is no message. It is counted.
pub const PARTITA_FILTERED_FRAME: u8 = 1;

/// Frames of one connection to be decoded.
#[repr(C)]
pub struct partita_decode {
    /// The engine's `sizeof(partita_decode)`.
    pub size: usize,
    /// All of the frames, and what lies between them; borrowed.
    pub bytes: partita_bytes,
    /// How many frames.
    pub len: usize,
    /// Where each lies within `bytes`.
    pub frames: *const partita_frame,
    /// Where to write the message of each.
    pub values: *mut partita_value,
    /// Where to write `PARTITA_FILTERED_FRAME` for a frame that is no message; 0 on entry.
    pub filtered: *mut u8,
    /// How many are done, from the first one on; 0 on entry. Their messages are the engine's. Fewer than
    /// `len`: the rest comes again.
    pub done: usize,
    /// The reason, if the frame at `done` could not be decoded.
    pub failure: partita_failure,
}

/// Decodes frames. Answers `PARTITA_OK`; or `PARTITA_FAILED` if the frame at `done` could not be decoded:
/// it is a dead letter with reason `PARTITA_DEAD_DECODE`, which has the frame and no message, and the
/// connection goes on. The thread of the sockets: a call that blocks holds up all of them.
pub type partita_decode_fn =
    Option<unsafe extern "C" fn(host: *mut c_void, decode: *mut partita_decode) -> partita_status>;

/// Decodes one frame, which is borrowed. Answers `PARTITA_OK` with a message in `value_out`;
/// `PARTITA_FILTERED` if it is none; or `PARTITA_FAILED`, with the reason in `failure`.
pub type partita_decode_frame_fn = Option<
    unsafe extern "C" fn(
        host: *mut c_void,
        frame: partita_bytes,
        value_out: *mut partita_value,
        failure: *mut partita_failure,
    ) -> partita_status,
>;

/// A source that listens on a TCP port, for any number of clients; the messages of each come in its order.
/// Zero means default in every field but `size`. Senders may send into its pipeline as well.
///
/// Frames are taken as long as there are credits; then what a client sends waits in memory of the engine up
/// to `buffer_max`, and in the system's. A client that breaks a limit is disconnected, counted
/// (`partita_traffic.cut`) and logged; the others go on.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct partita_tcp_source_options {
    /// `sizeof(partita_tcp_source_options)`.
    pub size: usize,
    /// Where to listen: `host:port`. Without a host that is 127.0.0.1; port 0 is any free one, which
    /// `partita_pipeline_address` tells. Resolved when the application is started.
    pub address: partita_str,
    /// How streams are cut into frames: `PARTITA_FRAMING_LENGTH`, ...
    pub framing: u32,
    /// With `PARTITA_FRAMING_FIXED`: how many bytes, at least 1.
    pub frame_size: usize,
    /// With `PARTITA_FRAMING_HEADER`: how many bytes a header has, at least 1.
    pub header_length: usize,
    /// With `PARTITA_FRAMING_HEADER`: tells how many bytes follow a header.
    pub payload_length: partita_payload_length_fn,
    /// Or cuts many frames at once.
    pub split: partita_split_fn,
    /// Decodes many frames at once.
    pub decode: partita_decode_fn,
    /// Or one.
    pub decode_frame: partita_decode_frame_fn,
    /// As for `partita_source_options`.
    pub credits: u64,
    /// Passed to the callbacks.
    pub host: *mut c_void,
    /// Called once when `host` is needed no more. May be NULL.
    pub drop_host: partita_drop_host_fn,
    /// Takes back messages of this source. May be NULL.
    pub drop: partita_drop_fn,
    /// Announces that a message goes to several sinks (a pipeline without steps). May be NULL.
    pub share: partita_share_fn,
    /// The longest payload of a frame, in bytes, at most `PARTITA_FRAME_MAX`; the default is 1 MiB.
    pub frame_max: usize,
    /// How many connections at once; the default is 1,024. One more is closed at once.
    pub connections_max: usize,
    /// How many bytes of a connection are kept that are not decoded, beyond one whole frame; the default is
    /// 256 KiB.
    pub buffer_max: usize,
    /// How long a client may send nothing while it is read, in nanoseconds; the default is ten minutes, and
    /// `PARTITA_FOREVER` is as long as it likes.
    pub idle_ns: i64,
    /// A client whose first frame is exactly this is not sending a message: it asks to be told how many of
    /// its later frames are done (processed, filtered or dead, with all that descends from them), and gets
    /// that count as eight bytes, big-endian, each time it has grown. What an application throws away because
    /// it fails or is closed is not told. NULL: nobody is told. Copied.
    pub ack_request: partita_bytes,
}

/// The longest frame that can be allowed: 1 GiB.
pub const PARTITA_FRAME_MAX: usize = 1 << 30;

/// Messages to be encoded.
#[repr(C)]
pub struct partita_encode {
    /// The engine's `sizeof(partita_encode)`.
    pub size: usize,
    /// How many messages.
    pub len: usize,
    /// The messages. Those that are done are the host's.
    pub values: *const partita_value,
    /// Where to write their bytes, one message behind the other.
    pub bytes: *mut u8,
    /// How many bytes fit.
    pub capacity: usize,
    /// Where to write for each message where its bytes end, counted from `bytes`.
    pub ends: *mut usize,
    /// How many are done, from the first one on; 0 on entry. Fewer than `len`: the rest comes again.
    pub done: usize,
    /// With `PARTITA_OUTPUTS_FULL`: how many bytes the message at `done` needs, or 0.
    pub needed: usize,
    /// The reason, if the message at `done` could not be encoded.
    pub failure: partita_failure,
}

/// Encodes messages. Answers `PARTITA_OK`; `PARTITA_OUTPUTS_FULL` if the bytes of the message at `done` do
/// not fit behind the others: it comes again with more room; or `PARTITA_FAILED` if it could not be encoded:
/// it follows the sink's policy. The thread of the sockets: a call that blocks holds up all of them.
pub type partita_encode_fn =
    Option<unsafe extern "C" fn(host: *mut c_void, encode: *mut partita_encode) -> partita_status>;

/// Encodes one message: writes at most `capacity` bytes, and to `len_out` how many it has, whether they fit
/// or not: if not, it is called again with room for so many. Answers `PARTITA_OK`: the message is the host's
/// if its bytes fit; or `PARTITA_FAILED`, with the reason in `failure`.
pub type partita_encode_message_fn = Option<
    unsafe extern "C" fn(
        host: *mut c_void,
        value: partita_value,
        bytes: *mut u8,
        capacity: usize,
        len_out: *mut usize,
        failure: *mut partita_failure,
    ) -> partita_status,
>;

/// A sink that connects to a TCP port and writes its messages there, in order. Zero means default in every
/// field but `size`, `name` and `address`.
///
/// A message is in flight until its bytes are the system's, so `partita_app_drain` waits for that. Without
/// a connection it tries again and again, with growing pauses; a message that was cut off is written again
/// as a whole, and what the system had not sent by then is lost: TCP does not tell. A peer that closes, also
/// only its sending side, is gone; what it sends is read and thrown away. Meanwhile messages wait, and what
/// emits to the sink stalls.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct partita_tcp_sink_options {
    /// `sizeof(partita_tcp_sink_options)`.
    pub size: usize,
    /// The sink's name; one of its kind in its pipeline. Not empty.
    pub name: partita_str,
    /// What happens when a message cannot be encoded: `PARTITA_POLICY_STOP` or `PARTITA_POLICY_SKIP`.
    pub policy: u32,
    /// Passed to the callbacks.
    pub host: *mut c_void,
    /// Called once when `host` is needed no more. May be NULL.
    pub drop_host: partita_drop_host_fn,
    /// Where to connect to: `host:port`. Without a host that is 127.0.0.1. Resolved when the application is
    /// started; nobody need be there yet.
    pub address: partita_str,
    /// Encodes many messages at once.
    pub encode: partita_encode_fn,
    /// Or one.
    pub encode_message: partita_encode_message_fn,
    /// How many messages may wait to be encoded; the default is 4,096.
    pub capacity: u64,
    /// How many encoded bytes may wait to be written, beyond one whole message; the default is 1 MiB.
    pub buffer_max: usize,
    /// How long the first pause is before it connects again, in nanoseconds; the default is 50 ms.
    pub reconnect_min_ns: u64,
    /// The longest pause; the default is 5 s.
    pub reconnect_max_ns: u64,
    /// How long what is encoded may take to be written once the application closes, in nanoseconds; then it
    /// is counted as dead (`PARTITA_DEAD_CLOSED`). The default is 5 s, and `PARTITA_FOREVER` is as long as it
    /// takes.
    pub flush_ns: i64,
}

/// What went through the sockets of a source or a sink.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct partita_traffic {
    /// `sizeof(partita_traffic)`; set by the caller.
    pub size: usize,
    /// How many connections there are now.
    pub connections: u64,
    /// How many there ever were.
    pub connected: u64,
    /// How many of them were closed here because they broke a limit or made no sense.
    pub cut: u64,
    /// How many bytes were read, or written.
    pub bytes: u64,
    /// A source: how many frames were taken. Each is a message that its stage completed, filtered, or dead
    /// at its stage.
    pub frames: u64,
    /// A source: how many of them were filtered.
    pub filtered: u64,
    /// A source: how many bytes were dropped that were no whole frame, or not taken, when their connection ended.
    pub dropped: u64,
    /// A sink: how many messages were written again because their connection was lost.
    pub again: u64,
}

/// For `partita_log_record.level`: nothing is wrong.
pub const PARTITA_LOG_INFO: u32 = 0;
/// For `partita_log_record.level`: something went wrong outside, and the engine goes on.
pub const PARTITA_LOG_WARNING: u32 = 1;
/// For `partita_log_record.level`: something is lost.
pub const PARTITA_LOG_ERROR: u32 = 2;

/// Something that the engine has to say. All that is pointed to is borrowed for the call.
#[repr(C)]
pub struct partita_log_record {
    /// The engine's `sizeof(partita_log_record)`.
    pub size: usize,
    /// How grave it is: `PARTITA_LOG_INFO`, ...
    pub level: u32,
    /// Where, as in `application "x" / pipeline "y" / source`.
    pub path: partita_str,
    /// What happened.
    pub text: partita_str,
    /// How many records were left out since the one before: there are at most ten a second.
    pub left_out: u64,
}

/// Takes note of what happens: one call at a time, on the thread of the sockets. It is not to wait.
pub type partita_log_fn =
    Option<unsafe extern "C" fn(host: *mut c_void, record: *const partita_log_record)>;
