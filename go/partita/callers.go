package partita

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
)

// Callers is the sink of a pipeline that answers those who call it.
type Callers = CallersOf[interface{}, interface{}]

// CallersOf is a sink that answers callers: [CallersOf.Call] sends one message of type In, and returns the
// output of type Out that follows from it. What follows from other messages is dropped: it counts as discarded,
// or as delivered if they were sent with [SourceOf.SendAck]. It is declared like other sinks, of the pipeline that its source feeds, and beside them if there are any.
type CallersOf[In, Out any] struct {
	sinkBase
	source *SourceOf[In]
	side   atomic.Pointer[callersOutlet[In, Out]]
}

// NewCallers makes a sink that answers who calls with messages for a source.
func NewCallers(name string, source *Source) *Callers {
	return NewCallersOf[interface{}, interface{}](name, source)
}

// NewCallersOf is [NewCallers] for messages of type In, and answers of type Out.
func NewCallersOf[In, Out any](name string, source *SourceOf[In]) *CallersOf[In, Out] {
	return &CallersOf[In, Out]{sinkBase: sinkBase{name: name}, source: source}
}

func (callers *CallersOf[In, Out]) mistake() string {
	switch {
	case callers.source == nil:
		return "its source is nil: expected that of its pipeline"
	case callers.pipeline != nil && callers.source.owner() != callers.pipeline:
		return "its source is not that of its pipeline: expected that"
	}
	return ""
}

func (callers *CallersOf[In, Out]) abandon() {}

func (callers *CallersOf[In, Out]) outlet(base outletBase, answers *store[Out]) outlet {
	outlet := &callersOutlet[In, Out]{outletBase: base, callers: callers, answers: answers}
	outlet.awaited = func(index int) awaited { return outlet.sending[index] }
	return outlet
}

// Call sends one message, waits until the first output that follows from it comes to the sink, and returns
// that. It may be called by very many goroutines at once: their messages are sent together while another
// is sent, and at once if none is. If the pipeline begins with steps without a state, they run on the goroutine
// that calls, and each message is sent by itself. Should one of them end the goroutine, that is the affair of
// this call alone.
//
// The error is [ErrNoOutput] if nothing followed; a [*DeadError] if something died, and nothing followed;
// [ErrStopped], [ErrFailed] or [ErrClosed]; or that of ctx: then the call returns at once, the message may
// have been sent, and its output is dropped. In a computation, sink or handler of the same application it is
// [ErrWouldDeadlock].
func (callers *CallersOf[In, Out]) Call(ctx context.Context, data In) (Out, error) {
	var none Out
	side, err := callers.ready(ctx, data)
	if err != nil {
		return none, err
	}
	if side.engine.inside() {
		return none, wouldDeadlock(callers.source.path())
	}
	call := side.begin(data)
	if side.alone {
		side.sendAlone(ctx, call)
	} else if side.enter(call) {
		side.lead(ctx, call)
	}
	return side.wait(ctx, call)
}

// ready tells what forbids a call.
func (callers *CallersOf[In, Out]) ready(ctx context.Context, data In) (*callersOutlet[In, Out], error) {
	if callers == nil || callers.source == nil {
		return nil, errNoSource
	}
	if err := callers.source.ready(ctx); err != nil {
		return nil, err
	}
	if isInterface[In]() && any(data) == nil {
		return nil, fmt.Errorf("%s: %w: the message is nil", callers.source.path(), ErrInvalidArgument)
	}
	if callers.pipeline == nil {
		return nil, fmt.Errorf("sink %q: %w: it is of no pipeline: declare it with ToSink", callers.name, ErrInvalidArgument)
	}
	if _, err := callers.source.open(); err != nil {
		return nil, err
	}
	side := callers.side.Load()
	if side == nil {
		return nil, fmt.Errorf("%s: %w", callers.source.path(), ErrNotStarted)
	}
	return side, nil
}

// callersOutlet is the engine's side of a sink that answers callers: the host of its callback.
type callersOutlet[In, Out any] struct {
	outletBase
	callers *CallersOf[In, Out]
	answers *store[Out]
	calls   sync.Pool

	// alone says that the pipeline begins with stateless steps: each call is sent by itself.
	alone bool

	lock sync.Mutex
	// waiting are calls that are to be sent, and spare is memory for them.
	waiting, spare []*call[In, Out]
	// led says that somebody sends, or is asked to.
	led bool

	// sending are the calls that are being sent, and data their messages; awaited gives the calls. Who
	// leads has them.
	sending []*call[In, Out]
	data    []In
	awaited func(index int) awaited
}

func (outlet *callersOutlet[In, Out]) capacity() int                { return 0 }
func (outlet *callersOutlet[In, Out]) settle(context.Context) error { return nil }
func (outlet *callersOutlet[In, Out]) tally() (unread, dropped int) { return 0, 0 }
func (outlet *callersOutlet[In, Out]) record() record               { return noRecord{} }

// open lets calls in: the engine has started, and the gate of its source is open.
func (outlet *callersOutlet[In, Out]) open() {
	outlet.alone = len(outlet.callers.source.gate.Load().leading) > 0
	outlet.callers.side.Store(outlet)
}

// noRecord is the record of a sink whose outputs have gone to who called.
type noRecord struct{}

func (noRecord) read()          {}
func (noRecord) outputs() []any { return nil }
func (noRecord) fill(bool) bool { return false }
func (noRecord) end()           {}
