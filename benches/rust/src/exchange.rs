//! Timely dataflow: one worker sends, all exchange by key and compute, with a map each.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use timely::dataflow::channels::pact::Exchange;
use timely::dataflow::operators::generic::Operator;
use timely::dataflow::operators::{Input, Probe};
use timely::dataflow::{InputHandle, ProbeHandle};

use crate::job::{BATCH, Message, Outcome, System, Table, WORKERS, compute, mix, partition};

pub struct Timely;

impl System for Timely {
    fn name(&self) -> &'static str {
        "rust-timely"
    }

    fn run(&self, known: &[Message], messages: &[Message]) -> (Duration, Outcome) {
        let inputs = Arc::new([known.to_vec(), messages.to_vec()]);
        let guards = timely::execute(timely::Config::process(WORKERS), move |worker| {
            let table = Rc::new(RefCell::new(Table::default()));
            let states = table.clone();
            let mut input = InputHandle::new();
            let probe = ProbeHandle::new();
            worker.dataflow(|scope| {
                scope
                    .input_from(&mut input)
                    .unary::<timely::container::CapacityContainerBuilder<Vec<()>>, _, _, _>(
                        Exchange::new(|message: &Message| mix(partition(message))),
                        "compute",
                        |_, _| {
                            move |input, _output| {
                                let mut states = states.borrow_mut();
                                input.for_each(|_, batch| {
                                    for message in batch.drain(..) {
                                        compute(&message, states.entry(message.key).or_default());
                                    }
                                });
                            }
                        },
                    )
                    .probe_with(&probe);
            });
            let mut elapsed = Duration::ZERO;
            for (epoch, messages) in inputs.iter().enumerate() {
                let started = Instant::now();
                if worker.index() == 0 {
                    for batch in messages.chunks(BATCH) {
                        for message in batch {
                            input.send(*message);
                        }
                        worker.step();
                    }
                }
                input.advance_to(epoch + 1);
                input.flush();
                while probe.less_than(input.time()) {
                    worker.step();
                }
                elapsed = started.elapsed();
            }
            (worker.index(), elapsed, Outcome::of(&table.borrow()))
        })
        .expect("the workers start");
        let mut took = Duration::ZERO;
        let mut outcome = Outcome::default();
        for result in guards.join() {
            let (index, elapsed, states) = result.expect("a worker ends");
            outcome = outcome.join(states);
            if index == 0 {
                took = elapsed;
            }
        }
        (took, outcome)
    }
}
