//! Keyed state in Rust, by hand and on the engine: every system runs the same messages, in turn, round by round; the
//! first round warms up. Before the clock starts each key has had one message. Prints a line for each system: its
//! name, and the nanoseconds of each round. Fails if the states of a round are not those of the first one.
//!
//!     partita-benches KEYS MESSAGES ROUNDS

mod channels;
mod direct;
mod engine;
mod exchange;
mod job;

use job::{Message, System, mix};

fn main() {
    let arguments: Vec<usize> = std::env::args()
        .skip(1)
        .map(|argument| {
            argument
                .parse()
                .expect("expected KEYS MESSAGES ROUNDS, numbers")
        })
        .collect();
    let &[keys, len, rounds] = arguments.as_slice() else {
        panic!("expected KEYS MESSAGES ROUNDS");
    };
    let known: Vec<Message> = (0..keys as u64).map(|key| message(key, key)).collect();
    let messages: Vec<Message> = (0..len as u64)
        .map(|number| message(mix(number ^ 0x5851_f42d_4c95_7f2d) % keys as u64, number))
        .collect();

    let systems: [&dyn System; 4] = [
        &direct::Direct,
        &channels::Channels,
        &exchange::Timely,
        &engine::Core,
    ];
    let mut took = vec![Vec::new(); systems.len()];
    let mut expected = None;
    for round in 0..=rounds {
        for turn in 0..systems.len() {
            let at = if round == 0 {
                turn
            } else {
                (round + turn) % systems.len()
            };
            let (elapsed, outcome) = systems[at].run(&known, &messages);
            assert_eq!(
                outcome,
                *expected.get_or_insert(outcome),
                "{}",
                systems[at].name()
            );
            if round > 0 {
                took[at].push(elapsed.as_nanos().to_string());
            }
        }
    }
    for (system, took) in systems.iter().zip(took) {
        println!("{} {}", system.name(), took.join(" "));
    }
}

fn message(key: u64, number: u64) -> Message {
    Message {
        key: mix(key + 1),
        value: mix(number),
    }
}
