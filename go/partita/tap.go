package partita

// #include "bridge.h"
import "C"

import (
	"context"
	"unsafe"
)

// tap takes messages out of a queue of the engine. One goroutine at a time has it.
type tap[T any] struct {
	base    *outletBase
	cache   slotCache[T]
	numbers []uint64
}

func newTap[T any](base *outletBase, messages *store[T]) *tap[T] {
	return &tap[T]{base: base, cache: slotCache[T]{store: messages.slots}}
}

// poll fills a batch with as many messages as there are, and waits until there is one: until ctx
// ends, unless that is notWaiting, or the listener is nudged.
func (tap *tap[T]) poll(ctx context.Context, listener listener, batch []T) (count int, status C.partita_status) {
	if len(tap.numbers) < len(batch) {
		tap.numbers = make([]uint64, len(batch))
	}
	call := func(patience C.partita_go_patience) C.partita_status {
		polled := C.partita_go_poll(tap.base.handle, (*C.uint64_t)(unsafe.Pointer(&tap.numbers[0])),
			C.size_t(len(batch)), patience)
		count = int(polled.count)
		return polled.status
	}
	if ctx == notWaiting {
		status = call(atOnce)
	} else {
		status = tap.base.engine.waiter.wait(ctx, listener, call)
	}
	messages := tap.cache.store.now()
	for i, number := range tap.numbers[:count] {
		batch[i] = *messages.at(number)
		tap.cache.release(messages, number)
	}
	return count, status
}
