//! Types of the C ABI: what crosses the boundary, and what each field means.
//!
//! Structs that may grow begin with their own size.

use std::ffi::{c_char, c_void};

use super::status::partita_status;
use super::tcp::partita_log_fn;

/// One host object, as the engine holds it: a pointer or any 64-bit word. The engine never looks
/// inside.
#[repr(C)]
#[derive(Clone, Copy)]
pub union partita_value {
    /// The value as a pointer.
    pub ptr: *mut c_void,
    /// The value as a word.
    pub word: u64,
}

/// Text: `len` bytes of UTF-8, not terminated. Borrowed for the call it is passed to; `ptr` may
/// be NULL if `len` is 0.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct partita_str {
    /// The first byte.
    pub ptr: *const c_char,
    /// How many bytes.
    pub len: usize,
}

/// Any bytes: a key, kept and compared exactly. `ptr` may be NULL if `len` is 0.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct partita_bytes {
    /// The first byte.
    pub ptr: *const u8,
    /// How many bytes.
    pub len: usize,
}

/// An application: what a program declares, starts, feeds and stops.
/// From `partita_app_new` to `partita_app_free`. Any thread.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct partita_app {
    /// Zero is no application.
    pub id: u64,
}

/// A pipeline of an application: a source, then computations in order, then sinks or none.
/// Owned by its application and gone with it. Any thread.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct partita_pipeline {
    /// Zero is no pipeline.
    pub id: u64,
}

/// A handle through which one thread at a time sends into one pipeline; order is kept per sender.
/// From `partita_sender_new` to `partita_sender_free` or the end of its application.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct partita_sender {
    /// Zero is no sender.
    pub id: u64,
}

/// A handle through which any number of threads send into one pipeline, one message at a time or many,
/// which go on together. From `partita_buffer_new` to `partita_buffer_free` or the end of its
/// application.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct partita_buffer {
    /// Zero is no buffer.
    pub id: u64,
}

/// A sink of a pipeline. Owned by its application and gone with it. Any thread.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct partita_sink {
    /// Zero is no sink.
    pub id: u64,
}

/// A means to end a wait from another thread.
/// From `partita_cancel_new` to `partita_cancel_free`. Any thread.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct partita_cancel {
    /// Zero is "cannot be cancelled".
    pub id: u64,
}

/// A reader of the state parts of one partition.
/// From `partita_reader_new` to `partita_reader_free`. One thread at a time.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct partita_reader {
    /// Zero is no reader.
    pub id: u64,
}

/// Why a call failed: one or more mistakes, each with a code, a message and a path.
/// From the call that failed to `partita_error_free`. Any thread.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct partita_error {
    /// Zero is no error.
    pub id: u64,
}

/// How long a call may wait. NULL instead of a `partita_wait` means: as long as it takes.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct partita_wait {
    /// `sizeof(partita_wait)`.
    pub size: usize,
    /// The longest wait in nanoseconds; 0 means not to wait (`PARTITA_WOULD_BLOCK`), and
    /// `PARTITA_FOREVER` as long as it takes.
    pub timeout_ns: i64,
    /// Ends the wait when fired (`PARTITA_CANCELLED`); zero for none.
    pub cancel: partita_cancel,
}

/// When a buffer sends on what is in it, besides whenever nothing else of its pipeline is under way.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct partita_buffer_options {
    /// `sizeof(partita_buffer_options)`.
    pub size: usize,
    /// How many messages fill it; the default is 256. It is also emptied when a message finds no
    /// credit.
    pub messages: u64,
    /// How long the first message in it waits at most, in nanoseconds, while others are under way; the
    /// default is a millisecond, and with `PARTITA_FOREVER` it waits as long as they are.
    pub flush_ns: i64,
}

/// For `partita_wait.timeout_ns`: as long as it takes.
pub const PARTITA_FOREVER: i64 = -1;

/// One mistake of an error object. The strings live until `partita_error_free`.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct partita_error_item {
    /// `sizeof(partita_error_item)`; set by the caller.
    pub size: usize,
    /// Which kind of mistake: a status.
    pub code: partita_status,
    /// What is wrong, and what was expected.
    pub message: partita_str,
    /// Where, as in `application "x" / pipeline "y" / step 2 "z"`.
    pub path: partita_str,
}

/// Room that the engine lends to a callback for the reason of a failure: up to `capacity` bytes
/// of UTF-8 are written to `text` and counted in `len`. The engine copies it after the call.
#[repr(C)]
pub struct partita_failure {
    /// Where to write the reason.
    pub text: *mut c_char,
    /// How many bytes fit.
    pub capacity: usize,
    /// How many bytes the callback wrote; 0 on entry.
    pub len: usize,
}

/// Called exactly once when the engine needs `host` no more, also when the declaration that
/// carried it was refused for what it says (NULL members, mistakes found by the check). Any
/// thread. It is not called if the call answers `PARTITA_INVALID_HANDLE`, `PARTITA_FORKED` or
/// cannot read the struct at all (NULL, impossible `size`).
pub type partita_drop_host_fn = Option<unsafe extern "C" fn(host: *mut c_void)>;

/// Takes back values that the engine holds and no callback will get: each is the host's again.
/// Any thread, also several at once.
pub type partita_drop_fn =
    Option<unsafe extern "C" fn(host: *mut c_void, values: *const partita_value, len: usize)>;

/// Announces that each of the values will be handed out `times` times in all, because that many
/// sinks take it. Any thread, also several at once.
pub type partita_share_fn = Option<
    unsafe extern "C" fn(host: *mut c_void, values: *const partita_value, len: usize, times: usize),
>;

// ---- application ----

/// For `partita_app_options.threads`: the engine starts the workers' threads (the default).
pub const PARTITA_THREADS_ENGINE: u32 = 0;
/// For `partita_app_options.threads`: the host's threads enter `partita_app_run_worker`.
pub const PARTITA_THREADS_HOST: u32 = 1;
/// For `partita_app_options.threads`: there are none. Everything is run by the thread that calls
/// `partita_app_step`, as an event loop does, or that waits for something of the application.
pub const PARTITA_THREADS_NONE: u32 = 2;
/// For `partita_app_options.threads`: there are none, as with `PARTITA_THREADS_NONE`; what runs next,
/// and how many messages of it together, is chosen at random from `seed`, and the clock stands still
/// but for `partita_app_advance`. For tests: a seed is one interleaving, and the same one each time.
pub const PARTITA_THREADS_STEPPED: u32 = 3;

/// What `partita_app_new` is told. Zero means default in every field but `size` and `name`.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct partita_app_options {
    /// `sizeof(partita_app_options)`.
    pub size: usize,
    /// The application's name, used in paths. Not empty.
    pub name: partita_str,
    /// How many workers, at most 1,024 (the check refuses more); the default is one for each
    /// processor. Threads of blocking steps come on top. Without threads it says into how many pieces
    /// the work is cut; the default is 1, and 16 with `PARTITA_THREADS_STEPPED`.
    pub workers: u32,
    /// Whose threads run it: `PARTITA_THREADS_ENGINE`, `PARTITA_THREADS_HOST`,
    /// `PARTITA_THREADS_NONE` or `PARTITA_THREADS_STEPPED`.
    pub threads: u32,
    /// How many classes the keys of each partition are sorted into, fixed for good for stored
    /// state; the default is 4,096, the least 2, the most 65,536.
    pub key_groups: u32,
    /// How many messages at most are handed to a callback together; the default is 1,024, the
    /// most 65,536.
    pub run_length: u32,
    /// The stack of a thread that the engine starts, in bytes; the default is 2 MiB.
    pub stack_size: usize,
    /// Passed to `dead_letters`.
    pub host: *mut c_void,
    /// Called once when `host` is needed no more. May be NULL.
    pub drop_host: partita_drop_host_fn,
    /// Gets every message that the application could not process, also the one that made it fail.
    /// NULL: such messages are counted and handed to the `drop` of the source or step that made
    /// them.
    pub dead_letters: partita_dead_letters_fn,
    /// With `PARTITA_THREADS_HOST`: how a worker sleeps when there is nothing to do, for hosts whose
    /// threads should not sleep inside the engine. NULL: in the engine's own way. Not called where a worker sleeps
    /// outside: see `partita_app_serve_turn`.
    pub park: partita_park_fn,
    /// Ends the sleep of a worker, or tells a sender of room (`partita_sender_watch`). Set if `park` is.
    pub unpark: partita_unpark_fn,
    /// With `PARTITA_THREADS_NONE`: tells the time. NULL: the system's clock.
    pub now: partita_now_fn,
    /// With `PARTITA_THREADS_STEPPED`: which interleaving; else 0.
    pub seed: u64,
    /// Learns what became of batches that were sent with tokens. NULL: completions are polled with
    /// `partita_app_poll_completions`. It gets `host`.
    pub completed: partita_completed_fn,
    /// Takes note of what happens at sockets. NULL: nobody does. It gets `host`.
    pub log: partita_log_fn,
}

/// The time since some moment in the past, in nanoseconds; it never goes back. Called by whoever
/// steps or waits, with the `host` of the application's options; it calls nothing of the engine.
pub type partita_now_fn = Option<unsafe extern "C" fn(host: *mut c_void) -> i64>;

/// What `partita_app_step` came to.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct partita_stepped {
    /// `sizeof(partita_stepped)`; set by the caller.
    pub size: usize,
    /// How many turns were run.
    pub turns: u64,
    /// How long until there is something to run again, in nanoseconds, unless something comes from
    /// outside meanwhile: 0 if there is at once, `PARTITA_FOREVER` if there never is.
    pub idle_ns: i64,
}

/// What `partita_app_serve_turn` came out with; since 0.2.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct partita_served {
    /// `sizeof(partita_served)`; set by the caller.
    pub size: usize,
    /// A run to compute, or NULL.
    pub run: *mut partita_run,
    /// Without a run: how long the worker may sleep at most, in nanoseconds, or `PARTITA_FOREVER`.
    pub idle_ns: i64,
}

/// Sleeps on the thread of this worker, or of a blocking step, until it is unparked (or was, since it
/// last slept), or `timeout_ns` is over, unless that is `PARTITA_FOREVER`. It may also return for no reason. It must
/// return, and calls nothing of the engine.
pub type partita_park_fn =
    Option<unsafe extern "C" fn(host: *mut c_void, worker: u32, timeout_ns: i64)>;

/// Ends the sleep of this worker, or its next one; or tells who asked for it with a number of its own
/// (`partita_sender_watch`). Any thread; it must not wait, and calls nothing of the engine.
pub type partita_unpark_fn = Option<unsafe extern "C" fn(host: *mut c_void, worker: u32)>;

// ---- partition ----

/// For `partita_partition_options.key_kind`: keys are 64-bit words.
pub const PARTITA_KEY_WORD: u32 = 0;
/// For `partita_partition_options.key_kind`: keys are bytes, kept and compared exactly.
pub const PARTITA_KEY_BYTES: u32 = 1;
/// For `partita_partition_options.key_kind`: there is one part only, and no key.
pub const PARTITA_KEY_SINGLE: u32 = 2;

/// A request to build the state of new keys.
#[repr(C)]
pub struct partita_build {
    /// The engine's `sizeof(partita_build)`.
    pub size: usize,
    /// How many states to build.
    pub len: usize,
    /// The keys, if they are words, else NULL.
    pub word_keys: *const u64,
    /// The keys, if they are bytes, else NULL.
    pub byte_keys: *const partita_bytes,
    /// Where to write the states: `len` of them.
    pub states: *mut partita_value,
    /// How many states were built, from the first one on; 0 on entry.
    pub done: usize,
    /// The reason, if building the state at `done` failed.
    pub failure: partita_failure,
}

/// Builds the states of new keys, in batches. Answers `PARTITA_OK` with `done == len`, or
/// `PARTITA_FAILED` if the state at `done` could not be built: its message becomes a dead letter
/// and the engine asks again for the rest. Worker threads, also several at once.
pub type partita_build_fn =
    Option<unsafe extern "C" fn(host: *mut c_void, build: *mut partita_build) -> partita_status>;

/// Sets up the engine-owned memory of one new state. It is zeroed and aligned. Answers
/// `PARTITA_OK`, or any other status if that failed. Worker threads, also several at once.
pub type partita_state_init_fn =
    Option<unsafe extern "C" fn(host: *mut c_void, state: *mut c_void) -> partita_status>;

/// Releases what is inside one engine-owned state; the memory itself is the engine's. Any thread,
/// also several at once, each for another state.
pub type partita_state_drop_fn =
    Option<unsafe extern "C" fn(host: *mut c_void, state: *mut c_void)>;

/// A state partition: a named set of state parts. Its states are either the host's (`build`, and
/// `drop_state` if they need to be released) or memory that the engine owns (`state_size`).
#[repr(C)]
#[derive(Clone, Copy)]
pub struct partita_partition_options {
    /// `sizeof(partita_partition_options)`.
    pub size: usize,
    /// The partition's name. Not empty; one of its kind in the application.
    pub name: partita_str,
    /// What its keys are: `PARTITA_KEY_WORD`, `PARTITA_KEY_BYTES` or `PARTITA_KEY_SINGLE`.
    pub key_kind: u32,
    /// 1: only the keys listed exist, each once, and a message of any other key is a dead letter.
    /// Their states are built by the workers before the first message; if one cannot be, the
    /// application fails. 0: the state of a key is built when its first message comes. A single
    /// part is built at the start, in either case.
    pub declared: u32,
    /// The declared keys, if they are words.
    pub word_keys: *const u64,
    /// The declared keys, if they are bytes.
    pub byte_keys: *const partita_bytes,
    /// How many keys are declared.
    pub keys_len: usize,
    /// Passed to the callbacks below.
    pub host: *mut c_void,
    /// Called once when `host` is needed no more. May be NULL.
    pub drop_host: partita_drop_host_fn,
    /// Builds states that are the host's own; NULL with `state_size`.
    pub build: partita_build_fn,
    /// Takes back states made by `build`. May be NULL.
    pub drop_state: partita_drop_fn,
    /// The size in bytes of a state that the engine owns; 0 with `build`. Wherever a state is
    /// passed, it is then `ptr`, the address of that memory, which stays the same until
    /// `state_drop`.
    pub state_size: usize,
    /// Its alignment, a power of two; the default is that of `max_align_t`.
    pub state_align: usize,
    /// Sets up a new engine-owned state. NULL: zeroed memory will do.
    pub state_init: partita_state_init_fn,
    /// Releases what is inside an engine-owned state. May be NULL.
    pub state_drop: partita_state_drop_fn,
}

// ---- pipeline ----

/// The in-process source of a pipeline, fed by senders.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct partita_source_options {
    /// `sizeof(partita_source_options)`.
    pub size: usize,
    /// How many messages may be in flight, counted with all that descends from them; the default
    /// is 16,384. Fan-out may overdraw it by one output array per shard, and in stateless steps that
    /// the pipeline begins with by what comes of one run for each sender.
    pub credits: u64,
    /// Passed to the callbacks below.
    pub host: *mut c_void,
    /// Called once when `host` is needed no more. May be NULL.
    pub drop_host: partita_drop_host_fn,
    /// Takes back messages of this source. May be NULL.
    pub drop: partita_drop_fn,
    /// Announces that a message goes to several sinks (a pipeline without steps). May be NULL.
    pub share: partita_share_fn,
}

/// What a partition function is given: messages, for each of which it writes the key.
#[repr(C)]
pub struct partita_keys {
    /// The engine's `sizeof(partita_keys)`.
    pub size: usize,
    /// How many messages.
    pub len: usize,
    /// The messages, borrowed: they stay the engine's.
    pub values: *const partita_value,
    /// Where to write the keys if they are words, else NULL.
    pub words: *mut u64,
    /// Where to write the keys if they are bytes, else NULL. The bytes may be inside the message,
    /// or in `scratch`; the engine copies them after the call.
    pub bytes: *mut partita_bytes,
    /// Memory the engine lends for the bytes of keys.
    pub scratch: *mut u8,
    /// How many bytes `scratch` has.
    pub scratch_len: usize,
    /// How many keys were written, from the first one on; 0 on entry. It may be fewer than `len`
    /// when `scratch` is used up: the engine asks again for the rest.
    pub done: usize,
    /// The reason, if no key could be found for the message at `done`.
    pub failure: partita_failure,
}

/// Finds the keys of many messages. Answers `PARTITA_OK`, or `PARTITA_FAILED` if the message at
/// `done` has none: it follows the step's policy and the engine asks again for the rest.
/// The sender's thread or a worker's, also several at once.
pub type partita_partition_fn =
    Option<unsafe extern "C" fn(host: *mut c_void, keys: *mut partita_keys) -> partita_status>;

/// Finds the key of one message. The sender's thread or a worker's, also several at once.
pub type partita_word_key_fn =
    Option<unsafe extern "C" fn(host: *mut c_void, data: partita_value) -> u64>;

/// Finds the key of one message, as bytes that live as long as the message does, or longer.
/// The sender's thread or a worker's, also several at once.
pub type partita_byte_key_fn =
    Option<unsafe extern "C" fn(host: *mut c_void, data: partita_value) -> partita_bytes>;

/// For `partita_run.kind`: messages to compute. Any other kind is answered `PARTITA_UNSUPPORTED`.
pub const PARTITA_RUN_DATA: u32 = 0;

/// A flag of a message: it changed its state part.
pub const PARTITA_CHANGED: u8 = 1;
/// A flag of a message: its state part is to be deleted. The message must be the last one of its
/// run that is done; a later message of the key finds a new part (or, with declared keys, none).
pub const PARTITA_DELETE: u8 = 2;

/// One output of a run: a message that follows from the message at index `from`.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct partita_output {
    /// The new message. It may be the value of the message it follows from.
    pub value: partita_value,
    /// The index of that message in the run. Outputs are written in ascending order of it.
    pub from: u64,
}

/// Messages of one step, for keys that no other thread has at the same time, in order.
#[repr(C)]
pub struct partita_run {
    /// The engine's `sizeof(partita_run)`.
    pub size: usize,
    /// What kind of run: `PARTITA_RUN_DATA`.
    pub kind: u32,
    /// Which step, counted from 0 within its pipeline.
    pub step: u32,
    /// How many messages.
    pub len: usize,
    /// The messages. Those that are done are the host's.
    pub values: *const partita_value,
    /// The state part of each message: the same word for the same key.
    pub states: *const partita_value,
    /// The keys, if they are words, else NULL.
    pub word_keys: *const u64,
    /// The keys, if they are bytes, else NULL.
    pub byte_keys: *const partita_bytes,
    /// Reserved: NULL.
    pub times: *const i64,
    /// Where to write the outputs.
    pub outputs: *mut partita_output,
    /// How many outputs fit. At least `len` on entry; `partita_run_reserve` makes it more.
    pub outputs_capacity: usize,
    /// How many outputs were written, all of messages that are done; 0 on entry.
    pub outputs_len: usize,
    /// Where to write the flags of each message; 0 on entry.
    pub flags: *mut u8,
    /// How many messages are done, from the first one on; 0 on entry. It may be fewer than `len`:
    /// the rest comes again, first of all.
    pub done: usize,
    /// The reason, if the message at `done` failed.
    pub failure: partita_failure,
    /// The engine's own.
    pub engine: *mut c_void,
    /// Not 0: the callback may answer `PARTITA_LATER`; see `partita_app_serve`.
    pub later: u32,
}

/// Computes a run. Answers `PARTITA_OK`; `PARTITA_FAILED` if the message at `done` failed (it
/// follows the step's policy, what is done stays done, and its own outputs must not be among
/// those counted); `PARTITA_OUTPUTS_FULL` if the outputs of the message at `done` do not fit;
/// `PARTITA_UNSUPPORTED` for a kind it does not know; or `PARTITA_LATER` if `run->later` is not 0. Worker threads, several at once for
/// different state parts.
pub type partita_run_fn =
    Option<unsafe extern "C" fn(host: *mut c_void, run: *mut partita_run) -> partita_status>;

/// Takes the outputs of one message; see `partita_emit`.
pub struct partita_emitter {
    pub(super) outputs: Vec<crate::host::Output>,
    pub(super) from: u64,
    pub(super) failure: String,
}

/// For `partita_compute_fn`: the message could not be processed.
pub const PARTITA_COMPUTE_FAILED: i32 = -1;

/// Computes one message with the state part of its key, and emits what follows with
/// `partita_emit`. The message is the callee's. Answers flags, not a status: 0, `PARTITA_CHANGED`
/// or `PARTITA_DELETE` (or both); or `PARTITA_COMPUTE_FAILED`: then the message stays the engine's,
/// what it emitted is handed to the step's `drop`, and it follows the step's policy. Any other
/// answer breaks the contract, and the application fails. Worker threads, several at once for
/// different state parts.
pub type partita_compute_fn = Option<
    unsafe extern "C" fn(
        host: *mut c_void,
        data: partita_value,
        state: partita_value,
        emitter: *mut partita_emitter,
    ) -> i32,
>;

/// For `policy`: the application fails (the default). Intake ends, the message becomes a dead
/// letter, what is queued is dropped and counted, and `partita_app_wait` answers the failure.
pub const PARTITA_POLICY_STOP: u32 = 0;
/// For `policy`: the message becomes a dead letter and the application goes on. The state part
/// keeps what the failed call did to it.
pub const PARTITA_POLICY_SKIP: u32 = 1;
/// For `policy` of a step: the message becomes a dead letter, its key gets a freshly built state,
/// and the application goes on (only with a state). The old state is handed to `drop_state`. If the new one cannot be
/// built, the application fails. Failures of the partition function, and of building a state on
/// first use, are skipped.
pub const PARTITA_POLICY_RESET: u32 = 2;

/// For `policy` of a step: the message becomes a dead letter, its key is put in quarantine, and the
/// application goes on. Until the key is released (`partita_quarantine_release`) every later message
/// of it becomes a dead letter (`PARTITA_DEAD_QUARANTINED`), at every step that uses the partition and
/// whatever that step's policy: the state may be damaged. It is kept as the failed call left it.
/// Failures of the partition function are skipped.
pub const PARTITA_POLICY_QUARANTINE: u32 = 3;

/// For `retries`: the most.
pub const PARTITA_RETRIES_MAX: u32 = 1_000_000;
/// For `retry_pause_ns`: the longest pause, a day.
pub const PARTITA_RETRY_PAUSE_MAX_NS: u64 = 86_400_000_000_000;

/// A state computation: a step of a pipeline. It has one partition function (none if its
/// partition has a single part) and one computation, each in one of two forms.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct partita_step_options {
    /// `sizeof(partita_step_options)`.
    pub size: usize,
    /// The step's name; one of its kind in its pipeline. Not empty.
    pub name: partita_str,
    /// The name of its state partition.
    pub partition: partita_str,
    /// What happens when a message fails: `PARTITA_POLICY_…`.
    pub policy: u32,
    /// Passed to the callbacks below.
    pub host: *mut c_void,
    /// Called once when `host` is needed no more. May be NULL.
    pub drop_host: partita_drop_host_fn,
    /// The partition function for many messages, of either key kind.
    pub keys: partita_partition_fn,
    /// Or the partition function for one message, if keys are words.
    pub word_key: partita_word_key_fn,
    /// Or the partition function for one message, if keys are bytes.
    pub byte_key: partita_byte_key_fn,
    /// The computation for many messages.
    pub run: partita_run_fn,
    /// Or the computation for one message.
    pub compute: partita_compute_fn,
    /// Takes back outputs of this step. May be NULL, for instance if it never emits.
    pub drop: partita_drop_fn,
    /// Announces that an output goes to several sinks. May be NULL.
    pub share: partita_share_fn,
    /// What finds the keys of this step as well, with `host`, where it runs stateless steps right
    /// before it. May be NULL. Not instead of `keys`.
    pub chain: partita_chain_fn,
    /// Not 0: the computation may block, for instance on a disk or on a remote service, and has so many
    /// threads of its own, so that nothing else waits for it. All that is promised of a step is
    /// promised of it. The threads run everything of its partition: computations and partition functions
    /// of all steps that use it, and its builders, because a part is one thread's at a time. Blocking
    /// steps of one partition have the same number of threads, and share them. At most 1,024 in all
    /// steps together (the check refuses more). With `PARTITA_THREADS_HOST` see
    /// `partita_app_thread_count`.
    pub blocking: u32,
    /// How many times a message is tried again, on which the computation or the building of its state
    /// failed, before the policy says what becomes of it; at most `PARTITA_RETRIES_MAX`. The state keeps
    /// what the failed call did to it. Later messages of its key wait behind it, and other keys go on.
    /// All of them hold their credits meanwhile. (A partition function is not tried again.)
    pub retries: u32,
    /// How long each time is behind the one before, at least, in nanoseconds; at most
    /// `PARTITA_RETRY_PAUSE_MAX_NS`, and 0 without retries.
    pub retry_pause_ns: u64,
}

// ---- stateless steps ----

/// Messages of stateless steps next to each other: those with the same `partita_chain_fn` are run in one
/// call, depth first. All that is pointed to is the engine's and lent for the call.
///
/// The call writes what has come through all of the steps to `outputs`, in order, and how many messages
/// each step completed to `completed`. It may stop between any two messages at any two steps: then what
/// is on its way is written to `outputs` as well, the furthest first, and counted in `waiting`.
#[repr(C)]
pub struct partita_chain {
    /// The engine's `sizeof(partita_chain)`.
    pub size: usize,
    /// The first of the steps, counted from 0 within its pipeline.
    pub step: u32,
    /// How many steps.
    pub steps: u32,
    /// The `host` of each step; if keys may be written, that of the step behind them comes last.
    pub hosts: *const *mut c_void,
    /// How many messages.
    pub len: usize,
    /// The messages, which wait for the first step. Those that are done are the host's.
    pub values: *const partita_value,
    /// Where to write outputs. `from` is the index of the message that an output descends from.
    pub outputs: *mut partita_output,
    /// How many outputs fit; `partita_chain_reserve` makes room for more.
    pub outputs_capacity: usize,
    /// How many outputs were written; 0 on entry. They are those of the messages that are done.
    pub outputs_len: usize,
    /// For each step but the first, how many outputs still wait for it; 0 on entry. Those that wait
    /// for the second step are the last outputs, those for the third come before them, and so on. In
    /// all there are as many as are not through.
    pub waiting: *mut usize,
    /// For each step, how many messages it completed; 0 on entry. What the first step completed are
    /// the messages that are done, from the first one on.
    pub completed: *mut usize,
    /// Where to write the keys of outputs that are through, if they may be found here and are words,
    /// else NULL: for the step behind, which has the same `partita_chain_fn`.
    pub word_keys: *mut u64,
    /// The same if keys are bytes, else NULL; see `partita_keys.bytes`.
    pub byte_keys: *mut partita_bytes,
    /// Memory the engine lends for the bytes of keys.
    pub scratch: *mut u8,
    /// How many bytes `scratch` has.
    pub scratch_len: usize,
    /// For how many outputs a key was written, from the first one on; 0 on entry. For the others the
    /// partition function is asked.
    pub keys_len: usize,
    /// What failed, if `failed_step` is not 0.
    pub failed: partita_value,
    /// At which step, 0 for the first one, a message failed; 0 on entry. At the first step that is the
    /// message that is not done. `steps` if no key was found for one that is through.
    pub failed_step: u32,
    /// The index of the message that it descends from, which is done, if `failed_step` is not 0.
    pub failed_from: u32,
    /// The reason, if a message failed.
    pub failure: partita_failure,
    /// The engine's; not to be touched.
    pub engine: *mut c_void,
}

/// Runs many messages through stateless steps. Answers `PARTITA_OK`; `PARTITA_FAILED` if a message
/// failed: it follows the policy of the step it failed at, and the engine goes on with what waits and
/// what is not done; or `PARTITA_OUTPUTS_FULL` if the outputs of the first message do not fit: it comes
/// again with room for more. `host` is that of the first step. The sender's thread or a worker's,
/// several at once.
pub type partita_chain_fn =
    Option<unsafe extern "C" fn(host: *mut c_void, chain: *mut partita_chain) -> partita_status>;

/// A stateless computation: a step of a pipeline, in one of two forms.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct partita_computation_options {
    /// `sizeof(partita_computation_options)`.
    pub size: usize,
    /// The step's name; one of its kind in its pipeline. Not empty.
    pub name: partita_str,
    /// What happens when a message fails: `PARTITA_POLICY_STOP` or `PARTITA_POLICY_SKIP`.
    pub policy: u32,
    /// 1: the step is spread over the workers, several messages of a key at once. From there on the
    /// messages of a key come in any order.
    pub parallel: u32,
    /// Passed to the callbacks below.
    pub host: *mut c_void,
    /// Called once when `host` is needed no more. May be NULL.
    pub drop_host: partita_drop_host_fn,
    /// The computation for one message; its `state` is 0, and it answers 0 or
    /// `PARTITA_COMPUTE_FAILED`. Before the first step with a state it is called on the sender's
    /// thread.
    pub compute: partita_compute_fn,
    /// Or the computation for many messages, also of other steps.
    pub chain: partita_chain_fn,
    /// Takes back outputs of this step. May be NULL, for instance if it never emits.
    pub drop: partita_drop_fn,
    /// Announces that an output goes to several sinks. May be NULL.
    pub share: partita_share_fn,
    /// Not 0: the computation may block, and has so many threads of its own, which run the stateless
    /// steps behind it as well; see `partita_step_options.blocking`. Only with `parallel`.
    pub blocking: u32,
}

/// Messages handed to a sink.
#[repr(C)]
pub struct partita_delivery {
    /// The engine's `sizeof(partita_delivery)`.
    pub size: usize,
    /// How many messages.
    pub len: usize,
    /// The messages. Those that are done are the host's.
    pub values: *const partita_value,
    /// How many are done, from the first one on; 0 on entry. Fewer than `len`: the rest comes
    /// again.
    pub done: usize,
    /// The reason, if the message at `done` failed.
    pub failure: partita_failure,
}

/// Takes messages at the end of a pipeline: one call at a time, messages of one key in order.
/// Answers `PARTITA_OK`, or `PARTITA_FAILED` if the message at `done` could not be taken: it
/// follows the sink's policy. A worker's thread: a call that blocks holds up that worker.
pub type partita_sink_fn = Option<
    unsafe extern "C" fn(host: *mut c_void, delivery: *mut partita_delivery) -> partita_status,
>;

/// A sink: a callback, callers to be answered, or (without either) a bounded queue that the host polls.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct partita_sink_options {
    /// `sizeof(partita_sink_options)`.
    pub size: usize,
    /// The sink's name; one of its kind in its pipeline. Not empty.
    pub name: partita_str,
    /// What happens when the callback fails: `PARTITA_POLICY_STOP` or `PARTITA_POLICY_SKIP`.
    pub policy: u32,
    /// Passed to `deliver`.
    pub host: *mut c_void,
    /// Called once when `host` is needed no more. May be NULL.
    pub drop_host: partita_drop_host_fn,
    /// Takes the messages. NULL: they are queued for `partita_sink_poll`.
    pub deliver: partita_sink_fn,
    /// How many messages the queue holds; when it is full, what emits to it stalls. The default
    /// is 4,096. Not with `deliver`.
    pub capacity: u64,
    /// Answers callers: takes what descends from messages that were sent with a token. Other messages
    /// that come to this sink are counted as discarded and handed to `drop`. It gets `host`. Not with
    /// `deliver` or `capacity`; one of its kind in its pipeline.
    pub answer: partita_answer_fn,
    /// How many times a message is tried again on which the callback failed, before the policy says
    /// what becomes of it; at most `PARTITA_RETRIES_MAX`. All messages of the sink wait behind it. Not for
    /// a queue.
    pub retries: u32,
    /// How long each time is behind the one before, at least, in nanoseconds; at most
    /// `PARTITA_RETRY_PAUSE_MAX_NS`, and 0 without retries.
    pub retry_pause_ns: u64,
}

/// Messages that descend from some that were sent with tokens.
#[repr(C)]
pub struct partita_answers {
    /// The engine's `sizeof(partita_answers)`.
    pub size: usize,
    /// How many messages.
    pub len: usize,
    /// The messages. Those that are done are the host's.
    pub values: *const partita_value,
    /// For each, the token of what it descends from.
    pub tokens: *const u64,
    /// How many are done, from the first one on; 0 on entry. Fewer than `len`: the rest comes
    /// again.
    pub done: usize,
    /// The reason, if the message at `done` failed.
    pub failure: partita_failure,
}

/// Takes answers: one call at a time, messages of one key in order. A message comes here before the
/// completion of what it descends from is reported. Answers `PARTITA_OK`, or `PARTITA_FAILED` if the message
/// at `done` could not be taken: it follows the sink's policy. A worker's thread: a call that blocks holds
/// up that worker.
pub type partita_answer_fn = Option<
    unsafe extern "C" fn(host: *mut c_void, answers: *mut partita_answers) -> partita_status,
>;

// ---- dead letters ----

/// Why a message died: its key was not declared.
pub const PARTITA_DEAD_UNKNOWN_KEY: u32 = 0;
/// Why a message died: the partition function failed on it.
pub const PARTITA_DEAD_PARTITION: u32 = 1;
/// Why a message died: the state of its key could not be built.
pub const PARTITA_DEAD_BUILD: u32 = 2;
/// Why a message died: the computation failed on it.
pub const PARTITA_DEAD_COMPUTE: u32 = 3;
/// Why a message died: a sink failed on it.
pub const PARTITA_DEAD_SINK: u32 = 4;
/// Why a message died: it was queued when the application failed.
pub const PARTITA_DEAD_FAILED: u32 = 5;
/// Why a message died: it was queued when the application was closed.
pub const PARTITA_DEAD_CLOSED: u32 = 6;
/// Why a message died: its key is in quarantine.
pub const PARTITA_DEAD_QUARANTINED: u32 = 7;
/// Why a message died: it is a frame of a source that could not be decoded.
pub const PARTITA_DEAD_DECODE: u32 = 8;
/// How many reasons there are; a newer library may know more.
pub const PARTITA_DEAD_REASONS: usize = 9;
/// How many reasons counters have room for; those that are none are zero.
pub const PARTITA_DEAD_ROOM: usize = 16;

/// One message that could not be processed. Messages that die queued (reasons
/// `PARTITA_DEAD_FAILED` and `PARTITA_DEAD_CLOSED`) are counted and dropped, and do not come here.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct partita_dead_letter {
    /// The message; the host's. It is what the stage was to take: for the first step a message of
    /// the source, for another an output of the step before.
    pub value: partita_value,
    /// Why it died; `partita_dead_reason_name` names it.
    pub reason: u32,
    /// 1 if `word_key` or `byte_key` is its key at this step, 0 if it has none.
    pub has_key: u32,
    /// Its key, if a word.
    pub word_key: u64,
    /// Its key, if bytes; else NULL.
    pub byte_key: partita_bytes,
    /// Where it died: the number of the stage, as for `partita_app_stage`.
    pub stage: u64,
    /// Where it died, as in `application "x" / pipeline "y" / step 2 "z"`.
    pub path: partita_str,
    /// What the callback said of it; may be empty.
    pub text: partita_str,
    /// With `PARTITA_DEAD_DECODE`: the frame, and `value` is none; else NULL.
    pub frame: partita_bytes,
}

/// Dead letters, in the order they died. All that is pointed to is borrowed for the call.
#[repr(C)]
pub struct partita_dead_letters {
    /// The engine's `sizeof(partita_dead_letters)`.
    pub size: usize,
    /// How many letters.
    pub len: usize,
    /// The letters; as many bytes apart as `letter_size` says.
    pub letters: *const partita_dead_letter,
    /// The engine's `sizeof(partita_dead_letter)`.
    pub letter_size: usize,
    /// How many are done, from the first one on; 0 on entry. Only looked at when the call fails:
    /// the application then fails, the letter at `done` is handed to the `drop` of the source or
    /// step that made it, and the rest comes again.
    pub done: usize,
    /// The reason, if the letter at `done` could not be handled.
    pub failure: partita_failure,
}

/// Takes dead letters: one call at a time. Answers `PARTITA_OK`. A worker's thread.
pub type partita_dead_letters_fn = Option<
    unsafe extern "C" fn(host: *mut c_void, letters: *mut partita_dead_letters) -> partita_status,
>;

// ---- sending ----

/// A batch to send, with what the host knows of it already.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct partita_batch {
    /// `sizeof(partita_batch)`.
    pub size: usize,
    /// How many messages.
    pub len: usize,
    /// The messages. The same word may be sent again: it is handed back once for each time.
    pub values: *const partita_value,
    /// The keys of the first step, if they are words; NULL: the partition function is asked.
    pub word_keys: *const u64,
    /// The keys of the first step, if they are bytes; NULL: the partition function is asked.
    pub byte_keys: *const partita_bytes,
    /// 1 + the index of the one message for which the host found no key; 0 for none. It must be
    /// the last of the batch; its key is not looked at. It is a dead letter with reason `PARTITA_DEAD_PARTITION` and
    /// follows the first step's policy.
    pub failed: usize,
    /// What to say of that message.
    pub failure: partita_str,
    /// Asks for completions: what the host calls each. NULL: for none.
    pub tokens: *const u64,
    /// How many tokens: 1 for one completion of all messages that are accepted, `len` for one of each
    /// message that is; 0 for none. If nothing is accepted, there is no completion.
    pub tokens_len: usize,
    /// With tokens: where to write the position behind the last message that was accepted, for
    /// `partita_pipeline_watermark`. It is written if one was. NULL if not wanted.
    pub position_out: *mut u64,
}

// ---- completions ----

/// What became of what was sent with a token: nothing that descends from it is left. Its outputs were
/// delivered or dropped, or it or they died.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct partita_completion {
    /// The token.
    pub token: u64,
    /// How many of the messages that descend from it, itself included, died.
    pub dead: u64,
    /// Why the first of them died; 0 if none did.
    pub reason: u32,
    /// What the callback said of the first of them; may be empty.
    pub text: partita_str,
}

/// Completions, in the order they came about. All that is pointed to is borrowed for the call.
#[repr(C)]
pub struct partita_completed {
    /// The engine's `sizeof(partita_completed)`.
    pub size: usize,
    /// How many completions.
    pub len: usize,
    /// The completions; as many bytes apart as `completion_size` says.
    pub completions: *const partita_completion,
    /// The engine's `sizeof(partita_completion)`.
    pub completion_size: usize,
    /// The reason, if the call fails.
    pub failure: partita_failure,
}

/// Learns of completions, each exactly once, also when the application fails or closes: one call at a
/// time. Answers `PARTITA_OK`; if it fails, the application does. A worker's thread, or the one that
/// closes.
pub type partita_completed_fn = Option<
    unsafe extern "C" fn(host: *mut c_void, completed: *mut partita_completed) -> partita_status,
>;

/// Completions, as `partita_app_poll_completions` writes them: the caller brings the arrays.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct partita_completions {
    /// `sizeof(partita_completions)`.
    pub size: usize,
    /// How many completions the arrays hold.
    pub capacity: usize,
    /// Where to write the tokens.
    pub tokens: *mut u64,
    /// Where to write how many messages died of each; NULL if not wanted.
    pub dead: *mut u64,
    /// Where to write why the first of them died; 0 if none did. NULL if not wanted.
    pub reasons: *mut u32,
    /// Where to write what was said of the first of them: for each `text_size` bytes, of which what is
    /// written ends with a NUL. NULL if not wanted.
    pub texts: *mut c_char,
    /// How many bytes of `texts` there are for each completion.
    pub text_size: usize,
}

/// Messages to admit, for `partita_sender_admit`.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct partita_admission {
    /// `sizeof(partita_admission)`.
    pub size: usize,
    /// How many messages.
    pub wanted: usize,
    /// Asks for completions: what the host calls each. NULL: for none.
    pub tokens: *const u64,
    /// How many tokens: `wanted` for one completion of each message that is admitted; 1 for one of all
    /// that is admitted with it until the batch ends: by a push that says so, by an admission of 0 or with
    /// another token, or by another send; 0 for none.
    pub tokens_len: usize,
    /// With tokens: where to write the position behind the last message that was admitted, for
    /// `partita_pipeline_watermark`. NULL if not wanted.
    pub position_out: *mut u64,
    /// The keys of the messages at the first step, if it has a state and keys that are words: with them the
    /// messages are arranged. NULL: they are not.
    pub word_keys: *const u64,
    /// Where to write in which order the messages that are admitted are to be pushed: the index of the
    /// one that comes first, of the one that comes second, and so on. Those that one shard computes
    /// come together, in their order: a host that lays its messages out like this in memory spares the
    /// workers from taking cache lines from each other. NULL without `word_keys`.
    pub order: *mut u32,
}

/// What came of messages that were admitted, for `partita_sender_push`.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct partita_push {
    /// `sizeof(partita_push)`.
    pub size: usize,
    /// How many of the admitted messages are over: all that came of them was pushed, or is here.
    pub done: usize,
    /// How many messages come: those that have come through the steps, and those that still wait for some.
    pub len: usize,
    /// These messages, in order: as for `partita_chain.outputs`.
    pub values: *const partita_value,
    /// The keys at the step behind of those that are through, if they are words; NULL: the partition
    /// function is asked.
    pub word_keys: *const u64,
    /// The same if they are bytes.
    pub byte_keys: *const partita_bytes,
    /// For each stateless step that the pipeline begins with, how many messages it completed.
    pub completed: *const usize,
    /// How many steps those are.
    pub steps: usize,
    /// 1 if a message failed, which was not completed at its step.
    pub failed: u32,
    /// At which step, counted from 0; `steps` if no key was found for it.
    pub failed_step: u32,
    /// That message, as it came to the step. It follows the step's policy.
    pub failed_value: partita_value,
    /// What to say of it.
    pub failure: partita_str,
    /// For each of the steps, how many of the values wait for it, as for `partita_chain.waiting`: the
    /// engine runs the steps, unless the application has failed or closes. NULL if none does.
    pub waiting: *const usize,
    /// How many of the admitted messages, the last ones, will not be sent: their credits are given back.
    pub given_up: usize,
    /// For each of the values, which of the admitted messages it descends from, counted from the first
    /// one of the admission. NULL unless there is a token for each message.
    pub from: *const u32,
    /// The same for the message that failed.
    pub failed_from: u32,
    /// 1: no more messages of the batch will be admitted.
    pub ends: u32,
    /// 1: the messages come in the order of their admission, all of them, and with the keys that it was given;
    /// then `word_keys` and `byte_keys` are NULL.
    pub arranged: u32,
}

// ---- reading ----

/// State parts, as `partita_reader_next` writes them: the caller brings the arrays.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct partita_parts {
    /// `sizeof(partita_parts)`.
    pub size: usize,
    /// How many parts the arrays hold.
    pub capacity: usize,
    /// Where to write the keys if they are words; NULL if they are not wanted.
    pub word_keys: *mut u64,
    /// Where to write the keys if they are bytes; NULL if they are not wanted. They point into the
    /// engine, until the next call with this reader.
    pub byte_keys: *mut partita_bytes,
    /// Where to write the states; borrowed, the engine keeps them. NULL if not wanted.
    pub states: *mut partita_value,
}

/// For `partita_app_describe`: lines for people.
pub const PARTITA_DESCRIBE_TEXT: u32 = 0;
/// For `partita_app_describe`: one JSON object, on one line.
pub const PARTITA_DESCRIBE_JSON: u32 = 1;
/// For `partita_app_describe`: a Mermaid flowchart.
pub const PARTITA_DESCRIBE_MERMAID: u32 = 2;

/// For `partita_stage_metrics.kind`: a source.
pub const PARTITA_STAGE_SOURCE: u32 = 0;
/// For `partita_stage_metrics.kind`: a step.
pub const PARTITA_STAGE_STEP: u32 = 1;
/// For `partita_stage_metrics.kind`: a sink.
pub const PARTITA_STAGE_SINK: u32 = 2;

/// Counters of an application since its start. Each is exact when nothing is in flight, and then they
/// add up: what a source or a step emitted, the next step has completed, or it is among that one's dead;
/// what the last step emitted, the sinks have in equal shares, or it was discarded. So what all sources
/// emitted (their `partita_stage_metrics.emitted`) and `emitted` are together `computed`, `delivered`,
/// `discarded` and the sum of `dead`.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct partita_metrics {
    /// `sizeof(partita_metrics)`; set by the caller.
    pub size: usize,
    /// Messages that sources accepted.
    pub sent: u64,
    /// Messages that computations completed.
    pub computed: u64,
    /// Outputs of computations, counted once for each sink that takes them.
    pub emitted: u64,
    /// Messages that sinks took.
    pub delivered: u64,
    /// Outputs of the last step of pipelines without a sink: handed to `drop`.
    pub discarded: u64,
    /// Dead messages by reason (`PARTITA_DEAD_…`).
    pub dead: [u64; PARTITA_DEAD_ROOM],
    /// Messages in flight now, unread outputs and unhandled dead letters included.
    pub in_flight: u64,
    /// Values the engine holds now: messages and states. 0 after close.
    pub values_held: u64,
    /// State parts now.
    pub parts: u64,
    /// How many stages `partita_app_stage` knows.
    pub stages: u64,
    /// Keys in quarantine now.
    pub quarantined: u64,
}

/// Counters of one stage: a source, a step or a sink.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct partita_stage_metrics {
    /// `sizeof(partita_stage_metrics)`; set by the caller.
    pub size: usize,
    /// What it is: `PARTITA_STAGE_…`.
    pub kind: u32,
    /// Where it is; lives as long as the application.
    pub path: partita_str,
    /// Messages that it completed: sent, computed or delivered.
    pub completed: u64,
    /// Messages that it passed on, counted once for each sink that takes them.
    pub emitted: u64,
    /// Messages that died on their way into it or in it, by reason.
    pub dead: [u64; PARTITA_DEAD_ROOM],
}
