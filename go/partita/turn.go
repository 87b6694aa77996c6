package partita

// #include "bridge.h"
import "C"

import "context"

// turn lets one goroutine at a time wait inside the engine. The others wait in Go for their turn, where that
// takes no thread, however many they are. Nobody has it who runs user code.
type turn chan struct{}

func newTurn() turn { return make(turn, 1) }

// wait makes a call that may wait, as [waiter.wait] does.
func (turn turn) wait(ctx context.Context, waiter *waiter, call attempt) C.partita_status {
	if status := call(atOnce); status != C.PARTITA_WOULD_BLOCK {
		return status
	}
	// Without threads, and on a goroutine that may not wait, there is none to wait for.
	if waiter.step == nil && !waiter.helpers.here() {
		select {
		case turn <- struct{}{}:
			defer func() { <-turn }()
		case <-ctx.Done():
			return C.PARTITA_CANCELLED
		}
	}
	return waiter.wait(ctx, listener{}, call)
}
