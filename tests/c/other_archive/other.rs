//! Another Rust static library, with a standard library and an unwinder of its own.

use std::panic::{catch_unwind, set_hook};

/// Panics three times, catches each, and says how often.
#[unsafe(no_mangle)]
pub extern "C" fn other_panics_caught() -> u32 {
    set_hook(Box::new(|_| {}));
    (0..3)
        .filter(|n| catch_unwind(|| assert!(*n > 3)).is_err())
        .count() as u32
}
