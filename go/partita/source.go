package partita

import "context"

// Source is where messages enter a pipeline. Its methods may be called from any goroutine at once.
// Messages that one goroutine sends keep their order.
type Source struct{}

// SourceOption sets something about a source.
type SourceOption func(*Source)

// Credits sets how many messages of a source may be in flight, counted with all that descends
// from them. The default is 16,384. When they are used up, Send waits.
func Credits(n int) SourceOption { panic(notYet) }

// NewSource makes a source, for [Application.NewPipeline].
func NewSource(options ...SourceOption) *Source { panic(notYet) }

// Send sends one message. It waits while the credits are used up, until ctx ends. If it returns
// an error, the message was not sent. The message must not be nil, and no one should change it
// afterwards but the computations. For many messages [Source.SendBatch] is faster.
func (source *Source) Send(ctx context.Context, data interface{}) error { panic(notYet) }

// SendBatch sends messages in order, as Send does. It returns how many it sent: all of them, or
// with an error the first few. The slice is the caller's again when it returns.
func (source *Source) SendBatch(ctx context.Context, batch []interface{}) (int, error) {
	panic(notYet)
}

// TrySend sends one message if that is possible at once, else it returns [ErrWouldBlock].
func (source *Source) TrySend(data interface{}) error { panic(notYet) }
