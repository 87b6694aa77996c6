package partita

import (
	"context"
	"iter"
)

// Sink is where messages leave a pipeline: one of [NewSinkFunc], [NewChannelSink] and
// [NewQueueSink]. A sink belongs to one pipeline.
type Sink interface {
	// Name is the name that the sink was made with.
	Name() string

	sink()
}

// NewSinkFunc makes a sink of a function. It is called on a worker, by one goroutine at a time,
// with batches in which the outputs of each key are in order. The slice is only lent. An error or
// a panic fails the batch's first message; the rest of the batch comes again unless the function
// is told otherwise by a [*SinkError].
func NewSinkFunc(name string, take func(batch []interface{}) error) Sink { panic(notYet) }

// SinkError is an error of a sink function that says how many messages of the batch were taken
// before it: the message behind them fails, and the rest comes again.
type SinkError struct {
	// Taken counts the messages that were taken.
	Taken int
	// Err is the reason.
	Err error
}

// Error gives the reason.
func (e *SinkError) Error() string { panic(notYet) }

// Unwrap gives Err.
func (e *SinkError) Unwrap() error { panic(notYet) }

// NewChannelSink makes a sink that sends every output into channel. When the channel is full, what
// emits to it stalls until it is read. The channel is closed when no more outputs can come: after
// Close, after a failure, or when the application was stopped and has drained.
func NewChannelSink(name string, channel chan<- interface{}) Sink { panic(notYet) }

// QueueSink is a sink that holds outputs until they are read.
type QueueSink struct{}

// NewQueueSink makes a sink that holds up to capacity outputs (0: 4,096) until they are read. When
// it is full, what emits to it stalls.
func NewQueueSink(name string, capacity int) *QueueSink { panic(notYet) }

// Name is the name that the sink was made with.
func (queue *QueueSink) Name() string { panic(notYet) }

// All reads outputs until no more can come (the application was stopped and has drained, has
// failed, or is closed), ctx ends, or the loop is left. Several goroutines may read at once; each
// output goes to one of them.
func (queue *QueueSink) All(ctx context.Context) iter.Seq[interface{}] { panic(notYet) }

// Poll reads up to len(batch) outputs and returns how many; it waits until there is one. Its errors
// are that of ctx, [ErrStopped], [ErrFailed] and [ErrClosed], the last three when no more can come.
func (queue *QueueSink) Poll(ctx context.Context, batch []interface{}) (int, error) {
	panic(notYet)
}

// TryPoll is Poll without waiting: an empty queue is [ErrWouldBlock].
func (queue *QueueSink) TryPoll(batch []interface{}) (int, error) { panic(notYet) }

func (queue *QueueSink) sink() {}
