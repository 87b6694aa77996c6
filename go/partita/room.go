package partita

// #include "bridge.h"
import "C"

import (
	"context"
	"sync"
	"sync/atomic"
)

// rooms are where goroutines that send wait for room in the engine: beds, with numbers behind those of the
// workers. They sleep in Go, and so leave their processor (their P) to a worker at once.
type rooms struct {
	// first is the number of the first.
	first uint32
	// beds are never taken away: the engine may wake one that nobody sleeps in.
	beds atomic.Pointer[[]bed]

	lock sync.Mutex
	free []uint32
}

// take is a number whose bed nobody has.
func (rooms *rooms) take() uint32 {
	rooms.lock.Lock()
	defer rooms.lock.Unlock()
	if last := len(rooms.free) - 1; last >= 0 {
		number := rooms.free[last]
		rooms.free = rooms.free[:last]
		return number
	}
	var beds []bed
	if known := rooms.beds.Load(); known != nil {
		beds = *known
	}
	// An older list shares the memory, but does not look behind its own end.
	beds = append(beds, newBed())
	rooms.beds.Store(&beds)
	return rooms.first + uint32(len(beds)) - 1
}

// giveBack makes a number free.
func (rooms *rooms) giveBack(number uint32) {
	rooms.lock.Lock()
	defer rooms.lock.Unlock()
	rooms.free = append(rooms.free, number)
}

// bed is the one with a number.
func (rooms *rooms) bed(number uint32) bed { return (*rooms.beds.Load())[number-rooms.first] }

// await makes a call for which there must be room in the engine, as [waiter.wait] does.
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
	bed := engine.rooms.bed(sender.number)
	for status == C.PARTITA_WOULD_BLOCK {
		if status := C.partita_sender_watch(sender.handle, C.uint32_t(sender.number)); status != C.PARTITA_OK {
			return status
		}
		if !bed.sleepUntil(ctx) {
			return C.PARTITA_CANCELLED
		}
		status = call(atOnce)
	}
	return status
}
