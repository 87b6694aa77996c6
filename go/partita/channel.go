package partita

// #include "bridge.h"
import "C"

import (
	"context"
	"sync"
	"sync/atomic"
)

// NewChannelSink makes a sink that sends every output into channel. When the channel is full, what
// emits to it stalls until it is read. The channel is closed when no more outputs can come: after
// Close, after a failure, or when the application was stopped and has drained. Nobody else may
// close it.
func NewChannelSink(name string, channel chan<- interface{}) Sink {
	return NewChannelSinkOf(name, channel)
}

// NewChannelSinkOf is [NewChannelSink] for messages of type T.
func NewChannelSinkOf[T any](name string, channel chan<- T) SinkOf[T] {
	return &channelSink[T]{sinkBase: sinkBase{name: name}, channel: channel}
}

type channelSink[T any] struct {
	sinkBase
	channel chan<- T
}

func (sink *channelSink[T]) mistake() string {
	if sink.channel == nil {
		return "its channel is nil: expected a channel"
	}
	return ""
}

func (sink *channelSink[T]) target() any {
	if sink.channel == nil {
		return nil
	}
	return sink.channel
}

func (sink *channelSink[T]) outlet(base outletBase, messages *store[T]) outlet {
	return &channelOutlet[T]{outletBase: base, messages: messages, channel: sink.channel}
}

func (sink *channelSink[T]) abandon() {
	if sink.channel != nil {
		close(sink.channel)
	}
}

// pumpMax is how many messages are on their way from the engine into a channel at most.
const pumpMax = 256

// channelOutlet is the engine's side of a channel: a goroutine that takes messages out of a queue
// and sends them into the channel.
type channelOutlet[T any] struct {
	outletBase
	messages *store[T]
	channel  chan<- T
	nudges   nudges

	// taken counts messages that are on their way, and dropped those that never arrived.
	taken, dropped atomic.Int64

	lock sync.Mutex
	// settled, if somebody waits for it, is closed when the goroutine has heard all nudges and has
	// nothing on its way.
	settled chan struct{}
	// ended says that the goroutine has nothing more to do.
	ended bool
}

func (outlet *channelOutlet[T]) capacity() int { return pumpMax }

func (outlet *channelOutlet[T]) open() {
	if outlet.engine.stepper != nil {
		outlet.ended = true // a record reads it
		return
	}
	outlet.engine.crew.Add(1)
	go outlet.pump()
}

// pump sends messages into the channel until no more can come.
func (outlet *channelOutlet[T]) pump() {
	defer outlet.engine.crew.Done()
	defer close(outlet.channel)
	tap := newTap(&outlet.outletBase, outlet.messages)
	defer func() { tap.cache.empty() }()
	batch := make([]T, pumpMax)
	for {
		listener := outlet.listen(false)
		count, status := tap.poll(context.Background(), listener, batch)
		if status != C.PARTITA_OK && status != C.PARTITA_CANCELLED {
			outlet.listen(true)
			return
		}
		outlet.send(batch[:count])
	}
}

// listen notes that nothing is on its way, and hears all nudges.
func (outlet *channelOutlet[T]) listen(ended bool) listener {
	outlet.lock.Lock()
	defer outlet.lock.Unlock()
	outlet.ended = ended
	if outlet.settled != nil {
		close(outlet.settled)
		outlet.settled = nil
	}
	return outlet.nudges.listen()
}

// send sends a batch, or what is possible before the application is closed.
func (outlet *channelOutlet[T]) send(batch []T) {
	outlet.taken.Add(int64(len(batch)))
	defer clear(batch)
	for i, message := range batch {
		select {
		case outlet.channel <- message:
			outlet.taken.Add(-1)
		case <-outlet.engine.closed:
			outlet.taken.Add(int64(i - len(batch)))
			outlet.dropped.Add(int64(len(batch) - i))
			return
		}
	}
}

// settle nudges the goroutine, which may just have taken messages, and waits until it has nothing
// on its way.
func (outlet *channelOutlet[T]) settle(ctx context.Context) error {
	settled := outlet.ask()
	if settled == nil {
		return nil
	}
	select {
	case <-settled:
		return nil
	case <-ctx.Done():
		unread, _ := outlet.tally()
		return outlet.unread(ctx, unread)
	}
}

// ask nudges the goroutine, and returns what it will close, or nil if it has ended.
func (outlet *channelOutlet[T]) ask() <-chan struct{} {
	outlet.lock.Lock()
	defer outlet.lock.Unlock()
	if outlet.ended {
		return nil
	}
	if outlet.settled == nil {
		outlet.settled = make(chan struct{})
	}
	outlet.nudges.nudge()
	return outlet.settled
}

func (outlet *channelOutlet[T]) tally() (unread, dropped int) {
	return int(outlet.taken.Load()), int(outlet.dropped.Load())
}
