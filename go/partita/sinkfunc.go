package partita

import "context"

// NewSinkFunc makes a sink of a function. It is called on a worker, by one goroutine at a time,
// with batches in which the outputs of each key are in order. The slice is only lent. An error or
// a panic fails the batch's first message; the rest of the batch comes again unless the function
// is told otherwise by a [*SinkError].
func NewSinkFunc(name string, take func(batch []interface{}) error) Sink {
	return NewSinkFuncOf(name, take)
}

// NewSinkFuncOf is [NewSinkFunc] for messages of type T.
func NewSinkFuncOf[T any](name string, take func(batch []T) error) SinkOf[T] {
	return &sinkFunc[T]{sinkBase: sinkBase{name: name}, take: take}
}

// SinkError is an error of a sink function that says how many messages of the batch were taken
// before it: the message behind them fails, and the rest comes again.
type SinkError struct {
	// Taken counts the messages that were taken.
	Taken int
	// Err is the reason.
	Err error
}

// Error gives the reason.
func (e *SinkError) Error() string {
	if e.Err == nil {
		return "the sink failed"
	}
	return e.Err.Error()
}

// Unwrap gives Err.
func (e *SinkError) Unwrap() error { return e.Err }

type sinkFunc[T any] struct {
	sinkBase
	take func(batch []T) error
}

func (sink *sinkFunc[T]) mistake() string {
	if sink.take == nil {
		return "its function is nil: expected a function"
	}
	return ""
}

func (sink *sinkFunc[T]) outlet(base outletBase, messages *store[T]) outlet {
	return &funcOutlet[T]{outletBase: base, messages: messages, take: sink.take}
}

func (sink *sinkFunc[T]) abandon() {}

// funcOutlet is the engine's side of a function: the host of its callback.
type funcOutlet[T any] struct {
	outletBase
	messages *store[T]
	take     func(batch []T) error
	// batch and delivery are used again for each call: there is one at a time.
	batch    []T
	delivery deliveryJob[T]
	// recorded notes what was taken, or is nil.
	recorded *funcRecord[T]
}

func (outlet *funcOutlet[T]) capacity() int                { return 0 }
func (outlet *funcOutlet[T]) open()                        {}
func (outlet *funcOutlet[T]) settle(context.Context) error { return nil }
func (outlet *funcOutlet[T]) tally() (unread, dropped int) { return 0, 0 }
