package partita

// #include "bridge.h"
import "C"

import "context"

// await makes a call for which there must be room in the engine, as [waiter.wait] does. It sleeps in Go, and so
// leaves its processor (its P) to a worker at once.
func (sender *sender[T]) await(ctx context.Context, call attempt) C.partita_status {
	engine := sender.gate.engine
	status := call(atOnce)
	if status != C.PARTITA_WOULD_BLOCK {
		return status
	}
	if engine.waiter.step != nil {
		return engine.waiter.stepUntil(ctx, call)
	}
	if engine.waiter.helpers.here() {
		return C.PARTITA_WOULD_DEADLOCK
	}
	if !sender.gate.turn.wait(ctx) {
		return C.PARTITA_CANCELLED
	}
	defer sender.gate.turn.over()
	status = call(atOnce) // before it was its turn, nobody told it of room
	place := engine.bedOf(sender.gate.index)
	for status == C.PARTITA_WOULD_BLOCK {
		if status := C.partita_sender_watch(sender.handle, C.uint32_t(place)); status != C.PARTITA_OK {
			return status
		}
		if !engine.beds[place].sleepUntil(ctx) {
			return C.PARTITA_CANCELLED
		}
		status = call(atOnce)
	}
	return status
}
