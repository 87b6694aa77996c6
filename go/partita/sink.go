package partita

// Sink is where messages leave a pipeline: one of [NewSinkFunc], [NewChannelSink] and
// [NewQueueSink]. A sink belongs to one pipeline.
type Sink = SinkOf[interface{}]

// SinkOf is a [Sink] for messages of type T: one of [NewSinkFuncOf], [NewChannelSinkOf] and
// [NewQueueSinkOf].
type SinkOf[T any] interface {
	anySink

	// outlet makes the engine's side of the sink.
	outlet(base outletBase, messages *store[T]) outlet
}

// anySink is a sink for messages of any type.
type anySink interface {
	// Name is the name that the sink was made with.
	Name() string

	// claim makes the sink that of a pipeline, unless it has one.
	claim(pipeline *Pipeline)
	// owner is the pipeline that the sink belongs to.
	owner() *Pipeline
	// mistake is what is wrong with how the sink was made, or nothing.
	mistake() string
	// target is a channel that no other sink may send into, or nil.
	target() any
	// abandon tells those who read from the sink that its application never ran.
	abandon()
}

// sinkBase is what all sinks have.
type sinkBase struct {
	name     string
	pipeline *Pipeline
}

// Name is the name that the sink was made with.
func (sink *sinkBase) Name() string { return sink.name }

func (sink *sinkBase) owner() *Pipeline { return sink.pipeline }

func (sink *sinkBase) target() any { return nil }

func (sink *sinkBase) claim(pipeline *Pipeline) {
	if sink.pipeline == nil {
		sink.pipeline = pipeline
	}
}
