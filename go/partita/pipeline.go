package partita

// Pipeline is a source, then computations in order, then sinks or none. Its methods declare it,
// each returns the pipeline itself; mistakes are told by [Application.Check].
type Pipeline struct{}

// StepOption sets something about a step or a sink.
type StepOption func(*stepOptions)

type stepOptions struct{}

// Skip makes a message on which the step or sink fails a dead letter, and the application go on.
// The state keeps what the failed call did to it. Without it the application fails.
func Skip() StepOption { panic(notYet) }

// WithName names the step, in place of the name of its computation.
func WithName(name string) StepOption { panic(notYet) }

// ToStateful adds a computation whose state is one object. The name is that of the state: steps
// with the same name share it, and then their builders must be of the same type.
func (pipeline *Pipeline) ToStateful(computation StateComputation, builder StateBuilder, name string, options ...StepOption) *Pipeline {
	panic(notYet)
}

// ToStatefulMulti is ToStateful for a computation with any number of outputs.
func (pipeline *Pipeline) ToStatefulMulti(computation StateComputationMulti, builder StateBuilder, name string, options ...StepOption) *Pipeline {
	panic(notYet)
}

// ToStatePartition adds a computation whose state is partitioned by key. The name is that of the
// partition: steps with the same name, also of other pipelines, share its states, and then their
// builders must be of the same type and their keys the same.
//
// With keys, only those exist, and a message of any other key is a dead letter. With nil, the
// state of a key is built when its first message comes.
func (pipeline *Pipeline) ToStatePartition(computation StateComputation, builder StateBuilder, name string, partition PartitionFunction, keys []uint64, options ...StepOption) *Pipeline {
	panic(notYet)
}

// ToStatePartitionMulti is ToStatePartition for a computation with any number of outputs.
func (pipeline *Pipeline) ToStatePartitionMulti(computation StateComputationMulti, builder StateBuilder, name string, partition PartitionFunction, keys []uint64, options ...StepOption) *Pipeline {
	panic(notYet)
}

// ToStatePartitionString is ToStatePartition with keys that are strings.
func (pipeline *Pipeline) ToStatePartitionString(computation StateComputation, builder StateBuilder, name string, partition StringPartitionFunction, keys []string, options ...StepOption) *Pipeline {
	panic(notYet)
}

// ToStatePartitionStringMulti is ToStatePartitionString for a computation with any number of
// outputs.
func (pipeline *Pipeline) ToStatePartitionStringMulti(computation StateComputationMulti, builder StateBuilder, name string, partition StringPartitionFunction, keys []string, options ...StepOption) *Pipeline {
	panic(notYet)
}

// ToSink ends the pipeline with a sink.
func (pipeline *Pipeline) ToSink(sink Sink, options ...StepOption) *Pipeline { panic(notYet) }

// ToSinks ends the pipeline with several sinks. Each gets every message, the same object.
func (pipeline *Pipeline) ToSinks(sinks ...Sink) *Pipeline { panic(notYet) }

// Done ends the pipeline without a sink. What its last step emits is counted and forgotten.
func (pipeline *Pipeline) Done() *Pipeline { panic(notYet) }
