package partita

// Stream is a pipeline of the typed API, as far as it is declared: messages of type T come out of it. A
// step or sinks continue it, once; mistakes are told by [Application.Check].
type Stream[T any] struct {
	pipeline *Pipeline
	end      *streamEnd
}

// streamEnd is how a stream is continued.
type streamEnd struct{ step, sink bool }

// None is the output of computations that have none.
type None = struct{}

// NewPipelineOf declares a pipeline of the typed API that is fed by source. Each source feeds one
// pipeline.
func NewPipelineOf[T any](app *Application, name string, source *SourceOf[T]) Stream[T] {
	return streamOf[T](newPipeline(app, name, source))
}

func streamOf[T any](pipeline *Pipeline) Stream[T] { return Stream[T]{pipeline, new(streamEnd)} }

// ToSink ends the stream with a sink. When it is called again, that adds a sink: each gets every
// message, and has its own options.
func (stream Stream[T]) ToSink(sink SinkOf[T], options ...StepOption) Stream[T] {
	item := newSinkItem(sink, options)
	if stream.end.step {
		item.mistakes = append(item.mistakes, continuedTwice)
	}
	stream.end.sink = true
	stream.pipeline.add(item)
	return stream
}

// ToSinks ends the stream with several sinks, as several calls of ToSink do.
func (stream Stream[T]) ToSinks(sinks ...SinkOf[T]) Stream[T] {
	for _, sink := range sinks {
		stream.ToSink(sink)
	}
	return stream
}

// Done ends the stream without a sink. What its last step emits is counted and forgotten.
func (stream Stream[T]) Done() { stream.pipeline.Done() }

// add continues the stream with a step.
func (stream Stream[T]) add(item *stepItem, options []StepOption) {
	if stream.end.step || stream.end.sink {
		item.wrong(continuedTwice)
	}
	stream.end.step = true
	stream.pipeline.step(item, options)
}

const continuedTwice = "its stream is continued elsewhere, too: expected one step, or sinks, behind a stream"
