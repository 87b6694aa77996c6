//! Calling the host: nothing unwinds out of a callback, and a thread knows whose callbacks it is in.

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};

use super::Engine;
use crate::host::Verdict;

thread_local! {
    /// The engines in whose callbacks this thread is, innermost last.
    static INSIDE: RefCell<Vec<usize>> = const { RefCell::new(Vec::new()) };
}

fn identity(engine: &Engine) -> usize {
    std::ptr::from_ref(engine).addr()
}

/// Tells this thread from all others that live.
pub(crate) fn this_thread() -> usize {
    INSIDE.with(|engines| std::ptr::from_ref(engines).addr())
}

/// Whether this thread is inside a callback of this engine.
pub(crate) fn inside(engine: &Engine) -> bool {
    INSIDE.with_borrow(|engines| engines.contains(&identity(engine)))
}

/// Whether the innermost callback that this thread is in is one of this engine.
pub(crate) fn innermost(engine: &Engine) -> bool {
    INSIDE.with_borrow(|engines| engines.last() == Some(&identity(engine)))
}

/// Calls back into the host.
pub(crate) fn call(engine: &Engine, callback: impl FnOnce() -> Verdict) -> Verdict {
    enter(engine);
    let result = catch_unwind(AssertUnwindSafe(callback));
    leave();
    result.unwrap_or_else(|panic| Verdict::Failed(format!("panic: {}", panic_text(&*panic))))
}

/// Hands something back to the host: a call that has no way to fail.
pub(crate) fn tell(engine: &Engine, callback: impl FnOnce()) {
    call(engine, || {
        callback();
        Verdict::Done
    });
}

fn enter(engine: &Engine) {
    INSIDE.with_borrow_mut(|engines| engines.push(identity(engine)));
}

/// Notes that the innermost callback of this thread is over, or never will be.
pub(crate) fn leave() {
    INSIDE.with_borrow_mut(|engines| engines.pop());
}

/// What a panic said.
pub(crate) fn panic_text(panic: &(dyn std::any::Any + Send)) -> &str {
    match (panic.downcast_ref::<&str>(), panic.downcast_ref::<String>()) {
        (Some(text), _) => text,
        (_, Some(text)) => text,
        _ => "of unknown kind",
    }
}
