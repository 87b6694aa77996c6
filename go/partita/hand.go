package partita

import (
	"context"
	"sync/atomic"
)

// hand is a loop that reads a queue.
type hand struct {
	// taken counts messages that the loop took out of the queue and its body has not got yet.
	taken atomic.Int64
	// settled, if somebody waits for it, is closed when the loop has heard all nudges and its body
	// is through with everything it took. The outlet's lock guards it.
	settled chan struct{}
}

// settle tells who waits that nothing is in hand; the outlet's lock is held.
func (hand *hand) settle() {
	if hand.settled != nil {
		close(hand.settled)
		hand.settled = nil
	}
}

// join begins a loop.
func (outlet *queueOutlet[T]) join() *hand {
	outlet.lock.Lock()
	defer outlet.lock.Unlock()
	if outlet.hands == nil {
		outlet.hands = make(map[*hand]struct{})
	}
	loop := new(hand)
	outlet.hands[loop] = struct{}{}
	return loop
}

// part ends a loop, which has put back what it did not want.
func (outlet *queueOutlet[T]) part(hand *hand) {
	outlet.lock.Lock()
	defer outlet.lock.Unlock()
	delete(outlet.hands, hand)
	hand.settle()
}

// listen notes that nothing is in the loop's hand, if it is a loop, and hears all nudges.
func (outlet *queueOutlet[T]) listen(hand *hand) listener {
	outlet.lock.Lock()
	defer outlet.lock.Unlock()
	if hand != nil {
		hand.settle()
	}
	return outlet.nudges.listen()
}

// settleHands nudges the loops, which may just have taken messages, and waits until each is through
// with them.
func (outlet *queueOutlet[T]) settleHands(ctx context.Context) error {
	for _, settled := range outlet.askHands() {
		select {
		case <-settled:
		case <-outlet.engine.closed:
		case <-ctx.Done():
			unread, _ := outlet.tally()
			return outlet.unread(ctx, unread)
		}
	}
	return nil
}

// askHands nudges the loops, and returns what they will close.
func (outlet *queueOutlet[T]) askHands() []<-chan struct{} {
	outlet.lock.Lock()
	defer outlet.lock.Unlock()
	var asked []<-chan struct{}
	for hand := range outlet.hands {
		if hand.settled == nil {
			hand.settled = make(chan struct{})
		}
		asked = append(asked, hand.settled)
	}
	outlet.nudges.nudge()
	return asked
}
