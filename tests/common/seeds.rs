//! Which seeds a random test runs.
//!
//! `PARTITA_SEED=n` runs one seed and prints what was done; `PARTITA_SEEDS=n` runs the first `n`.

use std::ops::Range;

fn number(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    let parsed = text.parse();
    Some(parsed.unwrap_or_else(|_| panic!("{name}={text}: expected a number")))
}

/// The one seed that was asked for.
pub fn only() -> Option<u64> {
    number("PARTITA_SEED")
}

/// The seeds to run, of which there are `usual` if nothing else is asked for.
pub fn all(usual: u64) -> Range<u64> {
    match only() {
        Some(seed) => seed..seed + 1,
        None => 0..number("PARTITA_SEEDS").unwrap_or(usual),
    }
}
