//! Random applications, driven step by step in random order, do what a sequential model does.

#[path = "model/mod.rs"]
mod model;
#[path = "common/seeds.rs"]
mod seeds;
#[path = "common/spread.rs"]
mod spread;

use model::{Coverage, play};

/// How many seeds a plain `cargo test` plays.
const SEEDS: u64 = 2_000;

/// How many of `all` have each thing that must be tested, by name.
fn counts(all: &[Coverage]) -> [(&'static str, usize); 24] {
    let count = |has: fn(&Coverage) -> bool| all.iter().filter(|one| has(one)).count();
    [
        ("two keyed steps", count(|one| one.two_keyed_steps)),
        ("a shared partition", count(|one| one.shared_partition)),
        ("a full queue of a sink", count(|one| one.stall)),
        ("a skipped message", count(|one| one.skip)),
        ("a reset state", count(|one| one.reset)),
        ("messages arranged by shard", count(|one| one.arranged)),
        ("messages through a buffer", count(|one| one.buffered)),
        ("watches", count(|one| one.watched)),
        ("a buffer flushed later", count(|one| one.left_later)),
        ("stateless steps in senders", count(|one| one.in_senders)),
        ("stateless steps in shards", count(|one| one.in_shards)),
        ("a parallel step", count(|one| one.parallel)),
        ("a blocking step", count(|one| one.blocking)),
        ("a failure half-way", count(|one| one.fallen)),
        ("a message done later", count(|one| one.retry)),
        ("a message delivered later", count(|one| one.retry_of_sink)),
        ("a key in quarantine", count(|one| one.quarantine)),
        ("a key released", count(|one| one.release)),
        ("a failure", count(|one| one.failure)),
        ("a close in flight", count(|one| one.close_in_flight)),
        ("a completion", count(|one| one.completed)),
        ("an answer", count(|one| one.answered)),
        ("fan-out beyond the credits", count(|one| one.overdraft)),
        (
            "all outputs, states and deaths compared",
            count(|one| one.compared),
        ),
    ]
}

/// One in how many seeds must have a thing.
fn least(what: &str) -> usize {
    match what {
        "a failure half-way" => 50,
        "a buffer flushed later" => 20,
        _ => 10,
    }
}

#[test]
fn a_stepped_engine_does_what_the_sequential_model_does() {
    let asked = seeds::only();
    let seeds = seeds::all(SEEDS);
    let many = seeds.end - seeds.start;
    let played = spread::run(seeds, |seed| play(seed, asked.is_some()));
    let covered = played.unwrap_or_else(|(seed, _)| {
        let why = play(seed, true).expect_err("a seed fails always or never");
        panic!("{why}\nThis is seed {seed}: PARTITA_SEED={seed} runs it alone.")
    });
    let counts = counts(&covered);
    for (what, count) in counts {
        println!("{count:>7} of {many} seeds have {what}");
    }
    if covered.len() as u64 >= SEEDS {
        let mut rare = counts
            .iter()
            .filter(|(what, count)| *count * least(what) < covered.len());
        assert_eq!(rare.next(), None, "too few of {many} seeds have it");
    }
}
