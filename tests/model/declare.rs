//! Declares what a shape describes, with a hand for everything that the engine may call.

use std::sync::Arc;

use partita::model::{Key, KeyKind};
use partita::topology::{
    Application, Computation, DeclaredKeys, Partition, Pipeline, Sink, SinkKind, Source, Step,
    Threads,
};

use super::hand::{Hand, Role};
use super::shape::{PartitionShape, Shape, SinkRule};
use super::world::World;

/// A declaration, and the hands that it lends.
pub struct Declaration {
    world: Arc<World>,
    pub hands: Vec<Arc<Hand>>,
}

impl Declaration {
    pub fn new(world: &Arc<World>) -> Declaration {
        Declaration {
            world: world.clone(),
            hands: Vec::new(),
        }
    }

    fn hand(&mut self, role: Role) -> Arc<Hand> {
        let hand = Hand::new(&self.world, role);
        self.hands.push(hand.clone());
        hand
    }

    pub fn application(&mut self) -> Application {
        let world = self.world.clone();
        let shape = &world.shape;
        Application {
            name: "model".into(),
            workers: shape.workers,
            threads: Threads::Host,
            key_groups: shape.key_groups,
            run_length: shape.run_length as u32,
            stack_size: 1 << 20,
            dead_letters: shape.handler.then(|| self.hand(Role::Handler) as _),
            completions: shape.reporter.then(|| self.hand(Role::Reporter) as _),
            log: None,
            sleep: None,
            partitions: self.partitions(shape),
            pipelines: (0..shape.pipelines.len())
                .map(|index| self.pipeline(shape, index))
                .collect(),
        }
    }

    fn partitions(&mut self, shape: &Shape) -> Vec<Partition> {
        let mut declared = Vec::new();
        for (index, partition) in shape.partitions.iter().enumerate() {
            for _ in 0..1 + usize::from(partition.twice) {
                declared.push(Partition {
                    name: format!("part{index}"),
                    key_kind: partition.kind,
                    keys: keys(partition),
                    build: self.hand(Role::Build(index)),
                    build_id: index as u64,
                });
            }
        }
        declared
    }

    fn pipeline(&mut self, shape: &Shape, index: usize) -> Pipeline {
        let described = &shape.pipelines[index];
        let mut pipeline = Pipeline::new(format!("pipe{index}"));
        pipeline.from_source(Source {
            credits: described.credits as u64,
            values: self.hand(Role::Source(index)),
            listen: None,
        });
        for (number, step) in described.steps.iter().enumerate() {
            if let Some(how) = step.stateless {
                pipeline.to(Computation {
                    name: format!("step{number}"),
                    transform: self.hand(Role::Transform(index, number)),
                    parallel: how.parallel,
                    values: self.hand(Role::Outputs(index, number)),
                    policy: step.policy,
                    blocking: step.blocking,
                });
                continue;
            }
            let kind = shape.partitions[step.partition].kind;
            let keyed = kind != KeyKind::Single;
            pipeline.to_state_partition(Step {
                name: format!("step{number}"),
                partition: format!("part{}", step.partition),
                keys: keyed.then(|| self.hand(Role::Keys(index, number)) as _),
                key_kind: keyed.then_some(kind),
                compute: self.hand(Role::Compute(index, number)),
                values: self.hand(Role::Outputs(index, number)),
                policy: step.policy,
                blocking: step.blocking,
                retry: step.retry,
            });
        }
        for (number, sink) in described.sinks.iter().enumerate() {
            pipeline.to_sink(Sink {
                name: format!("sink{number}"),
                policy: sink.policy,
                retry: sink.retry,
                kind: match sink.rule {
                    SinkRule::Queue(capacity) => SinkKind::Queue(capacity as u64),
                    SinkRule::Answers => SinkKind::Answers(self.hand(Role::Sink(index, number))),
                    SinkRule::Callback => SinkKind::Callback(self.hand(Role::Sink(index, number))),
                },
            });
        }
        if described.sinks.is_empty() {
            pipeline.done();
        }
        pipeline
    }
}

fn keys(partition: &PartitionShape) -> Option<DeclaredKeys> {
    let declared = &partition.keys[..partition.declared?];
    let words = declared.iter().filter_map(|key| match key {
        Key::Word(word) => Some(*word),
        _ => None,
    });
    let bytes = declared.iter().filter_map(|key| match key {
        Key::Bytes(bytes) => Some(bytes.clone()),
        _ => None,
    });
    Some(match partition.kind {
        KeyKind::Word => DeclaredKeys::Words(words.collect()),
        _ => DeclaredKeys::Bytes(bytes.collect()),
    })
}
