//! A callback that breaks its contract ends the application, which says where and how; everything is
//! handed back nevertheless.

#[path = "common/slots.rs"]
#[allow(dead_code)]
mod slots;

use std::sync::Arc;

use partita::engine::{Batch, Engine, FailureKind, Sender, Tokens, Wait};
use partita::host::{
    Build, BuildBatch, Compute, DELETE, DeadLetter, DeadLetters, Deliver, Host, KeyBatch, Output,
    Partition, Run, Values, Verdict,
};
use partita::model::{KeyKind, Policy, Retry, Value};
use partita::topology::{self, Application, Pipeline, Sink, SinkKind, Source, Step, Threads};
use slots::Slots;

/// How many messages are sent.
const MANY: u64 = 6;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    FirstKeys,
    SecondKeys,
    Build,
    Compute,
    Sink,
    Handler,
}

/// What a callback does wrong. One that says nothing has done all the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wrong {
    SaysTooMuch,
    SaysNothing,
    FailsWithAllDone,
    HasOutputs,
    SaysSo,
    EmitsForWhatIsNotDone,
    EmitsOutOfOrder,
    DeletesTooEarly,
}

use Wrong::{
    DeletesTooEarly, EmitsForWhatIsNotDone, EmitsOutOfOrder, FailsWithAllDone, HasOutputs,
    SaysNothing, SaysSo, SaysTooMuch,
};

const BREACHES: &[(Place, &str, &[Wrong])] = &[
    (
        Place::FirstKeys,
        "step 1 \"first\"",
        &[
            SaysTooMuch,
            SaysNothing,
            FailsWithAllDone,
            HasOutputs,
            SaysSo,
        ],
    ),
    (
        Place::SecondKeys,
        "step 2 \"second\"",
        &[
            SaysTooMuch,
            SaysNothing,
            FailsWithAllDone,
            HasOutputs,
            SaysSo,
        ],
    ),
    (
        Place::Build,
        "partition \"keys\"",
        &[SaysNothing, FailsWithAllDone, HasOutputs, SaysSo],
    ),
    (
        Place::Compute,
        "step 1 \"first\"",
        &[
            SaysTooMuch,
            SaysNothing,
            FailsWithAllDone,
            SaysSo,
            EmitsForWhatIsNotDone,
            EmitsOutOfOrder,
            DeletesTooEarly,
        ],
    ),
    (
        Place::Sink,
        "sink \"results\"",
        &[
            SaysTooMuch,
            SaysNothing,
            FailsWithAllDone,
            HasOutputs,
            SaysSo,
        ],
    ),
    (Place::Handler, "dead letters", &[HasOutputs, SaysSo]),
];

/// A host that does one thing wrong at one place, and all else as it should.
struct Rude {
    messages: Arc<Slots>,
    states: Arc<Slots>,
    place: Place,
    wrong: Wrong,
    /// Which step it is for.
    second: bool,
}

impl Rude {
    fn at(&self, place: Place) -> Option<Wrong> {
        (self.place == place).then_some(self.wrong)
    }
}

/// The answer of a callback that is wrong whatever it did.
fn answer(wrong: Option<Wrong>) -> Verdict {
    match wrong {
        Some(FailsWithAllDone) => Verdict::Failed("although all is done".into()),
        Some(HasOutputs) => Verdict::OutputsFull,
        Some(SaysSo) => Verdict::Contract("it says so".into()),
        _ => Verdict::Done,
    }
}

impl Host for Rude {
    fn release(&self) {
        self.messages.let_host_go();
    }
}

impl Values for Rude {
    fn drop_values(&self, values: &[Value]) {
        self.messages.take_all(values);
    }
}

impl Partition for Rude {
    fn keys(&self, batch: &mut KeyBatch<'_>) -> Verdict {
        let wrong = self.at(match self.second {
            true => Place::SecondKeys,
            false => Place::FirstKeys,
        });
        let count = match wrong {
            Some(SaysNothing | HasOutputs) => 0,
            Some(SaysSo) => batch.values.len() / 2,
            Some(SaysTooMuch) => batch.values.len() + 1,
            _ => batch.values.len(),
        };
        batch
            .words
            .extend((0..count as u64).map(|number| number % 2));
        answer(wrong)
    }
}

impl Compute for Rude {
    fn compute(&self, run: &mut Run<'_>) -> Verdict {
        let wrong = self.at(Place::Compute).filter(|_| !self.second);
        let fails = !self.second && self.place == Place::Handler;
        if fails {
            return Verdict::Failed("for the handler".into());
        }
        if wrong == Some(SaysNothing) {
            self.messages.take_all(run.values);
            return Verdict::Done;
        }
        let done = match wrong {
            Some(EmitsForWhatIsNotDone | SaysSo) => run.values.len() - 1,
            _ => run.values.len(),
        };
        for (index, &value) in run.values[..done].iter().enumerate() {
            self.messages.take(value);
            run.outputs.push(Output {
                value: self.messages.give(0),
                from: index as u64,
            });
        }
        *run.done = done;
        match wrong {
            Some(SaysTooMuch) => *run.done += 1,
            Some(EmitsForWhatIsNotDone) => run.outputs.push(Output {
                value: self.messages.give(0),
                from: done as u64,
            }),
            Some(EmitsOutOfOrder) => run.outputs.reverse(),
            Some(DeletesTooEarly) => run.flags[0] |= DELETE,
            _ => {}
        }
        answer(wrong)
    }
}

impl Build for Rude {
    fn build(&self, batch: &mut BuildBatch<'_>) -> Verdict {
        let wrong = self.at(Place::Build);
        let count = match wrong {
            Some(SaysNothing | HasOutputs | SaysSo) => 0,
            _ => batch.len,
        };
        batch.states.extend((0..count).map(|_| self.states.give(0)));
        answer(wrong)
    }

    fn drop_states(&self, states: &[Value]) {
        self.states.take_all(states);
    }
}

impl Deliver for Rude {
    fn deliver(&self, values: &[Value], done: &mut usize) -> Verdict {
        let wrong = self.at(Place::Sink);
        // To break the contract here is to have taken all.
        self.messages.take_all(values);
        *done = match wrong {
            Some(SaysNothing) => 0,
            Some(SaysTooMuch) => values.len() + 1,
            _ => values.len(),
        };
        answer(wrong)
    }
}

impl DeadLetters for Rude {
    fn handle(&self, letters: &[DeadLetter], done: &mut usize) -> Verdict {
        let wrong = self.at(Place::Handler);
        if wrong.is_none() {
            letters
                .iter()
                .for_each(|letter| self.messages.take_all(&[letter.value]));
            *done = letters.len();
        }
        answer(wrong)
    }
}

fn application(host: impl Fn(bool) -> Arc<Rude>) -> Application {
    let mut pipeline = Pipeline::new("pipe".into());
    pipeline.from_source(Source {
        credits: 100,
        values: host(false),
        listen: None,
    });
    for (name, second) in [("first", false), ("second", true)] {
        pipeline.to_state_partition(Step {
            name: name.into(),
            partition: "keys".into(),
            keys: Some(host(second)),
            key_kind: Some(KeyKind::Word),
            compute: host(second),
            values: host(second),
            policy: Policy::Skip,
            blocking: 0,
            retry: Retry::default(),
        });
    }
    pipeline.to_sink(Sink {
        name: "results".into(),
        policy: Policy::Skip,
        retry: Retry::default(),
        kind: SinkKind::Callback(host(false)),
    });
    Application {
        name: "rude".into(),
        workers: 1,
        threads: Threads::Host,
        key_groups: 2,
        run_length: 100,
        stack_size: 1 << 20,
        sleep: None,
        dead_letters: Some(host(false)),
        completions: None,
        log: None,
        partitions: vec![topology::Partition {
            name: "keys".into(),
            key_kind: KeyKind::Word,
            keys: None,
            build: host(false),
            build_id: 0,
        }],
        pipelines: vec![pipeline],
    }
}

fn breach(place: Place, wrong: Wrong, path: &str, seed: u64) {
    let (messages, states) = (Slots::new(100), Slots::new(10));
    let host = |second| {
        messages.lend_host();
        Arc::new(Rude {
            messages: messages.clone(),
            states: states.clone(),
            place,
            wrong,
            second,
        })
    };
    let engine = Engine::stepped(application(host), seed);
    let engine = engine.unwrap_or_else(|rejected| panic!("{:?}", rejected.mistakes));
    let mut sender = Sender::new(engine.clone(), 0);
    let values: Vec<Value> = (0..MANY).map(|data| messages.give(data)).collect();
    let tokens: Vec<u64> = (0..MANY).collect();
    let mut batch = Batch::new(&values);
    batch.tokens = match seed % 2 {
        0 => Tokens::Each(&tokens),
        _ => Tokens::Batch(MANY),
    };
    let sent = sender.send(&batch, &Wait::not_at_all());
    assert_eq!(sent, (MANY as usize, Ok(())));
    while engine.step() {}
    let failure = engine.failure().expect("the contract is broken");
    assert_eq!(failure.kind, FailureKind::Contract, "{failure}");
    assert!(failure.path.ends_with(path), "{failure}");
    assert_eq!(
        engine.close(&Wait::forever()),
        Ok(()),
        "{}",
        engine.waiting_for()
    );
    let metrics = engine.metrics();
    assert_eq!(metrics.values_held, 0);
    assert_eq!(messages.outstanding(), 0);
    assert_eq!(states.outstanding(), 0);
    let mut completions = Vec::new();
    let all = 2 * MANY as usize;
    let polled = engine.poll_completions(all, &Wait::not_at_all(), &mut completions);
    assert_eq!(polled, Some(Ok(())));
    let mut told: Vec<u64> = completions.iter().map(|one| one.token).collect();
    told.sort_unstable();
    let should = if seed.is_multiple_of(2) {
        tokens
    } else {
        vec![MANY]
    };
    assert_eq!(told, should, "completions of which each is reported once");
    let dead: u64 = completions.iter().map(|one| one.dead).sum();
    assert_eq!(dead, metrics.dead.iter().sum::<u64>());
    messages.assert_all_is_back();
    states.assert_all_is_back();
}

#[test]
fn who_breaks_a_contract_ends_the_application_and_loses_nothing() {
    for &(place, path, wrongs) in BREACHES {
        for &wrong in wrongs {
            for seed in 0..20 {
                println!("{place:?} {wrong:?}, seed {seed}");
                breach(place, wrong, path, seed);
            }
        }
    }
}
