package partita

import "time"

// Pipeline is a source, then computations in order, then sinks or none. Its methods declare it,
// each returns the pipeline itself; mistakes are told by [Application.Check].
type Pipeline struct {
	app  *Application
	name string
	// source feeds it. If it is missing, another stands in for it.
	source  anySource
	missing bool
	// items are the steps, sinks and ends, in the order of declaration.
	items []any
}

// stepItem is a step as declared.
type stepItem struct {
	// computation is the computation, or nil.
	computation any
	// mistakes are what is wrong with how it was declared.
	mistakes []string
	options  stepOptions
	// part is the partition of a step with a state, and host makes the step.
	part *partItem
	host func(base stepBase) stepHost
	// transform makes a step without a state, which may be parallel.
	transform func(base stepBase) transformHost
	parallel  bool
}

// partItem is the partition of a step, as declared.
type partItem struct {
	// name is that of the state, whose keys are of a kind.
	name string
	kind KeyKind
	// signed says that the keys are numbers with a sign.
	signed bool
	types  types
	keys   declaredKeys
	// builder is called by a name.
	builder     any
	builderName string
	// host makes the partition.
	host func(engine *engine) partHost
}

// declaredKeys are the only keys of a partition, or nil if there are others.
type declaredKeys struct {
	words []uint64
	texts []string
}

// sinkItem is a sink as declared.
type sinkItem struct {
	sink    anySink
	options stepOptions
	// missing says that the sink is nil, and another stands in for it.
	missing bool
	// mistakes are what is wrong with how it was declared.
	mistakes []string
	// outlet makes the engine's side of the sink.
	outlet func(base outletBase) outlet
}

// endItem is the end of a pipeline without a sink.
type endItem struct{}

// StepOption sets something about a step or a sink.
type StepOption func(*stepOptions)

type stepOptions struct {
	policy policy
	retry  retry
	name   string
	// blocking is how many threads of its own a step has, if it is.
	blocking   int
	isBlocking bool
	// nilOption says that one of the options is nil.
	nilOption bool
}

// Skip makes a message on which the step or sink fails a dead letter, and the application go on.
// The state keeps what the failed call did to it. Without it the application fails.
func Skip() StepOption { return func(options *stepOptions) { options.policy = skip } }

// Reset makes a message on which the step fails a dead letter, and its key gets a new state of the
// builder; then the application goes on. If that cannot be built, the application fails. A failing
// partition function, and a state that cannot be built on first use, are skipped. It is not for sinks.
func Reset() StepOption { return func(options *stepOptions) { options.policy = reset } }

// Quarantine makes a message on which the step fails a dead letter and puts its key in quarantine; then
// the application goes on. Until [Application.Release], every later message of the key is a dead letter
// ([DeadQuarantined]), at every step that uses the partition and whatever its options: the state may be
// damaged. It is kept as the failed call left it. A failing partition function is skipped. It is not for
// sinks.
func Quarantine() StepOption { return func(options *stepOptions) { options.policy = quarantine } }

// Blocking gives the step goroutines of its own, each with a thread, for a computation that blocks: it
// waits for a disk, a lock, or a remote service. So many messages are computed at once, each of another
// key, and nothing else in the application waits for them. All that is promised of a step is promised
// of it.
//
// The goroutines run everything that has to do with the step's states, because a state is one
// goroutine's at a time: all steps with the same partition, their next partition functions, and its
// builder. Blocking steps of one partition must have the same number, and share it. A step without a state
// may be blocking if it is parallel; its goroutines also run the stateless steps behind it. All steps
// together have 1,024 at most. It is not for sinks.
//
// In such a step a Send into the same application is allowed as long as it need not wait.
//
// Where workers are busy, computations that wake up wait for one of GOMAXPROCS processors: it should then be
// some more than there are workers ([Workers]).
func Blocking(threads int) StepOption {
	return func(options *stepOptions) { options.blocking, options.isBlocking = threads, true }
}

// Retry tries a message on which the step or sink fails again, up to so many times, each at least pause
// later, before the other options say what becomes of it: [Skip], for instance, or else the application
// fails. At a step, later messages of the same key wait behind it, so their order is kept, and other keys
// go on; at a sink all messages wait. The state keeps what the failed call did to it. What waits holds
// its credits. A state that could not be built on first use is tried again, a partition function is not.
// At most 1,000,000 times, and 24 hours apart; not for steps without a state, nor for sinks that are
// queues or channels.
func Retry(times int, pause time.Duration) StepOption {
	return func(options *stepOptions) { options.retry = retry{given: true, times: times, pause: pause} }
}

// WithName names the step, in place of the name of its computation; or the sink, in place of the name
// that it was made with.
func WithName(name string) StepOption { return func(options *stepOptions) { options.name = name } }

// To adds a computation without a state. The steps that a pipeline begins with, up to the first one with
// a state or a parallel one, are run by the goroutine that sends; others by the worker that has the
// message. Steps next to each other cost no more crossing into the engine than one.
func (pipeline *Pipeline) To(computation Computation, options ...StepOption) *Pipeline {
	return pipeline.step(anyTransform(computation, nil, false), options)
}

// ToMulti is To for a computation with any number of outputs.
func (pipeline *Pipeline) ToMulti(computation ComputationMulti, options ...StepOption) *Pipeline {
	return pipeline.step(anyTransform(nil, computation, false), options)
}

// ToParallel is To for a computation that is worth being spread over all workers: several messages are
// computed at once, also of one sender. From there on they come in any order, also to steps with a state.
func (pipeline *Pipeline) ToParallel(computation Computation, options ...StepOption) *Pipeline {
	return pipeline.step(anyTransform(computation, nil, true), options)
}

// ToParallelMulti is ToParallel for a computation with any number of outputs.
func (pipeline *Pipeline) ToParallelMulti(computation ComputationMulti, options ...StepOption) *Pipeline {
	return pipeline.step(anyTransform(nil, computation, true), options)
}

// ToStateful adds a computation whose state is one object. The name is that of the state: steps
// with the same name share it, and then their builders must be of the same type.
func (pipeline *Pipeline) ToStateful(computation StateComputation, builder StateBuilder, name string, options ...StepOption) *Pipeline {
	return pipeline.step(anyStep(computation, nil, nil, builder, partItem{name: name}), options)
}

// ToStatefulMulti is ToStateful for a computation with any number of outputs.
func (pipeline *Pipeline) ToStatefulMulti(computation StateComputationMulti, builder StateBuilder, name string, options ...StepOption) *Pipeline {
	return pipeline.step(anyStep(nil, computation, nil, builder, partItem{name: name}), options)
}

// ToStatePartition adds a computation whose state is partitioned by key. The name is that of the
// partition: steps with the same name, also of other pipelines, share its states, and then their
// builders must be of the same type (two of [Build]: of the same function) and their keys the same.
//
// With keys, only those exist, and a message of any other key is a dead letter. With nil, the
// state of a key is built when its first message comes.
func (pipeline *Pipeline) ToStatePartition(computation StateComputation, builder StateBuilder, name string, partition PartitionFunction, keys []uint64, options ...StepOption) *Pipeline {
	return pipeline.step(anyStep(computation, nil, byNumber(partition), builder, numbered(name, keys)), options)
}

// ToStatePartitionMulti is ToStatePartition for a computation with any number of outputs.
func (pipeline *Pipeline) ToStatePartitionMulti(computation StateComputationMulti, builder StateBuilder, name string, partition PartitionFunction, keys []uint64, options ...StepOption) *Pipeline {
	return pipeline.step(anyStep(nil, computation, byNumber(partition), builder, numbered(name, keys)), options)
}

// ToStatePartitionString is ToStatePartition with keys that are strings.
func (pipeline *Pipeline) ToStatePartitionString(computation StateComputation, builder StateBuilder, name string, partition StringPartitionFunction, keys []string, options ...StepOption) *Pipeline {
	return pipeline.step(anyStep(computation, nil, byText(partition), builder, lettered(name, keys)), options)
}

// ToStatePartitionStringMulti is ToStatePartitionString for a computation with any number of
// outputs.
func (pipeline *Pipeline) ToStatePartitionStringMulti(computation StateComputationMulti, builder StateBuilder, name string, partition StringPartitionFunction, keys []string, options ...StepOption) *Pipeline {
	return pipeline.step(anyStep(nil, computation, byText(partition), builder, lettered(name, keys)), options)
}

// ToSink ends the pipeline with a sink. When it is called again, that adds a sink: each gets every
// message, the same object, and has its own options.
func (pipeline *Pipeline) ToSink(sink Sink, options ...StepOption) *Pipeline {
	return pipeline.add(newSinkItem(sink, options))
}

// ToSinks ends the pipeline with several sinks, as several calls of ToSink do.
func (pipeline *Pipeline) ToSinks(sinks ...Sink) *Pipeline {
	for _, sink := range sinks {
		pipeline.ToSink(sink)
	}
	return pipeline
}

// Done ends the pipeline without a sink. What its last step emits is counted and forgotten.
func (pipeline *Pipeline) Done() *Pipeline { return pipeline.add(endItem{}) }

func optionsOf(list []StepOption) stepOptions {
	var options stepOptions
	options.nilOption = apply(&options, list)
	return options
}

// step adds a step, which has the name of its computation unless it was given one.
func (pipeline *Pipeline) step(item *stepItem, list []StepOption) *Pipeline {
	item.options = optionsOf(list)
	if item.options.name == "" && item.computation != nil {
		item.options.name = nameOf(item.computation)
	}
	return pipeline.add(item)
}

// newSinkItem declares a sink for messages of a type.
func newSinkItem[T any](sink SinkOf[T], list []StepOption) *sinkItem {
	queue, is := sink.(*QueueSinkOf[T])
	missing := sink == nil || is && queue == nil
	if missing {
		sink = NewSinkFuncOf("nil", func([]T) error { return nil })
	}
	return &sinkItem{
		sink:    sink,
		missing: missing,
		options: optionsOf(list),
		outlet:  func(base outletBase) outlet { return sink.outlet(base, messagesOf[T](base.engine)) },
	}
}

func (pipeline *Pipeline) add(item any) *Pipeline {
	pipeline.app.declare(pipeline.path(), func() {
		pipeline.items = append(pipeline.items, item)
		if item, ok := item.(*sinkItem); ok {
			item.sink.claim(pipeline)
		}
	})
	return pipeline
}

// sinks are those that belong to the pipeline.
func (pipeline *Pipeline) sinks() []anySink {
	var sinks []anySink
	for _, item := range pipeline.items {
		if item, ok := item.(*sinkItem); ok && item.sink.owner() == pipeline {
			sinks = append(sinks, item.sink)
		}
	}
	return sinks
}

// path names the pipeline.
func (pipeline *Pipeline) path() string {
	return pipeline.app.path() + ` / pipeline "` + pipeline.name + `"`
}
