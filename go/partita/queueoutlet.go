package partita

// #include "bridge.h"
import "C"

import (
	"context"
	"sync"
)

// queueOutlet is the engine's side of a [QueueSink].
type queueOutlet[T any] struct {
	outletBase
	messages *store[T]
	queue    *QueueSinkOf[T]
	nudges   nudges

	lock sync.Mutex
	// rest was taken from the engine by a reader who left; it comes before all that the engine has.
	rest []T
	// read is closed and replaced when nothing of the rest is left.
	read chan struct{}
	// hands are the loops that read now.
	hands map[*hand]struct{}
	idle  []*tap[T]
}

func (outlet *queueOutlet[T]) capacity() int { return outlet.queue.capacity }

func (outlet *queueOutlet[T]) open() {
	outlet.queue.side.Store(outlet)
	outlet.queue.abandon()
}

// poll reads messages, and waits until there is one: until ctx ends, unless that is notWaiting. The
// hand is that of a loop, or nil.
func (outlet *queueOutlet[T]) poll(ctx context.Context, batch []T, hand *hand) (int, error) {
	for {
		if ctx != notWaiting && ctx.Err() != nil {
			return 0, ended(ctx, outlet.path, "")
		}
		listener := outlet.listen(hand)
		if count := outlet.takeRest(batch); count > 0 {
			return count, nil
		}
		count, status := outlet.tap(ctx, listener, batch)
		if count > 0 {
			return count, nil
		}
		nudged := status == C.PARTITA_CANCELLED && ctx.Err() == nil
		if count := outlet.takeRest(batch); count > 0 {
			return count, nil
		}
		if !nudged {
			return 0, outlet.refused(ctx, status)
		}
	}
}

// tap polls the engine's queue.
func (outlet *queueOutlet[T]) tap(ctx context.Context, listener listener, batch []T) (int, C.partita_status) {
	tap := outlet.takeTap()
	defer outlet.giveTapBack(tap)
	return tap.poll(ctx, listener, batch)
}

func (outlet *queueOutlet[T]) takeTap() *tap[T] {
	outlet.lock.Lock()
	defer outlet.lock.Unlock()
	last := len(outlet.idle) - 1
	if last < 0 {
		return newTap(&outlet.outletBase, outlet.messages)
	}
	tap := outlet.idle[last]
	outlet.idle = outlet.idle[:last]
	return tap
}

func (outlet *queueOutlet[T]) giveTapBack(tap *tap[T]) {
	outlet.lock.Lock()
	defer outlet.lock.Unlock()
	outlet.idle = append(outlet.idle, tap)
}

// leave puts back what a reader took and did not want, and wakes those who wait.
func (outlet *queueOutlet[T]) leave(rest []T) {
	outlet.lock.Lock()
	outlet.rest = append(outlet.rest, rest...)
	outlet.lock.Unlock()
	outlet.nudges.nudge()
}

func (outlet *queueOutlet[T]) takeRest(batch []T) int {
	outlet.lock.Lock()
	defer outlet.lock.Unlock()
	count := copy(batch, outlet.rest)
	clear(outlet.rest[:count])
	outlet.rest = outlet.rest[count:]
	if count > 0 && len(outlet.rest) == 0 {
		outlet.rest = nil
		close(outlet.read)
		outlet.read = make(chan struct{})
	}
	return count
}

// settle waits until loops are through with what they took, and the rest is read.
func (outlet *queueOutlet[T]) settle(ctx context.Context) error {
	if err := outlet.settleHands(ctx); err != nil {
		return err
	}
	outlet.lock.Lock()
	unread, read := len(outlet.rest), outlet.read
	outlet.lock.Unlock()
	if unread == 0 {
		return nil
	}
	select {
	case <-read:
		return nil
	case <-ctx.Done():
		return outlet.unread(ctx, unread)
	case <-outlet.engine.closed:
		return nil
	}
}

func (outlet *queueOutlet[T]) tally() (unread, dropped int) {
	outlet.lock.Lock()
	defer outlet.lock.Unlock()
	unread = len(outlet.rest)
	for hand := range outlet.hands {
		unread += int(hand.taken.Load())
	}
	return unread, 0
}
