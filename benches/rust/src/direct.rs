//! One loop and one map on one core.

use std::time::{Duration, Instant};

use crate::job::{Message, Outcome, System, Table, compute, partition};

pub struct Direct;

impl System for Direct {
    fn name(&self) -> &'static str {
        "rust-direct"
    }

    fn run(&self, known: &[Message], messages: &[Message]) -> (Duration, Outcome) {
        let mut table = Table::default();
        feed(&mut table, known);
        let started = Instant::now();
        feed(&mut table, messages);
        (started.elapsed(), Outcome::of(&table))
    }
}

fn feed(table: &mut Table, messages: &[Message]) {
    for message in messages {
        compute(message, table.entry(partition(message)).or_default());
    }
}
