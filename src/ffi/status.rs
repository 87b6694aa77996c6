//! Status codes: every number a call can answer, explicit and never reused.

/// What a call answers. Zero is success; every other number keeps its meaning for good.
pub type partita_status = i32;

/// The call did what it says.
pub const PARTITA_OK: partita_status = 0;
/// An argument is NULL where it must not be, out of range, or a struct of impossible size.
pub const PARTITA_INVALID_ARGUMENT: partita_status = 1;
/// A string is not valid UTF-8.
pub const PARTITA_INVALID_UTF8: partita_status = 2;
/// A handle is zero, stale (its object was freed), of another kind, or was never given out.
pub const PARTITA_INVALID_HANDLE: partita_status = 3;
/// The declaration has mistakes; the error object lists every one with its path.
pub const PARTITA_INVALID_TOPOLOGY: partita_status = 4;
/// The call needs a started application.
pub const PARTITA_NOT_STARTED: partita_status = 5;
/// The application was started before: it can no longer be declared or started.
pub const PARTITA_ALREADY_STARTED: partita_status = 6;
/// Nothing could be done at once, and the call was asked not to wait.
pub const PARTITA_WOULD_BLOCK: partita_status = 7;
/// The time to wait is over.
pub const PARTITA_TIMEOUT: partita_status = 8;
/// The wait was cancelled through its `partita_cancel`.
pub const PARTITA_CANCELLED: partita_status = 9;
/// Intake has ended: `partita_app_stop` was called.
pub const PARTITA_STOPPED: partita_status = 10;
/// The application is closed or being closed.
pub const PARTITA_CLOSED: partita_status = 11;
/// From a call: the application failed; `partita_app_failure` tells why.
/// From a callback: the item at `done` could not be processed.
pub const PARTITA_FAILED: partita_status = 12;
/// The call would wait for itself: it was made inside a callback of the engine.
pub const PARTITA_WOULD_DEADLOCK: partita_status = 13;
/// The object is in use: a sender by another thread, a partition by messages in flight,
/// an application by what was not closed before.
pub const PARTITA_BUSY: partita_status = 14;
/// There is nothing of that name or number.
pub const PARTITA_NOT_FOUND: partita_status = 15;
/// From a callback: this kind of run is unknown to it. From a call: a struct asks for something
/// that this version of the library does not have.
pub const PARTITA_UNSUPPORTED: partita_status = 16;
/// From a `partita_run_fn`: the output memory is too small for the message at `done`.
pub const PARTITA_OUTPUTS_FULL: partita_status = 17;
/// The process was forked after the library was first used: the child cannot use it.
pub const PARTITA_FORKED: partita_status = 18;
/// A thread could not be started.
pub const PARTITA_THREAD: partita_status = 19;
/// A defect in the engine was caught. The application it happened in is failed; the process
/// goes on.
pub const PARTITA_INTERNAL: partita_status = 20;
/// A callback broke its contract (it claimed more than it was given, say).
pub const PARTITA_CONTRACT: partita_status = 21;
/// From a `partita_run_fn` that is called inside `partita_app_serve`: it took note of the run, and answers
/// later.
pub const PARTITA_LATER: partita_status = 22;
/// From a `partita_decode_frame_fn`: the frame is no message.
pub const PARTITA_FILTERED: partita_status = 23;
/// An address does not resolve, or cannot be listened on; the error object says which and why. What was
/// declared can be mended, and started again.
pub const PARTITA_ADDRESS: partita_status = 24;
