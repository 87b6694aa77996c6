//! Applications without threads.

use std::sync::Arc;
use std::time::Duration;

use super::app::AppObject;
use super::callbacks::{ClockHost, HostPointer};
use super::entry::{Sized_, entry, writable_size, write_sized};
use super::handles;
use super::status::*;
use super::status_of::status_of;
use super::types::*;
use crate::topology::{Clock, Threads};

// SAFETY: all zero is valid, and the size comes first.
unsafe impl Sized_ for partita_stepped {
    const LEAST: usize = size_of::<usize>();
}

/// Whose threads run an application, by its options; or what is wrong with them.
pub(super) fn threads(
    options: &partita_app_options,
    host: &Arc<HostPointer>,
) -> Result<Threads, String> {
    let threads = options.threads;
    if options.now.is_some() && threads != PARTITA_THREADS_NONE {
        return Err("now: expected NULL, or PARTITA_THREADS_NONE".into());
    }
    if options.seed != 0 && threads != PARTITA_THREADS_STEPPED {
        return Err("seed: expected 0, or PARTITA_THREADS_STEPPED".into());
    }
    match (threads, options.now) {
        (PARTITA_THREADS_ENGINE, _) => Ok(Threads::Engine),
        (PARTITA_THREADS_HOST, _) => Ok(Threads::Host),
        (PARTITA_THREADS_NONE, None) => Ok(Threads::None(Clock::System)),
        (PARTITA_THREADS_NONE, Some(now)) => {
            let host = host.clone();
            let clock = Arc::new(ClockHost { host, now });
            Ok(Threads::None(Clock::Host(clock)))
        }
        (PARTITA_THREADS_STEPPED, _) => Ok(Threads::Stepped(options.seed)),
        _ => Err(format!(
            "threads {threads} is unknown: expected PARTITA_THREADS_..."
        )),
    }
}

/// How many workers an application has that does not say it. Under the stepper it is the same
/// everywhere, so that a seed is.
pub(super) fn workers_default(threads: &Threads) -> u32 {
    match threads {
        Threads::Engine | Threads::Host => {
            std::thread::available_parallelism().map_or(1, |count| count.get() as u32)
        }
        Threads::None(_) => 1,
        Threads::Stepped(_) => 16,
    }
}

/// Runs an application without threads on the calling thread: up to `budget` turns, in each of which
/// one shard, one sink that is a callback, or the dead-letter handler gets what it can take at once,
/// at most `run_length` messages. `stepped_out` (may be NULL; its `size` is set by the caller) gets
/// how many turns there were, and how long an event loop may sleep until there is something to run
/// again: `idle_ns`. With a `budget` of 0 nothing is run, and it only tells that.
///
/// Only with `PARTITA_THREADS_NONE` or `PARTITA_THREADS_STEPPED`. Any thread, one at a time
/// (`PARTITA_BUSY`); all callbacks but those of the sender's side are made on it. Calls that wait for
/// something of the application (sending, polling, draining, closing) run it meanwhile, on their
/// thread. When nothing is left to run, they let time go on, to the next timer or to their deadline:
/// by the system's clock they sleep until then; the stepper's clock they move; the host's cannot go
/// on while they wait, so they answer `PARTITA_TIMEOUT` at once. Where nothing is left to wait for,
/// they answer `PARTITA_WOULD_DEADLOCK`: there is no deadline, nor a timer that could come.
///
/// Not from inside a callback (`PARTITA_WOULD_DEADLOCK`). Also fails with `PARTITA_INVALID_HANDLE`,
/// `PARTITA_NOT_STARTED`, `PARTITA_CLOSED` or `PARTITA_INVALID_ARGUMENT` (there are threads, or
/// `stepped_out`). After a failure, or while it closes, what is queued is dropped in turns.
///
/// # Safety
/// `stepped_out` is NULL or points to as many writable bytes as its `size` says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn partita_app_step(
    app: partita_app,
    budget: u64,
    stepped_out: *mut partita_stepped,
) -> partita_status {
    entry(|| {
        let app = handles::pin::<AppObject>(app.id)?.0.clone();
        if !stepped_out.is_null() {
            // Before anything is run: a call that is refused changes nothing.
            // SAFETY: the caller vouches for `stepped_out`.
            unsafe { writable_size(stepped_out) }?;
        }
        let engine = Arc::into_raw(app.open_engine()?.clone());
        // As in `partita_app_run_worker`: the thread may end inside a callback.
        drop(app);
        // SAFETY: the count just taken keeps it alive.
        let stepped = unsafe { (*engine).step_many(usize::try_from(budget).unwrap_or(usize::MAX)) };
        // SAFETY: it came from `into_raw`, and was not given back: the thread is still here.
        drop(unsafe { Arc::from_raw(engine) });
        let stepped = stepped
            .ok_or(PARTITA_INVALID_ARGUMENT)?
            .map_err(status_of)?;
        if stepped_out.is_null() {
            return Ok(());
        }
        let stepped = partita_stepped {
            size: size_of::<partita_stepped>(),
            turns: stepped.turns as u64,
            idle_ns: stepped.idle.map_or(PARTITA_FOREVER, nanoseconds),
        };
        // SAFETY: the caller vouches for `stepped_out`.
        unsafe { write_sized(stepped_out, &stepped) }
    })
}

/// A time as C sees it.
pub(super) fn nanoseconds(time: Duration) -> i64 {
    i64::try_from(time.as_nanos()).unwrap_or(i64::MAX)
}

/// Lets time pass under the stepper: its clock goes on by `time_ns`. What becomes due by it is run by
/// the next steps.
///
/// Only with `PARTITA_THREADS_STEPPED`. Any thread, also in callbacks. Fails with
/// `PARTITA_INVALID_HANDLE`, `PARTITA_NOT_STARTED`, `PARTITA_CLOSED` or `PARTITA_INVALID_ARGUMENT`
/// (the clock is not the stepper's, or `time_ns` is negative).
#[unsafe(no_mangle)]
pub extern "C" fn partita_app_advance(app: partita_app, time_ns: i64) -> partita_status {
    entry(|| {
        let app = handles::pin::<AppObject>(app.id)?;
        let time = u64::try_from(time_ns).map_err(|_| PARTITA_INVALID_ARGUMENT)?;
        let advanced = app.0.open_engine()?.advance(Duration::from_nanos(time));
        advanced.then_some(()).ok_or(PARTITA_INVALID_ARGUMENT)
    })
}
