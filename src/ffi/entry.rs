//! The funnel that every exported function goes through, and what it borrows from its caller.

use std::mem::MaybeUninit;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::handles;
use super::status::*;
use super::types::{PARTITA_FOREVER, partita_str, partita_wait};
use crate::engine::{Cancel, Wait};

/// What the inside of an exported function answers.
pub(super) type Answer = Result<(), partita_status>;

static FORKED: AtomicBool = AtomicBool::new(false);
static WATCHED: AtomicBool = AtomicBool::new(false);

extern "C" fn in_child() {
    FORKED.store(true, Ordering::Relaxed);
}

/// Watches for forks, before the library is used. Several first calls may each do so: a lock that one
/// held would be held for ever in a child that another thread forks meanwhile. Such a child has a
/// library that nobody used.
fn watch_for_forks() {
    if !WATCHED.load(Ordering::Relaxed) {
        // SAFETY: the handler only stores to an atomic, which is allowed after a fork.
        unsafe { libc::pthread_atfork(None, None, Some(in_child)) };
        WATCHED.store(true, Ordering::Relaxed);
    }
}

/// Runs the inside of an exported function: nothing unwinds out of it.
pub(super) fn entry(inside: impl FnOnce() -> Answer) -> partita_status {
    watch_for_forks();
    if FORKED.load(Ordering::Relaxed) {
        return PARTITA_FORKED;
    }
    match catch_unwind(AssertUnwindSafe(inside)) {
        Ok(Ok(())) => PARTITA_OK,
        Ok(Err(status)) => status,
        Err(_) => PARTITA_INTERNAL,
    }
}

/// A slice of the caller's.
///
/// # Safety
/// `ptr` points to `len` readable items for as long as the slice is used.
pub(super) unsafe fn slice<'a, T>(ptr: *const T, len: usize) -> Result<&'a [T], partita_status> {
    if len == 0 {
        return Ok(&[]);
    }
    if ptr.is_null() || !ptr.is_aligned() || len > isize::MAX as usize / size_of::<T>().max(1) {
        return Err(PARTITA_INVALID_ARGUMENT);
    }
    // SAFETY: the caller vouches for `len` items.
    Ok(unsafe { std::slice::from_raw_parts(ptr, len) })
}

/// A writable slice of the caller's, whose contents need not be initialised.
///
/// # Safety
/// `ptr` points to `len` writable items for as long as the slice is used.
pub(super) unsafe fn slice_mut<'a, T>(
    ptr: *mut T,
    len: usize,
) -> Result<&'a mut [MaybeUninit<T>], partita_status> {
    if len == 0 {
        return Ok(&mut []);
    }
    if ptr.is_null() || !ptr.is_aligned() || len > isize::MAX as usize / size_of::<T>().max(1) {
        return Err(PARTITA_INVALID_ARGUMENT);
    }
    // SAFETY: the caller vouches for `len` items.
    Ok(unsafe { std::slice::from_raw_parts_mut(ptr.cast(), len) })
}

/// Text of the caller's.
///
/// # Safety
/// `text` is readable for as long as it is used.
pub(super) unsafe fn text<'a>(text: partita_str) -> Result<&'a str, partita_status> {
    // SAFETY: the caller vouches for it.
    let bytes = unsafe { slice(text.ptr.cast::<u8>(), text.len) }?;
    std::str::from_utf8(bytes).map_err(|_| PARTITA_INVALID_UTF8)
}

/// Text as it is lent to the caller.
pub(super) fn lent(text: &str) -> partita_str {
    partita_str {
        ptr: text.as_ptr().cast(),
        len: text.len(),
    }
}

/// Writes text: at most `capacity` bytes, the last one a NUL, and the length of the whole without it.
///
/// # Safety
/// `text_out` has room for `capacity` bytes; `len_out` is NULL or writable.
pub(super) unsafe fn write_text(
    text: &str,
    text_out: *mut std::ffi::c_char,
    capacity: usize,
    len_out: *mut usize,
) -> Answer {
    // SAFETY: the caller vouches for `capacity` bytes.
    let room = unsafe { slice_mut(text_out.cast::<u8>(), capacity) }?;
    if let Some(last) = room.len().checked_sub(1) {
        let end = last.min(text.len());
        let bytes = text.as_bytes()[..end].iter();
        room.iter_mut().zip(bytes).for_each(|(to, &byte)| {
            to.write(byte);
        });
        room[end].write(0);
    }
    if len_out.is_null() {
        return Ok(());
    }
    // SAFETY: it is not NULL, so it is writable.
    unsafe { write(len_out, text.len()) }
}

/// Writes a result, unless the caller gave NULL.
///
/// # Safety
/// `out` is NULL or writable.
pub(super) unsafe fn write<T>(out: *mut T, result: T) -> Answer {
    if out.is_null() {
        return Err(PARTITA_INVALID_ARGUMENT);
    }
    // SAFETY: it is not NULL, so it is writable.
    unsafe { out.write_unaligned(result) };
    Ok(())
}

/// A struct that begins with its own size, and may be of an older or newer header.
///
/// # Safety
/// All zero must be a valid value of the type, whose first field is `size: usize`.
pub(super) unsafe trait Sized_: Copy {
    /// The fewest bytes it ever had.
    const LEAST: usize;
}

/// Reads a struct: what it lacks is zero; what it has beyond must be.
///
/// # Safety
/// `ptr` is NULL or points to as many readable bytes as its `size` says.
pub(super) unsafe fn read_sized<T: Sized_>(ptr: *const T) -> Result<T, partita_status> {
    if ptr.is_null() {
        return Err(PARTITA_INVALID_ARGUMENT);
    }
    // SAFETY: it is not NULL, so at least its size is readable.
    let size = unsafe { ptr.cast::<usize>().read_unaligned() };
    if size < T::LEAST || size > 1 << 16 {
        return Err(PARTITA_INVALID_ARGUMENT);
    }
    // SAFETY: the caller vouches for `size` bytes.
    let bytes = unsafe { std::slice::from_raw_parts(ptr.cast::<u8>(), size) };
    if bytes.iter().skip(size_of::<T>()).any(|&byte| byte != 0) {
        return Err(PARTITA_UNSUPPORTED);
    }
    let mut read = MaybeUninit::<T>::zeroed();
    let known = size.min(size_of::<T>());
    // SAFETY: `known` bytes are readable there and writable here, and do not overlap.
    unsafe { std::ptr::copy_nonoverlapping(bytes.as_ptr(), read.as_mut_ptr().cast(), known) };
    // SAFETY: what was not copied is zero, and all zero is valid.
    Ok(unsafe { read.assume_init() })
}

/// The size of a struct of the caller's that is to be written.
///
/// # Safety
/// `out` is NULL or points to as many writable bytes as its `size` says.
pub(super) unsafe fn writable_size<T: Sized_>(out: *const T) -> Result<usize, partita_status> {
    if out.is_null() {
        return Err(PARTITA_INVALID_ARGUMENT);
    }
    // SAFETY: it is not NULL, so at least its size is readable.
    let size = unsafe { out.cast::<usize>().read_unaligned() };
    if size < T::LEAST || size > 1 << 16 {
        return Err(PARTITA_INVALID_ARGUMENT);
    }
    Ok(size)
}

/// Writes a struct as far as the caller's header knows it; its `size` stays.
///
/// # Safety
/// `out` is NULL or points to as many writable bytes as its `size` says.
pub(super) unsafe fn write_sized<T: Sized_>(out: *mut T, result: &T) -> Answer {
    // SAFETY: the caller vouches for `out`.
    let size = unsafe { writable_size(out) }?;
    let head = size_of::<usize>();
    let from = std::ptr::from_ref(result).cast::<u8>();
    let count = size.min(size_of::<T>()) - head;
    // SAFETY: both have at least `head + count` bytes, and do not overlap.
    unsafe { std::ptr::copy_nonoverlapping(from.add(head), out.cast::<u8>().add(head), count) };
    Ok(())
}

/// How long the caller wants to wait.
///
/// # Safety
/// `wait` is NULL or readable.
pub(super) unsafe fn read_wait(wait: *const partita_wait) -> Result<Wait, partita_status> {
    if wait.is_null() {
        return Ok(Wait::forever());
    }
    // SAFETY: the caller vouches for it.
    let wait = unsafe { read_sized(wait) }?;
    let timeout = match wait.timeout_ns {
        PARTITA_FOREVER => None,
        0.. => Some(Duration::from_nanos(wait.timeout_ns as u64)),
        _ => return Err(PARTITA_INVALID_ARGUMENT),
    };
    let cancel = match wait.cancel.id {
        0 => None,
        id => Some(handles::pin::<std::sync::Arc<Cancel>>(id)?.clone()),
    };
    Ok(Wait { timeout, cancel })
}
