package partita

import (
	"context"
	"fmt"
	"sync/atomic"
)

// Source is where messages enter a pipeline. Its methods may be called from any goroutine at once.
// Messages that one goroutine sends keep their order.
type Source struct {
	credits  int
	pipeline *Pipeline
	gate     atomic.Pointer[gate]
	// nilOption says that one of the options is nil.
	nilOption bool
}

// SourceOption sets something about a source.
type SourceOption func(*Source)

// Credits sets how many messages of a source may be in flight, counted with all that descends
// from them. The default is 16,384. When they are used up, Send waits.
func Credits(n int) SourceOption { return func(source *Source) { source.credits = n } }

// creditsDefault is the default of [Credits].
const creditsDefault = 16_384

// NewSource makes a source, for [Application.NewPipeline].
func NewSource(options ...SourceOption) *Source {
	source := &Source{credits: creditsDefault}
	source.nilOption = apply(source, options)
	return source
}

// Send sends one message. It waits while the credits are used up, until ctx ends. If it returns
// an error, the message was not sent. The message must not be nil, and no one should change it
// afterwards but the computations. For many messages [Source.SendBatch] is faster.
func (source *Source) Send(ctx context.Context, data interface{}) error {
	_, err := source.SendBatch(ctx, []interface{}{data})
	return err
}

// SendBatch sends messages in order, as Send does. It returns how many it sent: all of them, or
// with an error the first few. The slice is the caller's again when it returns.
func (source *Source) SendBatch(ctx context.Context, batch []interface{}) (int, error) {
	if source == nil {
		return 0, errNoSource
	}
	if ctx == nil {
		return 0, noContext(source.path())
	}
	if ctx.Err() != nil {
		return 0, ended(ctx, source.path(), "")
	}
	return source.send(ctx, batch)
}

// TrySend sends one message if that is possible at once, else it returns [ErrWouldBlock].
func (source *Source) TrySend(data interface{}) error {
	if source == nil {
		return errNoSource
	}
	_, err := source.send(notWaiting, []interface{}{data})
	return err
}

// errNoSource is the error of sending into a nil source.
var errNoSource = fmt.Errorf("source: %w: it is nil: expected one made by NewSource", ErrInvalidArgument)

// notWaiting is no context: the call does not wait.
var notWaiting context.Context

// send sends messages, and waits until ctx ends.
func (source *Source) send(ctx context.Context, batch []any) (int, error) {
	gate, err := source.open()
	if err != nil {
		return 0, err
	}
	sender, err := gate.take()
	if err != nil {
		return 0, err
	}
	// The goroutine may also end in a partition function.
	defer gate.giveBack(sender)
	sent, status := sender.send(ctx, batch)
	switch {
	case status != 0:
		return sent, gate.refused(ctx, status)
	case sent < len(batch):
		return sent, fmt.Errorf("%s: %w: message %d is nil", gate.path, ErrInvalidArgument, sent)
	}
	return sent, nil
}

// open is the source's way into the engine, once the application has started.
func (source *Source) open() (*gate, error) {
	if gate := source.gate.Load(); gate != nil {
		return gate, nil
	}
	if source.pipeline != nil && source.pipeline.app.over.Load() {
		return nil, fmt.Errorf("%s: %w", source.path(), ErrClosed)
	}
	return nil, fmt.Errorf("%s: %w", source.path(), ErrNotStarted)
}

// path says where the source is.
func (source *Source) path() string {
	if source.pipeline == nil {
		return "source"
	}
	return source.pipeline.path() + " / source"
}
