//! Every fault that can be planted in the engine is caught by the comparison with the sequential
//! model. `cargo test --features faults --test faults -- --nocapture` prints by which seed.

#[path = "model/mod.rs"]
mod model;
#[path = "common/spread.rs"]
mod spread;

use partita::fault::{Fault, plant};

/// Within how many seeds each fault is to be caught.
const SEEDS: u64 = 400;

/// The first seed that catches a fault, and what it says.
fn caught(fault: Fault) -> Option<(u64, String)> {
    // A fault is planted for a thread, so every seed plants its own.
    let played = spread::run(0..SEEDS, |seed| {
        plant(Some(fault));
        let played = model::play(seed, false);
        plant(None);
        played
    });
    played.err()
}

#[test]
fn every_planted_fault_is_caught() {
    // Faults make the engine panic, and it says so: that is not what this test has to say.
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| {}));
    let all = Fault::ALL.map(|fault| (fault, caught(fault)));
    std::panic::set_hook(hook);
    for (fault, caught) in &all {
        match caught {
            Some((seed, why)) => println!("{fault:?}: seed {seed}: {why}"),
            None => println!("{fault:?}: not caught"),
        }
    }
    let missed: Vec<_> = all.iter().filter(|(_, caught)| caught.is_none()).collect();
    assert!(
        missed.is_empty(),
        "not caught within {SEEDS} seeds: {missed:?}"
    );
}

#[test]
fn without_a_fault_nothing_is_caught() {
    let played = spread::run(0..SEEDS, |seed| model::play(seed, false));
    assert_eq!(played.err(), None);
}
