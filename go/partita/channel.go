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
	return &channelSink{sinkBase: sinkBase{name: name}, channel: channel}
}

type channelSink struct {
	sinkBase
	channel chan<- any
}

func (sink *channelSink) mistake() string {
	if sink.channel == nil {
		return "its channel is nil: expected a channel"
	}
	return ""
}

func (sink *channelSink) outlet(base outletBase) outlet {
	return &channelOutlet{outletBase: base, channel: sink.channel}
}

func (sink *channelSink) abandon() {
	if sink.channel != nil {
		close(sink.channel)
	}
}

// pumpMax is how many messages are on their way from the engine into a channel at most.
const pumpMax = 256

// channelOutlet is the engine's side of a channel: a goroutine that takes messages out of a queue
// and sends them into the channel.
type channelOutlet struct {
	outletBase
	channel chan<- any
	nudges  nudges

	// taken counts messages that are on their way, and dropped those that never arrived.
	taken, dropped atomic.Int64

	lock sync.Mutex
	// settled, if somebody waits for it, is closed when the goroutine has heard all nudges and has
	// nothing on its way.
	settled chan struct{}
	// ended says that the goroutine has nothing more to do.
	ended bool
}

func (outlet *channelOutlet) capacity() int { return pumpMax }

func (outlet *channelOutlet) open() {
	outlet.engine.crew.Add(1)
	go outlet.pump()
}

// pump sends messages into the channel until no more can come.
func (outlet *channelOutlet) pump() {
	defer outlet.engine.crew.Done()
	defer close(outlet.channel)
	tap := newTap(&outlet.outletBase)
	defer func() { tap.cache.empty() }()
	batch := make([]any, pumpMax)
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
func (outlet *channelOutlet) listen(ended bool) listener {
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
func (outlet *channelOutlet) send(batch []any) {
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
func (outlet *channelOutlet) settle(ctx context.Context) error {
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
func (outlet *channelOutlet) ask() <-chan struct{} {
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

func (outlet *channelOutlet) tally() (unread, dropped int) {
	return int(outlet.taken.Load()), int(outlet.dropped.Load())
}
