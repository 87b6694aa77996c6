package partita

import "context"

// turn lets one goroutine at a time wait for room in the engine, which would wake all that do for every bit of
// it. The others wait for their turn, in order. Nobody has it who runs user code.
type turn chan struct{}

func newTurn() turn { return make(turn, 1) }

// wait returns true when it is the caller's turn, until that calls over, or false if ctx ends before.
func (turn turn) wait(ctx context.Context) bool {
	select {
	case turn <- struct{}{}:
		return true
	case <-ctx.Done():
		return false
	}
}

func (turn turn) over() { <-turn }
