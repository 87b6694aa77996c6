package partita

import (
	"context"
	"fmt"
	"sync/atomic"
)

// Source is where messages enter a pipeline. Its methods may be called from any goroutine at once.
// Messages that one goroutine sends keep their order.
type Source = SourceOf[interface{}]

// SourceOf is a [Source] of messages of type T.
type SourceOf[T any] struct {
	options  sourceOptions
	pipeline *Pipeline
	// decode is the decoder of a source that listens.
	decode  decodeFunc[T]
	gate    atomic.Pointer[gateOf[T]]
	buffers buffers[T]
}

// SourceOption sets something about a source.
type SourceOption func(*sourceOptions)

type sourceOptions struct {
	credits int
	// listening is what a source that listens was made with, or nil.
	listening *listening
	limits    limits
	// nilOption says that one of the options is nil.
	nilOption bool
}

// Credits sets how many messages of a source may be in flight, counted with all that descends
// from them. The default is 16,384. When they are used up, Send waits.
func Credits(n int) SourceOption { return func(options *sourceOptions) { options.credits = n } }

// creditsDefault is the default of [Credits].
const creditsDefault = 16_384

// NewSource makes a source, for [Application.NewPipeline].
func NewSource(options ...SourceOption) *Source { return NewSourceOf[interface{}](options...) }

// NewSourceOf makes a source of messages of type T.
func NewSourceOf[T any](options ...SourceOption) *SourceOf[T] {
	source := &SourceOf[T]{options: sourceOptions{credits: creditsDefault}}
	source.options.nilOption = apply(&source.options, options)
	return source
}

// anySource is a source of messages of any type.
type anySource interface {
	// claim makes the source that of a pipeline, unless it has one.
	claim(pipeline *Pipeline)
	// owner is the pipeline that the source belongs to.
	owner() *Pipeline
	// settings are what the source was made with.
	settings() *sourceOptions
	// side makes the engine's side of the source.
	side(base gateBase) gate
	// flush hands on what is in buffers.
	flush(ctx context.Context) error
}

func (source *SourceOf[T]) owner() *Pipeline { return source.pipeline }

func (source *SourceOf[T]) settings() *sourceOptions { return &source.options }

func (source *SourceOf[T]) claim(pipeline *Pipeline) {
	if source.pipeline == nil {
		source.pipeline = pipeline
	}
}

func (source *SourceOf[T]) side(base gateBase) gate {
	return &gateOf[T]{gateBase: base, source: source, messages: messagesOf[T](base.engine), turn: newTurn()}
}

// Send sends one message. It waits while the credits are used up, until ctx ends. If it returns
// an error, the message was not sent. The message must not be nil, and no one should change it
// afterwards but the computations.
//
// Each Send goes to the engine at once, on its own goroutine, whatever others send: if it returns nil the
// message is in flight. That costs some ten times as much as the same message in a batch. Where messages
// come one at a time and quickly, a buffer gathers those of all goroutines ([SourceOf.Buffer]), and a lone
// one is not delayed in it; many that are there already are for [SourceOf.SendBatch].
func (source *SourceOf[T]) Send(ctx context.Context, data T) error {
	if err := source.ready(ctx); err != nil {
		return err
	}
	return source.sendOne(ctx, data)
}

// SendBatch sends messages in order, as Send does. It returns how many it sent: all of them, or
// with an error the first few. The slice is the caller's again when it returns.
func (source *SourceOf[T]) SendBatch(ctx context.Context, batch []T) (int, error) {
	if err := source.ready(ctx); err != nil {
		return 0, err
	}
	gate, sender, err := source.take()
	if err != nil {
		return 0, err
	}
	// The goroutine may also end in a partition function.
	defer gate.giveBack(sender)
	return sender.send(ctx, batch)
}

// TrySend sends one message if that is possible at once, else it returns [ErrWouldBlock].
func (source *SourceOf[T]) TrySend(data T) error {
	if source == nil {
		return errNoSource
	}
	return source.sendOne(notWaiting, data)
}

// errNoSource is the error of sending into a nil source.
var errNoSource = fmt.Errorf("source: %w: it is nil: expected one made by NewSource", ErrInvalidArgument)

// notWaiting is no context: the call does not wait.
var notWaiting context.Context

// ready tells what forbids a call that waits until ctx ends.
func (source *SourceOf[T]) ready(ctx context.Context) error {
	switch {
	case source == nil:
		return errNoSource
	case ctx == nil:
		return noContext(source.path())
	case ctx.Err() != nil:
		return ended(ctx, source.path(), "")
	}
	return nil
}

// sendOne sends a message that lies in the sender meanwhile, so that nothing is allocated for it.
func (source *SourceOf[T]) sendOne(ctx context.Context, data T) error {
	gate, sender, err := source.take()
	if err != nil {
		return err
	}
	defer gate.giveBack(sender)
	defer clear(sender.one[:])
	sender.one[0] = data
	_, err = sender.send(ctx, sender.one[:])
	return err
}

// take lends a sender, once the application has started.
func (source *SourceOf[T]) take() (*gateOf[T], *sender[T], error) {
	gate, err := source.open()
	if err != nil {
		return nil, nil, err
	}
	sender, err := gate.take()
	return gate, sender, err
}

// open is the source's way into the engine, once the application has started.
func (source *SourceOf[T]) open() (*gateOf[T], error) {
	if gate := source.gate.Load(); gate != nil {
		return gate, nil
	}
	if source.pipeline != nil && source.pipeline.app.over.Load() {
		return nil, fmt.Errorf("%s: %w", source.path(), ErrClosed)
	}
	return nil, fmt.Errorf("%s: %w", source.path(), ErrNotStarted)
}

// path says where the source is.
func (source *SourceOf[T]) path() string {
	if source.pipeline == nil {
		return "source"
	}
	return source.pipeline.path() + " / source"
}
