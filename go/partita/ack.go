package partita

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
)

// Ack tells when nothing is left in the application of messages that were sent with
// [SourceOf.SendAck]: all that follows from them was delivered, dropped or is dead. Its methods may be
// called from any goroutine.
type Ack struct {
	gate     *gateBase
	sent     int
	position uint64

	// left counts the completions that are awaited, and the send while it goes on.
	left atomic.Int32
	// asked says that done is made, or about to be.
	asked atomic.Bool
	lock  sync.Mutex
	why   *DeadError
	// done is made when somebody asks for it.
	done chan struct{}
}

// DeadError tells that messages died, and why the first of them did.
type DeadError struct {
	// Dead counts those that died.
	Dead uint64
	// Reason says why the first of them died.
	Reason DeadReason
	// Text is what the failure said, as in [DeadLetter].
	Text string
}

// Error tells why the first one died, and how many did.
func (e *DeadError) Error() string {
	what := e.Reason.String()
	if e.Text != "" {
		what += ": " + e.Text
	}
	if e.Dead > 1 {
		what = fmt.Sprintf("%d messages died, of the first: %s", e.Dead, what)
	}
	return what
}

// ErrNoOutput is a [CallersOf.Call] from which no output followed.
var ErrNoOutput = errors.New("no output")

// awaited is what a token of the engine stands for.
type awaited interface {
	// completed is called once for each completion: how many died and why the first of them did, or nil.
	completed(why *DeadError)
}

// SendAck sends messages in order, as [SourceOf.SendBatch] does, and returns an [Ack] that tells when
// nothing is left of them. With an error, the Ack is that of those that were sent, or nil if none was.
func (source *SourceOf[T]) SendAck(ctx context.Context, batch []T) (*Ack, error) {
	if err := source.ready(ctx); err != nil {
		return nil, err
	}
	gate, sender, err := source.take()
	if err != nil {
		return nil, err
	}
	defer gate.giveBack(sender)
	ack := &Ack{gate: &gate.gateBase}
	ack.expect()
	sender.asks = asking{ack: ack, tokens: sender.asks.tokens[:0]}
	// The goroutine may also end in a partition function.
	defer func() {
		sender.asks.ack = nil
		ack.completed(nil)
	}()
	ack.sent, err = sender.send(ctx, batch)
	ack.position = sender.asks.position
	if ack.sent == 0 && err != nil {
		return nil, err
	}
	return ack, err
}

// expect notes that one completion more is awaited.
func (ack *Ack) expect() { ack.left.Add(1) }

func (ack *Ack) completed(why *DeadError) {
	if why != nil {
		ack.die(why)
	}
	// Whoever asks says so first: either that is seen here, or he sees that nothing is left.
	if ack.left.Add(-1) > 0 || !ack.asked.Load() {
		return
	}
	ack.lock.Lock()
	defer ack.lock.Unlock()
	if ack.done != nil && !isDone(ack.done) {
		close(ack.done)
	}
}

// die notes that some messages died.
func (ack *Ack) die(why *DeadError) {
	ack.lock.Lock()
	defer ack.lock.Unlock()
	if ack.why == nil {
		ack.why = why
	} else {
		ack.why.Dead += why.Dead
	}
}

// Sent is how many messages were sent.
func (ack *Ack) Sent() int { return ack.sent }

// Position is the position behind the last of the messages, for [SourceOf.WaitWatermark].
func (ack *Ack) Position() uint64 { return ack.position }

// Done is closed when nothing is left of the messages.
func (ack *Ack) Done() <-chan struct{} {
	ack.lock.Lock()
	defer ack.lock.Unlock()
	if ack.done == nil {
		ack.done = make(chan struct{})
		ack.asked.Store(true)
		if ack.left.Load() == 0 {
			close(ack.done)
		}
	}
	return ack.done
}

// Wait waits until nothing is left of the messages. It returns nil if none of them, and none that
// follows from them, died; a [*DeadError] if some did; or the error of ctx, if that ends first.
func (ack *Ack) Wait(ctx context.Context) error {
	switch {
	case ack == nil || ack.gate == nil:
		return fmt.Errorf("ack: %w: it is nil: expected one of SendAck", ErrInvalidArgument)
	case ctx == nil:
		return noContext(ack.gate.path)
	}
	if err := ack.gate.engine.await(ctx, ack.gate.path, ack.Done()); err != nil {
		return err
	}
	return ack.Err()
}

// Err is the [*DeadError] of messages that died, once [Ack.Done] is closed: nil before, and if none did.
func (ack *Ack) Err() error {
	ack.lock.Lock()
	defer ack.lock.Unlock()
	if ack.left.Load() > 0 || ack.why == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", ack.gate.path, ack.why)
}

// await waits until something is done. In an engine that is run step by step, who waits runs it.
func (engine *engine) await(ctx context.Context, path string, done <-chan struct{}) error {
	if step := engine.waiter.step; step != nil {
		for !isDone(done) && ctx.Err() == nil {
			if !step() && !isDone(done) {
				return fmt.Errorf("%s: %w", path, ErrWouldBlock)
			}
		}
	}
	if isDone(done) {
		return nil
	}
	if engine.inside() {
		return wouldDeadlock(path)
	}
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return ended(ctx, path, "")
	}
}

func isDone(done <-chan struct{}) bool {
	select {
	case <-done:
		return true
	default:
		return false
	}
}
