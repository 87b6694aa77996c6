//! The stepped engine against a sequential model: what one seed decides is declared, played and
//! compared.

mod chain;
mod coverage;
mod declare;
mod driver;
mod halves;
mod hand;
mod oracle;
mod rules;
mod shape;
mod tickets;
mod world;

use std::panic::{AssertUnwindSafe, catch_unwind};

pub use coverage::Coverage;
use driver::Driver;

/// Plays one seed. A defect is told, with all that was done if that is asked for.
pub fn play(seed: u64, trace: bool) -> Result<Coverage, String> {
    let mut driver = Driver::new(seed, trace);
    let played = catch_unwind(AssertUnwindSafe(|| driver.play()));
    let played = played.unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().map(String::as_str);
        let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
        Err(format!("a panic: {}", text.unwrap_or("of unknown kind")))
    });
    match played {
        Ok(coverage) => driver.into_nothing().map(|()| coverage),
        Err(defect) => Err(format!("{}{defect}", driver.trace())),
    }
}
