//! Spreads seeds over threads.

use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};

/// Runs seeds on a few threads until one of them fails. Gives what they found, in no particular
/// order, or the smallest seed that failed and why.
pub fn run<T: Send>(
    seeds: Range<u64>,
    one: impl Fn(u64) -> Result<T, String> + Sync,
) -> Result<Vec<T>, (u64, String)> {
    let next = AtomicU64::new(seeds.start);
    let work = || {
        let mut found = Vec::new();
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= seeds.end {
                return Ok(found);
            }
            match one(seed) {
                Ok(one) => found.push(one),
                Err(why) => {
                    next.store(seeds.end, Ordering::Relaxed);
                    return Err((seed, why));
                }
            }
        }
    };
    let threads = std::thread::available_parallelism().map_or(1, |threads| threads.get().min(4));
    std::thread::scope(|scope| {
        let started: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        let mut all = Vec::new();
        let mut failed: Option<(u64, String)> = None;
        for thread in started {
            match thread.join().expect("a seed reports, it does not panic") {
                Ok(found) => all.extend(found),
                Err(one) if failed.as_ref().is_some_and(|known| known.0 < one.0) => {}
                Err(one) => failed = Some(one),
            }
        }
        failed.map_or(Ok(all), Err)
    })
}
