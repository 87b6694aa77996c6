//! An application's life: declare, check, start, drain, stop, close, free.

use std::alloc::Layout;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use once_cell::sync::OnceCell;

use super::callbacks::{
    BuildHost, CompletionsHost, DeadLettersHost, HostPointer, OwnedBuild, SleepHost,
};
use super::entry::{
    Sized_, entry, lent, read_sized, read_wait, slice, text as borrowed_text, writable_size, write,
    write_sized, write_text,
};
use super::error::{ErrorObject, Fault, entry_with_error};
use super::frame;
use super::handles::{self, Object};
use super::later::{LaterRuns, Unanswered};
use super::signals;
use super::slab::Slab;
use super::status::*;
use super::status_of::status_of;
use super::stepping;
use super::tcp::LogHost;
use super::types::*;
use crate::connect::{self, Refused, Sockets, Started};
use crate::engine::{Engine, Reader, Refusal, Sender, Served, Serving};
use crate::host;
use crate::metrics::{StageKind, StageMetrics};
use crate::model::{DeadReason, Key, KeyKind, Value};
use crate::state::{KeyRef, hash};
use crate::topology::{Application, DeclaredKeys, Form, Partition, Pipeline, Threads};

const RUN_LENGTH_DEFAULT: u32 = 1_024;
const STACK_SIZE_DEFAULT: usize = 2 << 20;
const _: () = assert!(PARTITA_DEAD_REASONS == DeadReason::COUNT);

/// Counts by reason as C sees them.
fn dead_of(counts: [u64; DeadReason::COUNT]) -> [u64; PARTITA_DEAD_ROOM] {
    let mut dead = [0; PARTITA_DEAD_ROOM];
    dead[..DeadReason::COUNT].copy_from_slice(&counts);
    dead
}

/// An application: first what was declared, then the engine that runs it.
pub(super) struct App {
    path: String,
    declared: Mutex<Option<Application>>,
    engine: OnceCell<Arc<Engine>>,
    sockets: OnceCell<Sockets>,
    /// Handles that are freed with it; none once it was.
    children: Mutex<Option<Vec<u64>>>,
    pub(super) threads: Threads,
    later: LaterRuns,
}

/// What an application handle stands for.
pub(super) struct AppObject(pub(super) Arc<App>);

/// What a pipeline handle stands for.
pub(super) struct PipelineObject {
    pub(super) app: Arc<App>,
    pub(super) path: String,
    pub(super) index: usize,
}

/// What a sink handle stands for.
pub(super) struct SinkObject {
    pub(super) app: Arc<App>,
    pub(super) pipeline: usize,
    pub(super) sink: usize,
}

/// What a sender handle stands for. The lock is only ever tried: one thread at a time may send.
pub(super) struct SenderObject {
    pub(super) engine: Arc<Engine>,
    /// Boxed: slots of all kinds of handles are as large as the largest.
    pub(super) sending: Box<Mutex<Sender>>,
}

impl SenderObject {
    pub(super) fn new(engine: Arc<Engine>, pipeline: usize) -> SenderObject {
        SenderObject {
            sending: Box::new(Mutex::new(Sender::new(engine.clone(), pipeline))),
            engine,
        }
    }
}

/// What a reader goes through.
pub(super) enum Reading {
    /// The parts of a partition.
    Parts(Reader),
    /// Keys without their states, and how many were read.
    Keys(Vec<Key>, usize),
}

impl Reading {
    /// The next key and its state, if there is one more.
    pub(super) fn next(&mut self) -> Option<(KeyRef<'_>, Value)> {
        match self {
            Reading::Parts(reader) => reader.next_part(),
            Reading::Keys(keys, read) => {
                let key = keys.get(*read)?;
                *read += 1;
                Some((KeyRef::from(key), Value::default()))
            }
        }
    }
}

/// What a reader handle stands for. The lock is only ever tried: one thread at a time may read.
pub(super) struct ReaderObject {
    pub(super) reader: Mutex<Reading>,
    pub(super) byte_keys: bool,
}

impl ReaderObject {
    pub(super) fn new(reader: Reading, byte_keys: bool) -> ReaderObject {
        ReaderObject {
            reader: Mutex::new(reader),
            byte_keys,
        }
    }
}

pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl App {
    pub(super) fn path(&self) -> &str {
        &self.path
    }

    /// Draws what was declared, or what runs.
    fn describe(&self, form: Form) -> Result<String, Fault> {
        let declared = self.declare(|application| application.describe(form));
        match (declared, self.engine.get()) {
            (_, Some(engine)) => Ok(engine.describe(form)),
            (Ok(described), None) => described.map_err(Fault::of_mistakes),
            (Err(_), None) => Err(self.fault_of(PARTITA_CLOSED)),
        }
    }

    /// The engine, once started.
    pub(super) fn engine(&self) -> Result<&Arc<Engine>, partita_status> {
        self.engine.get().ok_or(PARTITA_NOT_STARTED)
    }

    /// The engine, once started and not yet closed.
    pub(super) fn open_engine(&self) -> Result<&Arc<Engine>, partita_status> {
        let engine = self.engine()?;
        if engine.is_closed() {
            Err(PARTITA_CLOSED)
        } else {
            Ok(engine)
        }
    }

    /// Gives an object a handle that is freed with this application.
    pub(super) fn adopt(&self, object: Object) -> Result<u64, partita_status> {
        let handle = handles::insert(object).ok_or(PARTITA_BUSY)?;
        if let Some(children) = &mut *lock(&self.children) {
            // Forget those that were freed already, before there are too many of them.
            if children.len() == children.capacity() {
                children.retain(|&child| handles::is_live(child));
            }
            children.push(handle);
            return Ok(handle);
        }
        // The application was freed meanwhile.
        handles::free_any(handle);
        Err(PARTITA_INVALID_HANDLE)
    }

    /// Frees the handles of all that belongs to it.
    fn free_children(&self) {
        let children = lock(&self.children).take();
        children.into_iter().flatten().for_each(handles::free_any);
    }

    /// Freezes what is declared into an engine, once. Nothing of it is dropped, so no callback is made,
    /// while the lock is held.
    fn freeze(&self) -> Result<&Arc<Engine>, Fault> {
        let mut declared = lock(&self.declared);
        let application = declared
            .take()
            .ok_or_else(|| self.fault_of(PARTITA_ALREADY_STARTED))?;
        match connect::start(application) {
            Ok(Started { engine, sockets }) => {
                self.sockets.get_or_init(|| sockets);
                Ok(self.engine.get_or_init(|| engine))
            }
            Err(Refused::Rejected(rejected)) => {
                *declared = Some(rejected.declared);
                Err(Fault::of_mistakes(rejected.mistakes))
            }
            Err(Refused::Unusable(application, unusable)) => {
                *declared = Some(*application);
                Err(Fault::of_addresses(unusable))
            }
        }
    }

    /// The sockets, once started.
    pub(super) fn sockets(&self) -> Result<&Sockets, partita_status> {
        self.engine()?;
        self.sockets.get().ok_or(PARTITA_NOT_STARTED)
    }

    /// Drops what is declared, if it was not started: from here on it cannot be.
    fn drop_declared(&self) {
        let declared = lock(&self.declared).take();
        // Its hosts are told now, without the lock.
        drop(declared);
    }

    /// Changes what is declared, while nothing is started.
    fn declare<T>(&self, change: impl FnOnce(&mut Application) -> T) -> Result<T, Fault> {
        let mut declared = lock(&self.declared);
        let application = declared
            .as_mut()
            .ok_or_else(|| self.fault_of(PARTITA_ALREADY_STARTED))?;
        Ok(change(application))
    }

    fn fault(&self, code: partita_status, message: impl Into<String>) -> Fault {
        Fault::new(code, &*self.path, message)
    }

    /// The number of a partition.
    pub(super) fn partition_named(&self, engine: &Engine, name: &str) -> Result<usize, Fault> {
        engine.partition_named(name).ok_or_else(|| {
            self.fault(
                PARTITA_NOT_FOUND,
                format!("there is no partition \"{name}\""),
            )
        })
    }

    /// What a status says, of this application.
    pub(super) fn fault_of(&self, code: partita_status) -> Fault {
        self.fault(code, ErrorObject::meaning_of(code))
    }

    /// What a wait that ended without success says.
    fn refused(&self, engine: &Engine, refusal: Refusal) -> Fault {
        match (refusal, engine.failure()) {
            (Refusal::Failed, Some(failure)) => {
                Fault(PARTITA_FAILED, ErrorObject::of_failure(&failure))
            }
            (
                Refusal::WouldBlock | Refusal::Timeout | Refusal::Cancelled | Refusal::Deadlock,
                _,
            ) => self.fault(status_of(refusal), engine.waiting_for()),
            _ => self.fault_of(status_of(refusal)),
        }
    }
}

impl PipelineObject {
    /// Changes what is declared of this pipeline, while nothing is started. What `change` gives is
    /// handed out, to be dropped without a lock.
    pub(super) fn declare<T>(&self, change: impl FnOnce(&mut Pipeline) -> T) -> Result<T, Fault> {
        self.app
            .declare(|application| change(&mut application.pipelines[self.index]))
    }
}

// SAFETY: all zero is the default, and the size comes first.
unsafe impl Sized_ for partita_app_options {
    const LEAST: usize = std::mem::offset_of!(partita_app_options, workers);
}
// SAFETY: as above.
unsafe impl Sized_ for partita_partition_options {
    const LEAST: usize = std::mem::offset_of!(partita_partition_options, state_init);
}
// SAFETY: all zero is valid, and the size comes first.
unsafe impl Sized_ for partita_metrics {
    const LEAST: usize = size_of::<usize>();
}
// SAFETY: as above.
unsafe impl Sized_ for partita_stage_metrics {
    const LEAST: usize = size_of::<usize>();
}

// SAFETY: it is plain data, whose all-zero value is valid, and begins with its size.
unsafe impl Sized_ for partita_served {
    const LEAST: usize = size_of::<Self>();
}

fn declared_app(
    options: &partita_app_options,
    host: Arc<HostPointer>,
    name: &str,
) -> Result<Application, Fault> {
    let threads = stepping::threads(options, &host).map_err(|message| {
        let path = format!("application \"{name}\"");
        Fault::new(PARTITA_INVALID_ARGUMENT, path, message)
    })?;
    let sleep = match (options.park, options.unpark, &threads) {
        (None, None, _) => None,
        (Some(park), Some(unpark), Threads::Host) => {
            let host = host.clone();
            Some(Arc::new(SleepHost::new(host, park, unpark)) as Arc<dyn host::Sleep>)
        }
        _ => {
            let message = "park and unpark: expected both or none, with PARTITA_THREADS_HOST";
            let path = format!("application \"{name}\"");
            return Err(Fault::new(PARTITA_INVALID_ARGUMENT, path, message));
        }
    };
    let or = |given: u32, default: u32| if given == 0 { default } else { given };
    let dead_letters = options.dead_letters.map(|handle| {
        let host = host.clone();
        Arc::new(DeadLettersHost { host, handle }) as Arc<dyn host::DeadLetters>
    });
    let log = options.log.map(|log| {
        let host = host.clone();
        Arc::new(LogHost { host, log }) as Arc<dyn host::Log>
    });
    let completions = options.completed.map(|completed| {
        let host = host.clone();
        Arc::new(CompletionsHost { host, completed }) as Arc<dyn host::Completions>
    });
    Ok(Application {
        name: name.to_owned(),
        workers: or(options.workers, stepping::workers_default(&threads)),
        threads,
        key_groups: or(options.key_groups, hash::GROUPS_DEFAULT),
        run_length: or(options.run_length, RUN_LENGTH_DEFAULT),
        stack_size: if options.stack_size == 0 {
            STACK_SIZE_DEFAULT
        } else {
            options.stack_size
        },
        dead_letters,
        completions,
        log,
        sleep,
        partitions: Vec::new(),
        pipelines: Vec::new(),
    })
}

/// The builder of a partition, and a number that tells it from others.
fn builder(
    options: &partita_partition_options,
    host: Arc<HostPointer>,
    path: &str,
) -> Result<(Arc<dyn host::Build>, u64), Fault> {
    let wrong = |message: &str| Fault::new(PARTITA_INVALID_ARGUMENT, path, message);
    let mut id = DefaultHasher::new();
    (options.host.addr(), options.state_size, options.state_align).hash(&mut id);
    let functions = [
        options.build.map(|function| function as usize),
        options.drop_state.map(|function| function as usize),
        options.state_init.map(|function| function as usize),
        options.state_drop.map(|function| function as usize),
    ];
    functions.hash(&mut id);
    let build: Arc<dyn host::Build> = match (options.build, options.state_size) {
        (Some(build), 0) => Arc::new(BuildHost {
            host,
            build,
            drop: options.drop_state,
        }),
        (None, size) if size > 0 => {
            let default = align_of::<libc::max_align_t>();
            let align = if options.state_align == 0 {
                default
            } else {
                options.state_align
            };
            let layout = Layout::from_size_align(size, align)
                .map_err(|_| wrong("state_align is no power of two, or the state is too large"))?;
            let (init, drop) = (options.state_init, options.state_drop);
            Arc::new(OwnedBuild {
                host,
                slab: Slab::new(layout),
                init,
                drop,
            })
        }
        _ => {
            return Err(wrong(
                "expected one of build and state_size to be set, got both or none",
            ));
        }
    };
    Ok((build, id.finish()))
}

/// The declared keys of a partition.
///
/// # Safety
/// The key arrays have `keys_len` readable keys.
unsafe fn declared_keys(
    options: &partita_partition_options,
    kind: KeyKind,
    path: &str,
) -> Result<Option<DeclaredKeys>, Fault> {
    let wrong = |message: &str| Fault::new(PARTITA_INVALID_ARGUMENT, path, message);
    match (options.declared, options.keys_len, kind) {
        (0, 0, _) => Ok(None),
        (0, ..) => Err(wrong(
            "keys are given, but declared is 0: expected it to be 1",
        )),
        (1, _, KeyKind::Bytes) => {
            let null = |_| wrong("byte_keys or a key in it is NULL: expected keys_len keys");
            // SAFETY: the caller vouches for the keys.
            let keys = unsafe { slice(options.byte_keys, options.keys_len) }.map_err(null)?;
            // SAFETY: and for the bytes of each.
            let keys = keys.iter().map(|key| {
                unsafe { slice(key.ptr, key.len) }
                    .map(Into::into)
                    .map_err(null)
            });
            Ok(Some(DeclaredKeys::Bytes(keys.collect::<Result<_, _>>()?)))
        }
        (1, ..) => {
            let null = |_| wrong("word_keys is NULL: expected keys_len keys");
            // SAFETY: the caller vouches for the keys.
            let keys = unsafe { slice(options.word_keys, options.keys_len) }.map_err(null)?;
            Ok(Some(DeclaredKeys::Words(keys.to_vec())))
        }
        _ => Err(wrong("declared: expected 0 or 1")),
    }
}

/// Makes an application: nothing runs yet.
///
/// Any thread, also in callbacks. Fails with `PARTITA_INVALID_ARGUMENT`, `PARTITA_INVALID_UTF8` or
/// `PARTITA_UNSUPPORTED`, and `error_out` (may be NULL) then has an object to free.
///
/// # Safety
/// `options` points to as many readable bytes as its `size` says; `app_out` is writable;
/// `error_out` is NULL or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn partita_app_new(
    options: *const partita_app_options,
    app_out: *mut partita_app,
    error_out: *mut partita_error,
) -> partita_status {
    // SAFETY: the caller vouches for the pointers.
    unsafe {
        entry_with_error(error_out, || {
            let options = read_sized(options).map_err(Fault::in_struct("options"))?;
            let host = HostPointer::new(options.host, options.drop_host);
            let name = borrowed_text(options.name).map_err(Fault::in_text("name"))?;
            Fault::unless_writable("app_out", app_out)?;
            let declared = declared_app(&options, host, name)?;
            let app = App {
                path: format!("application \"{name}\""),
                threads: declared.threads.clone(),
                declared: Mutex::new(Some(declared)),
                engine: OnceCell::new(),
                sockets: OnceCell::new(),
                children: Mutex::new(Some(Vec::new())),
                later: LaterRuns::default(),
            };
            let object = Object::App(AppObject(Arc::new(app)));
            let id = handles::insert(object).ok_or(PARTITA_BUSY)?;
            write(app_out, partita_app { id }).map_err(Fault::from)
        })
    }
}

/// Declares a state partition. Mistakes against other declarations are found by the check.
///
/// Declaring the same name twice is allowed if both say the same; each `drop_host` is called once.
/// Any thread, also in callbacks. Fails with `PARTITA_INVALID_HANDLE`,
/// `PARTITA_INVALID_ARGUMENT`, `PARTITA_INVALID_UTF8`, `PARTITA_UNSUPPORTED` or
/// `PARTITA_ALREADY_STARTED`.
///
/// # Safety
/// `options` points to as many readable bytes as its `size` says, and the key arrays have
/// `keys_len` keys; all are borrowed for this call. `error_out` is NULL or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn partita_app_add_partition(
    app: partita_app,
    options: *const partita_partition_options,
    error_out: *mut partita_error,
) -> partita_status {
    // SAFETY: the caller vouches for the pointers.
    unsafe {
        entry_with_error(error_out, || {
            let app = handles::pin::<AppObject>(app.id)?;
            let options = read_sized(options).map_err(Fault::in_struct("options"))?;
            let host = HostPointer::new(options.host, options.drop_host);
            let name = borrowed_text(options.name).map_err(Fault::in_text("name"))?;
            let name = name.to_owned();
            let path = format!("{} / partition \"{name}\"", app.0.path);
            let key_kind = match options.key_kind {
                PARTITA_KEY_WORD => KeyKind::Word,
                PARTITA_KEY_BYTES => KeyKind::Bytes,
                PARTITA_KEY_SINGLE => KeyKind::Single,
                other => {
                    let message = format!("key_kind {other} is unknown: expected PARTITA_KEY_...");
                    return Err(Fault::new(PARTITA_INVALID_ARGUMENT, path, message));
                }
            };
            let keys = declared_keys(&options, key_kind, &path)?;
            let (build, build_id) = builder(&options, host, &path)?;
            app.0.declare(|application| {
                application.partitions.push(Partition {
                    name,
                    key_kind,
                    keys,
                    build,
                    build_id,
                });
            })
        })
    }
}

/// Declares a pipeline. It still needs a source, and an end.
///
/// Any thread, also in callbacks. Fails with `PARTITA_INVALID_HANDLE`,
/// `PARTITA_INVALID_ARGUMENT`, `PARTITA_INVALID_UTF8` or `PARTITA_ALREADY_STARTED`.
///
/// # Safety
/// `name` is readable; `pipeline_out` is writable; `error_out` is NULL or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn partita_app_add_pipeline(
    app: partita_app,
    name: partita_str,
    pipeline_out: *mut partita_pipeline,
    error_out: *mut partita_error,
) -> partita_status {
    // SAFETY: the caller vouches for the pointers.
    unsafe {
        entry_with_error(error_out, || {
            let app = handles::pin::<AppObject>(app.id)?;
            let name = borrowed_text(name).map_err(Fault::in_text("name"))?;
            Fault::unless_writable("pipeline_out", pipeline_out)?;
            let index = app.0.declare(|application| {
                application.pipelines.push(Pipeline::new(name.to_owned()));
                application.pipelines.len() - 1
            })?;
            let id = app.0.adopt(Object::Pipeline(PipelineObject {
                app: app.0.clone(),
                path: format!("{} / pipeline \"{name}\"", app.0.path),
                index,
            }))?;
            write(pipeline_out, partita_pipeline { id }).map_err(Fault::from)
        })
    }
}

/// Checks all that was declared and tells every mistake at once. `partita_app_start` does so too.
///
/// Any thread, also in callbacks. Fails with `PARTITA_INVALID_HANDLE`, `PARTITA_INVALID_TOPOLOGY`
/// or `PARTITA_ALREADY_STARTED`.
///
/// # Safety
/// `error_out` is NULL or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn partita_app_check(
    app: partita_app,
    error_out: *mut partita_error,
) -> partita_status {
    // SAFETY: the caller vouches for `error_out`.
    unsafe {
        entry_with_error(error_out, || {
            let app = handles::pin::<AppObject>(app.id)?;
            let mistakes = app.0.declare(|application| application.check())?;
            match mistakes.is_empty() {
                true => Ok(()),
                false => Err(Fault::of_mistakes(mistakes)),
            }
        })
    }
}

/// Draws the checked plan: its pipelines with each step's kind, partition, kind of key and policy, and
/// its sinks. `form` is `PARTITA_DESCRIBE_TEXT`, `PARTITA_DESCRIBE_JSON` or
/// `PARTITA_DESCRIBE_MERMAID`. At most `capacity` bytes are written, the last one a NUL; `len_out`
/// (may be NULL) gets the length of the whole text without it, so that a caller can tell whether it
/// was cut.
///
/// Any thread, also in callbacks, before and after the start, until the application is freed. Fails
/// with `PARTITA_INVALID_HANDLE`, `PARTITA_CLOSED` (it was closed without a start), `PARTITA_INVALID_TOPOLOGY` (the error object lists every mistake) or
/// `PARTITA_INVALID_ARGUMENT` (`form` is none of these, or `text_out` is NULL and `capacity` is not
/// 0).
///
/// # Safety
/// `text_out` has room for `capacity` bytes; `len_out` and `error_out` are NULL or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn partita_app_describe(
    app: partita_app,
    form: u32,
    text_out: *mut std::ffi::c_char,
    capacity: usize,
    len_out: *mut usize,
    error_out: *mut partita_error,
) -> partita_status {
    // SAFETY: the caller vouches for `error_out`.
    unsafe {
        entry_with_error(error_out, || {
            let app = handles::pin::<AppObject>(app.id)?;
            let text = app.0.describe(match form {
                PARTITA_DESCRIBE_TEXT => Form::Text,
                PARTITA_DESCRIBE_JSON => Form::Json,
                PARTITA_DESCRIBE_MERMAID => Form::Mermaid,
                other => {
                    let message = format!("form: expected 0 to 2, got {other}");
                    return Err(app.0.fault(PARTITA_INVALID_ARGUMENT, message));
                }
            })?;
            if text_out.is_null() && capacity != 0 {
                let message = format!("text_out is NULL: expected room for {capacity} bytes");
                return Err(app.0.fault(PARTITA_INVALID_ARGUMENT, message));
            }
            write_text(&text, text_out, capacity, len_out).map_err(Fault::from)
        })
    }
}

/// Checks what was declared, freezes it, and starts: from here on senders can be made. With
/// `PARTITA_THREADS_HOST` nothing is computed before a thread enters `partita_app_run_worker`, and
/// without threads nothing but by `partita_app_step` and what waits.
///
/// Any thread, also in callbacks. Fails with `PARTITA_INVALID_HANDLE`,
/// `PARTITA_INVALID_TOPOLOGY` or `PARTITA_ADDRESS` (it can be mended and tried again),
/// `PARTITA_ALREADY_STARTED` (also after close) or `PARTITA_THREAD` (the application can then only be closed and freed).
///
/// # Safety
/// `error_out` is NULL or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn partita_app_start(
    app: partita_app,
    error_out: *mut partita_error,
) -> partita_status {
    // SAFETY: the caller vouches for `error_out`.
    unsafe {
        entry_with_error(error_out, || {
            let app = handles::pin::<AppObject>(app.id)?;
            let engine = app.0.freeze()?;
            if matches!(app.0.threads, Threads::Engine) {
                signals::blocked(|| engine.start_threads())
                    .map_err(|error| app.0.fault(PARTITA_THREAD, error.to_string()))?;
            }
            Ok(())
        })
    }
}

/// How many threads run the application: its workers, and behind them those of its blocking steps, and
/// one for its sockets if it has any; none without threads. With `PARTITA_THREADS_HOST` so many are to enter `partita_app_run_worker`.
///
/// Any thread, also in callbacks. Fails with `PARTITA_INVALID_HANDLE`, `PARTITA_NOT_STARTED`,
/// `PARTITA_CLOSED` or `PARTITA_INVALID_ARGUMENT` (`count_out` is NULL).
///
/// # Safety
/// `count_out` is writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn partita_app_thread_count(
    app: partita_app,
    count_out: *mut u32,
) -> partita_status {
    entry(|| {
        let app = handles::pin::<AppObject>(app.id)?;
        let count = app.0.open_engine()?.threads();
        // SAFETY: the caller vouches for `count_out`.
        unsafe { write(count_out, count as u32) }
    })
}

/// Lends the calling thread to the application as worker `index`, from 0 to one less than
/// `partita_app_thread_count` says, and returns when the application closes: `PARTITA_OK`. Behind the
/// `workers` come the threads of blocking steps.
///
/// Only with `PARTITA_THREADS_HOST`; every index should be entered (the messages of a blocking step
/// wait until one of its threads is), and each by one thread at a time. All callbacks but those of the
/// sender's side are made on such threads. Not from inside a callback. Fails with `PARTITA_INVALID_HANDLE`, `PARTITA_NOT_STARTED`, `PARTITA_CLOSED`,
/// `PARTITA_BUSY` (that worker is there already), `PARTITA_INVALID_ARGUMENT` (`index`, or the
/// application has other threads or none) or `PARTITA_WOULD_DEADLOCK`.
#[unsafe(no_mangle)]
pub extern "C" fn partita_app_run_worker(app: partita_app, index: u32) -> partita_status {
    entry(|| {
        let app = handles::pin::<AppObject>(app.id)?.0.clone();
        if !matches!(app.threads, Threads::Host) {
            return Err(PARTITA_INVALID_ARGUMENT);
        }
        let engine = Arc::into_raw(app.open_engine()?.clone());
        // The thread may end inside a callback, and then nothing on its stack is dropped: it holds
        // no pin, and one count of the engine, which `partita_app_worker_lost` gives back.
        drop(app);
        // SAFETY: the count just taken keeps it alive.
        let result = unsafe { (*engine).run_worker(index as usize) };
        // SAFETY: it came from `into_raw`, and was not given back: the thread is still here.
        drop(unsafe { Arc::from_raw(engine) });
        result.map_err(status_of)
    })
}

/// As `partita_app_run_worker`, for hosts that would rather compute outside of callbacks (in Go, code that
/// waits costs several switches of threads there): `partita_run_fn` may answer `PARTITA_LATER`, if
/// `run->later` is not 0. This call then returns with that run in `run_out`. It stays lent, and what may be
/// done with it inside its callback may be done with it outside, on any thread. When it is computed the call
/// is made again, with what the callback would have answered as `answer`. Without a run from the call before,
/// `answer` means nothing. When the application closes, `run_out` is NULL.
///
/// Until then the worker is there, also while no thread is inside this call: close waits for the answer.
/// Each call may be made on another thread. All other callbacks are called and answered inside the call.
/// Fails like `partita_app_run_worker`.
///
/// # Safety
/// `run_out` is writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn partita_app_serve(
    app: partita_app,
    index: u32,
    answer: partita_status,
    run_out: *mut *mut partita_run,
) -> partita_status {
    entry(|| {
        if run_out.is_null() {
            return Err(PARTITA_INVALID_ARGUMENT);
        }
        let (_, run) = serve(app, index, answer, Serving::Runs)?;
        // SAFETY: the caller vouches for `run_out`.
        unsafe { write(run_out, run) }
    })
}

/// As `partita_app_serve`, since 0.2, but the call also returns for the worker to sleep outside of the engine: then
/// it answers `PARTITA_WOULD_BLOCK`, and `served_out` has no run. It is to be made again, after it has returned, once
/// `unpark` was called with `index`, which may have been before that, or `served_out->idle_ns` is over. For hosts whose threads
/// are cheap to switch while they are outside, as goroutines are.
///
/// `served_out` (its `size` is set by the caller) is written with `PARTITA_OK` and `PARTITA_WOULD_BLOCK`. A worker
/// that sleeps is there, though no thread is inside this call: close calls `unpark`, and waits for the next call.
/// Fails like `partita_app_serve`, and with `PARTITA_INVALID_ARGUMENT` if the application has no `unpark`.
///
/// # Safety
/// `served_out` points to as many writable bytes as its `size` says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn partita_app_serve_turn(
    app: partita_app,
    index: u32,
    answer: partita_status,
    served_out: *mut partita_served,
) -> partita_status {
    entry(|| {
        // Before anything is run: a call that is refused changes nothing.
        // SAFETY: the caller vouches for `served_out`.
        unsafe { writable_size(served_out) }?;
        let (came, run) = serve(app, index, answer, Serving::RunsAndSleep)?;
        let served = partita_served {
            size: size_of::<partita_served>(),
            run,
            idle_ns: match came {
                Served::Sleep(most) => most.map_or(PARTITA_FOREVER, stepping::nanoseconds),
                Served::Run | Served::Over => 0,
            },
        };
        // SAFETY: as above.
        unsafe { write_sized(served_out, &served) }?;
        match came {
            Served::Sleep(_) => Err(PARTITA_WOULD_BLOCK),
            Served::Run | Served::Over => Ok(()),
        }
    })
}

/// Serves until the thread is to come out; the run that it comes out with, or NULL.
fn serve(
    handle: partita_app,
    index: u32,
    answer: partita_status,
    serving: Serving,
) -> Result<(Served, *mut partita_run), partita_status> {
    let app = handles::pin::<AppObject>(handle.id)?.0.clone();
    if !matches!(app.threads, Threads::Host) {
        return Err(PARTITA_INVALID_ARGUMENT);
    }
    let engine = app.open_engine()?.clone();
    if serving == Serving::RunsAndSleep && !engine.has_sleep() {
        return Err(PARTITA_INVALID_ARGUMENT);
    }
    engine.outside().map_err(status_of)?;
    let answered = app.later.take(index);
    // As in `partita_app_run_worker`.
    drop(app);
    let engine = Arc::into_raw(engine);
    // SAFETY: the count just taken keeps it alive.
    let inside = unsafe { &*engine };
    let result = match answered {
        None => inside.serve(index as usize, serving),
        Some(run) => inside.serve_on(index as usize, run.answer(answer), serving),
    };
    // SAFETY: it came from `into_raw`, and was not given back: the thread is still here.
    drop(unsafe { Arc::from_raw(engine) });
    let came = result.map_err(status_of)?;
    let run = match came {
        Served::Run => handles::pin::<AppObject>(handle.id)?
            .0
            .later
            .keep(index, Unanswered::taken()),
        Served::Sleep(_) | Served::Over => std::ptr::null_mut(),
    };
    Ok((came, run))
}

/// Tells the engine that the thread of worker `index` is about to end inside the callback it is
/// in, and will not return from it (a Go goroutine that calls `runtime.Goexit` does that). The
/// item at `done` of that callback counts as failed, for the reason in `text`; the worker can then
/// be entered again by another thread. Without threads, a thread inside `partita_app_step` is worker
/// 0.
///
/// Only on that thread, as the last call of a callback that reports in `done` (`build`, `keys`,
/// `run`, `deliver`, `answer`, `dead_letters`), or of `completed`. Fails with `PARTITA_INVALID_HANDLE`,
/// `PARTITA_NOT_STARTED`, `PARTITA_INVALID_ARGUMENT` (`index`, or that worker is not inside a callback) or
/// `PARTITA_INVALID_UTF8`.
///
/// # Safety
/// `text` is readable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn partita_app_worker_lost(
    app: partita_app,
    index: u32,
    text: partita_str,
) -> partita_status {
    entry(|| {
        let app = handles::pin::<AppObject>(app.id)?;
        // SAFETY: the caller vouches for `text`.
        let reason = unsafe { borrowed_text(text) }?;
        let engine = app.0.engine()?;
        if !engine.calls_back(index as usize) {
            return Err(PARTITA_INVALID_ARGUMENT);
        }
        let verdict = frame::lost(reason).ok_or(PARTITA_INVALID_ARGUMENT)?;
        engine
            .worker_lost(index as usize, verdict)
            .map_err(status_of)?;
        // SAFETY: `partita_app_run_worker` or `partita_app_step` took a count on this thread, and will
        // not return.
        unsafe { Arc::decrement_strong_count(Arc::as_ptr(engine)) };
        Ok(())
    })
}

/// Ends intake: every send from now on answers `PARTITA_STOPPED`, also those that wait. What was
/// accepted is still computed and delivered; `partita_app_wait` returns when that is done.
///
/// Any thread, also in callbacks, and more than once. Fails with `PARTITA_INVALID_HANDLE`,
/// `PARTITA_NOT_STARTED` or `PARTITA_CLOSED`.
#[unsafe(no_mangle)]
pub extern "C" fn partita_app_stop(app: partita_app) -> partita_status {
    entry(|| {
        let app = handles::pin::<AppObject>(app.id)?;
        app.0.engine()?.stop().map_err(status_of)
    })
}

/// Waits until the application has failed (`PARTITA_FAILED`, with the failure as the error), or
/// was stopped and has nothing left in flight (`PARTITA_OK`), or is closed (`PARTITA_CLOSED`).
///
/// Any thread; not from inside a callback (`PARTITA_WOULD_DEADLOCK`). Also fails with
/// `PARTITA_INVALID_HANDLE` (also of `wait->cancel`), `PARTITA_INVALID_ARGUMENT` or
/// `PARTITA_UNSUPPORTED` (`wait`), `PARTITA_NOT_STARTED`,
/// `PARTITA_WOULD_BLOCK`, `PARTITA_TIMEOUT` or `PARTITA_CANCELLED`; at its deadline the error says
/// what it waits for.
///
/// # Safety
/// `wait` is NULL or readable; `error_out` is NULL or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn partita_app_wait(
    app: partita_app,
    wait: *const partita_wait,
    error_out: *mut partita_error,
) -> partita_status {
    // SAFETY: the caller vouches for the pointers.
    unsafe {
        entry_with_error(error_out, || {
            let app = handles::pin::<AppObject>(app.id)?.0.clone();
            let wait = read_wait(wait).map_err(Fault::in_wait)?;
            let engine = app.engine().map_err(|code| app.fault_of(code))?;
            engine
                .wait(&wait)
                .map_err(|refusal| app.refused(engine, refusal))
        })
    }
}

/// Waits until nothing is in flight: all that was sent before is computed and delivered, queued
/// outputs are read, dead letters handled. Intake stays open.
///
/// Any thread; not from inside a callback (`PARTITA_WOULD_DEADLOCK`). Also fails with
/// `PARTITA_INVALID_HANDLE` (also of `wait->cancel`), `PARTITA_INVALID_ARGUMENT` or
/// `PARTITA_UNSUPPORTED` (`wait`), `PARTITA_NOT_STARTED`,
/// `PARTITA_CLOSED`, `PARTITA_FAILED`, `PARTITA_WOULD_BLOCK`, `PARTITA_TIMEOUT` or
/// `PARTITA_CANCELLED`; at its deadline the error says what it waits for: which sink is unread,
/// how many messages are where.
///
/// # Safety
/// `wait` is NULL or readable; `error_out` is NULL or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn partita_app_drain(
    app: partita_app,
    wait: *const partita_wait,
    error_out: *mut partita_error,
) -> partita_status {
    // SAFETY: the caller vouches for the pointers.
    unsafe {
        entry_with_error(error_out, || {
            let app = handles::pin::<AppObject>(app.id)?.0.clone();
            let wait = read_wait(wait).map_err(Fault::in_wait)?;
            let engine = app.engine().map_err(|code| app.fault_of(code))?;
            engine
                .drain(&wait)
                .map_err(|refusal| app.refused(engine, refusal))
        })
    }
}

/// Why the application failed. Answers `PARTITA_OK` if it did not, and `PARTITA_FAILED`, with the
/// error, if it did.
///
/// Any thread, also in callbacks. Also fails with `PARTITA_INVALID_HANDLE`.
///
/// # Safety
/// `error_out` is NULL or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn partita_app_failure(
    app: partita_app,
    error_out: *mut partita_error,
) -> partita_status {
    // SAFETY: the caller vouches for `error_out`.
    unsafe {
        entry_with_error(error_out, || {
            let app = handles::pin::<AppObject>(app.id)?;
            match app.0.engine.get().and_then(|engine| engine.failure()) {
                None => Ok(()),
                Some(failure) => Err(Fault(PARTITA_FAILED, ErrorObject::of_failure(&failure))),
            }
        })
    }
}

/// Closes: ends intake, lets callbacks that run finish, drops what is queued (counted as
/// `PARTITA_DEAD_CLOSED`), lets all workers return, drops the states, and calls every
/// `drop_host`. Senders, sinks and metrics can still be asked, and answer `PARTITA_CLOSED` or
/// their last counts.
///
/// Use `partita_app_drain` before it if nothing is to be dropped. It also waits until every reader
/// is freed: the thread that has one must not close. At its deadline it answers
/// `PARTITA_TIMEOUT` (or `PARTITA_CANCELLED`, or `PARTITA_WOULD_BLOCK` if it was not to wait), has
/// freed nothing, and can be called again; the application is closing from then on, and sends are
/// refused. If no worker is inside, callbacks for what is queued are made on this thread. Closing
/// what is closed, or was never started, answers `PARTITA_OK`. Any thread, several at once; not
/// from inside a callback (`PARTITA_WOULD_DEADLOCK`). Also fails with `PARTITA_INVALID_HANDLE` (also
/// of `wait->cancel`), `PARTITA_INVALID_ARGUMENT` or `PARTITA_UNSUPPORTED` (`wait`).
///
/// # Safety
/// `wait` is NULL or readable; `error_out` is NULL or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn partita_app_close(
    app: partita_app,
    wait: *const partita_wait,
    error_out: *mut partita_error,
) -> partita_status {
    // SAFETY: the caller vouches for the pointers.
    unsafe {
        entry_with_error(error_out, || {
            let app = handles::pin::<AppObject>(app.id)?.0.clone();
            let wait = read_wait(wait).map_err(Fault::in_wait)?;
            // First of all, so that nobody starts it meanwhile.
            app.drop_declared();
            match app.engine.get() {
                None => Ok(()),
                Some(engine) => engine
                    .close(&wait)
                    .map_err(|refusal| app.refused(engine, refusal)),
            }
        })
    }
}

/// Frees an application that was closed or never started, with the handles of all its pipelines,
/// sinks, senders and readers; from here on they are stale.
///
/// Any thread; not from inside a callback (`PARTITA_WOULD_DEADLOCK`). Also fails with
/// `PARTITA_INVALID_HANDLE` or `PARTITA_BUSY` (it is not closed).
#[unsafe(no_mangle)]
pub extern "C" fn partita_app_free(app: partita_app) -> partita_status {
    entry(|| {
        let app = handles::pin::<AppObject>(app.id)?;
        // First of all, so that nobody starts it meanwhile.
        app.0.drop_declared();
        if let Some(engine) = app.0.engine.get() {
            engine.outside().map_err(status_of)?;
            if !engine.is_closed() {
                return Err(PARTITA_BUSY);
            }
        }
        handles::free_pinned(&app)?;
        app.0.free_children();
        Ok(())
    })
}

/// Reads the counters. `metrics_out->size` is set by the caller.
///
/// Any thread, also in callbacks, also after close. Fails with `PARTITA_INVALID_HANDLE`,
/// `PARTITA_NOT_STARTED` or `PARTITA_INVALID_ARGUMENT` (`metrics_out`).
///
/// # Safety
/// `metrics_out` points to as many writable bytes as its `size` says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn partita_app_metrics(
    app: partita_app,
    metrics_out: *mut partita_metrics,
) -> partita_status {
    entry(|| {
        let app = handles::pin::<AppObject>(app.id)?;
        let read = app.0.engine()?.metrics();
        let metrics = partita_metrics {
            size: size_of::<partita_metrics>(),
            sent: read.sent,
            computed: read.computed,
            emitted: read.emitted,
            delivered: read.delivered,
            discarded: read.discarded,
            dead: dead_of(read.dead),
            in_flight: read.in_flight,
            values_held: read.values_held,
            parts: read.parts,
            stages: read.stages.len() as u64,
            quarantined: read.quarantined,
        };
        // SAFETY: the caller vouches for `metrics_out`.
        unsafe { write_sized(metrics_out, &metrics) }
    })
}

/// Reads the counters of one stage, counted from 0: pipeline by pipeline, each its source, its
/// steps and its sinks. `metrics_out->size` is set by the caller.
///
/// Any thread, also in callbacks, also after close. Fails with `PARTITA_INVALID_HANDLE`,
/// `PARTITA_NOT_STARTED`, `PARTITA_NOT_FOUND` (`index`) or `PARTITA_INVALID_ARGUMENT`
/// (`metrics_out`).
///
/// # Safety
/// `metrics_out` points to as many writable bytes as its `size` says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn partita_app_stage(
    app: partita_app,
    index: usize,
    metrics_out: *mut partita_stage_metrics,
) -> partita_status {
    entry(|| {
        let app = handles::pin::<AppObject>(app.id)?;
        let metrics = app.0.engine()?.metrics();
        let stage: &StageMetrics = metrics.stages.get(index).ok_or(PARTITA_NOT_FOUND)?;
        let kind = match stage.kind {
            StageKind::Source => PARTITA_STAGE_SOURCE,
            StageKind::Step => PARTITA_STAGE_STEP,
            StageKind::Sink => PARTITA_STAGE_SINK,
        };
        let stage = partita_stage_metrics {
            size: size_of::<partita_stage_metrics>(),
            kind,
            // The path is the plan's, which lives as long as the application.
            path: lent(&stage.path),
            completed: stage.completed,
            emitted: stage.emitted,
            dead: dead_of(stage.dead),
        };
        // SAFETY: the caller vouches for `metrics_out`.
        unsafe { write_sized(metrics_out, &stage) }
    })
}
