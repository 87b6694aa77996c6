package partita

import "context"

// Who sends through stateless steps with a completion has the engine call them, on its own goroutine: for
// that it sits on the seat of the gate, one at a time.

// needsSeat tells whether the engine may call the gate's steps while somebody sends.
func (gate *gateOf[T]) needsSeat() bool { return len(gate.leading) > 0 }

// sit gives the gate its seat.
func (gate *gateOf[T]) sit(index int) {
	gate.seat, gate.seatFree = index, make(chan struct{}, 1)
	gate.seatFree <- struct{}{}
}

// takeSeat waits until the seat is free, until ctx ends.
func (gate *gateOf[T]) takeSeat(ctx context.Context) error {
	select {
	case <-gate.seatFree:
		return nil
	case <-ctx.Done():
		return ended(ctx, gate.path, "")
	}
}

// leaveSeat leaves it to the next.
func (gate *gateOf[T]) leaveSeat() { gate.seatFree <- struct{}{} }
