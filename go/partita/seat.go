package partita

// #include "bridge.h"
import "C"

// A seat is the number of a worker, among all that the engine calls back on. Whatever belongs to a
// seat is used by one goroutine at a time. The first is that of whoever closes.

// seatOf is the seat of a worker, whose index is below 0 for whoever closes.
func seatOf(index C.int32_t) int { return max(int(index), -1) + 1 }

// seated has something for each seat.
type seated interface {
	// seat makes it, when it is known how many there are.
	seat(seats int)
}

// seats makes one object for each seat.
func seats[T any](count int) []*T {
	made := make([]*T, count)
	for i := range made {
		made[i] = new(T)
	}
	return made
}
