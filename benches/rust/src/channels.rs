//! Batches over crossbeam's channels to threads with a map each. Batches go round.

use std::thread;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, bounded};

use crate::job::{BATCH, Message, Outcome, System, Table, WORKERS, compute, partition, place};

/// How many batches wait in a channel at most.
const DEPTH: usize = 32;

pub struct Channels;

/// What the sender has of a worker.
struct Worker {
    full: Sender<Vec<Message>>,
    spare: Receiver<Vec<Message>>,
    filling: Vec<Message>,
}

impl Worker {
    fn flush(&mut self) {
        let next = self.spare.recv().expect("the worker runs");
        let full = std::mem::replace(&mut self.filling, next);
        self.full.send(full).expect("the worker runs");
    }

    /// Waits until all batches but the one that is filled are spare.
    fn wait(&mut self, back: &Sender<Vec<Message>>) {
        let batches: Vec<_> = self.spare.iter().take(DEPTH).collect();
        for batch in batches {
            back.send(batch).expect("the channel is open");
        }
    }
}

impl System for Channels {
    fn name(&self) -> &'static str {
        "rust-channels"
    }

    fn run(&self, known: &[Message], messages: &[Message]) -> (Duration, Outcome) {
        thread::scope(|scope| {
            let mut workers = Vec::new();
            let mut backs = Vec::new();
            let mut threads = Vec::new();
            for _ in 0..WORKERS {
                let (full, input) = bounded(DEPTH);
                let (back, spare) = bounded(DEPTH + 1);
                for _ in 0..DEPTH {
                    back.send(Vec::with_capacity(BATCH))
                        .expect("the channel is open");
                }
                backs.push(back.clone());
                threads.push(scope.spawn(move || work(&input, &back)));
                workers.push(Worker {
                    full,
                    spare,
                    filling: Vec::with_capacity(BATCH),
                });
            }
            feed(&mut workers, &backs, known);
            let started = Instant::now();
            feed(&mut workers, &backs, messages);
            let elapsed = started.elapsed();
            drop(workers);
            let outcomes = threads
                .into_iter()
                .map(|thread| thread.join().expect("a worker ends"));
            (elapsed, outcomes.fold(Outcome::default(), Outcome::join))
        })
    }
}

fn work(input: &Receiver<Vec<Message>>, back: &Sender<Vec<Message>>) -> Outcome {
    let mut table = Table::default();
    for mut batch in input {
        for message in &batch {
            compute(message, table.entry(message.key).or_default());
        }
        batch.clear();
        // The sender may have gone.
        let _ = back.send(batch);
    }
    Outcome::of(&table)
}

fn feed(workers: &mut [Worker], backs: &[Sender<Vec<Message>>], messages: &[Message]) {
    for message in messages {
        let worker = &mut workers[place(partition(message))];
        worker.filling.push(*message);
        if worker.filling.len() == BATCH {
            worker.flush();
        }
    }
    for worker in &mut *workers {
        worker.flush();
    }
    for (worker, back) in workers.iter_mut().zip(backs) {
        worker.wait(back);
    }
}
