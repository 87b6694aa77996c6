package partita

// #include "bridge.h"
import "C"

import (
	"context"
	"unsafe"
)

// arrangedMin is how many messages it takes to pay for one more call into the engine.
const arrangedMin = 128

// arranges tells whether messages whose keys are found are laid out by shard.
func (sender *sender[T]) arranges(count int, refusal string) bool {
	finder := sender.gate.finder
	return count >= arrangedMin && finder != nil && finder.kind() == NumberKey && refusal == "" && !sender.asks.any()
}

// pushArranged hands messages to the engine whose keys are found, and returns how many it took. Messages
// that one worker computes come together in memory: if workers wrote next to each other, they would take
// cache lines from each other all the time.
func (sender *sender[T]) pushArranged(ctx context.Context, piece []T) (sent int, status C.partita_status) {
	for sent < len(piece) {
		admitted, status := sender.admitKeyed(ctx, sender.words[sent:len(piece)])
		if status != C.PARTITA_OK {
			return sent, status
		}
		numbers := sender.numbers[:admitted]
		sender.cache.take(numbers)
		messages := sender.cache.store.now()
		for i, number := range numbers {
			*messages.at(number) = piece[sent+int(sender.order[i])]
		}
		C.partita_go_push_arranged(sender.handle, (*C.uint64_t)(unsafe.Pointer(unsafe.SliceData(numbers))), C.size_t(admitted))
		sent += admitted
	}
	return sent, C.PARTITA_OK
}

// admitKeyed waits until some of the messages with these keys are admitted, and returns how many. Their order
// is in sender.order then.
func (sender *sender[T]) admitKeyed(ctx context.Context, words []uint64) (admitted int, status C.partita_status) {
	if len(sender.order) < len(words) {
		sender.order, sender.numbers = make([]uint32, pieceMax), make([]uint64, pieceMax)
	}
	call := func(patience C.partita_go_patience) C.partita_status {
		result := C.partita_go_admit_keyed(sender.handle, (*C.uint64_t)(unsafe.Pointer(&words[0])), C.size_t(len(words)),
			(*C.uint32_t)(unsafe.Pointer(&sender.order[0])), patience)
		admitted = int(result.count)
		return result.status
	}
	if ctx == notWaiting {
		return admitted, call(atOnce)
	}
	status = sender.await(ctx, call)
	return admitted, status
}
