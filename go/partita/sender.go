package partita

// #include "bridge.h"
import "C"

import (
	"context"
	"unsafe"
)

const (
	// pieceMax is how many messages are sent at once.
	pieceMax = 1024
	// pieceTextMax is the size in bytes of the keys of a piece, unless a single key is longer.
	pieceTextMax = 1 << 16
)

// sender is one of the engine's senders, with what it needs to send. One goroutine at a time has it.
type sender struct {
	gate    *gate
	handle  C.partita_sender
	cache   slotCache[any]
	numbers []uint64
	words   []uint64
	texts   keyRoom
	// textSize is the room to reserve for the keys of a piece.
	textSize int
}

// send sends messages in order, up to the first that is nil, and returns how many it sent. It waits
// until ctx ends, unless that is notWaiting.
func (sender *sender) send(ctx context.Context, batch []any) (sent int, status C.partita_status) {
	for sent < len(batch) {
		piece := batch[sent:min(sent+pieceMax, len(batch))]
		// The user's code runs first: should it end this goroutine, nothing was taken yet.
		size, refusal := sender.find(piece)
		if size == 0 {
			return sent, C.PARTITA_OK
		}
		count, status := sender.push(ctx, piece[:size], refusal)
		sent += count
		if status != C.PARTITA_OK {
			return sent, status
		}
	}
	return sent, C.PARTITA_OK
}

// find finds the keys of the first messages of a piece, and returns how many: none only if the first
// one is nil. If it returns why a key could not be found, it is that of the last of them.
func (sender *sender) find(piece []any) (size int, refusal string) {
	step := sender.gate.first
	if step == nil || step.kind == NoKey {
		for size < len(piece) && piece[size] != nil {
			size++
		}
		return size, ""
	}
	code := func() { sender.findWords(piece, &size) }
	if step.kind == TextKey {
		code = func() { sender.findTexts(piece, &size) }
	}
	returned := guard(code, func(end ending) {
		if !end.exited() {
			refusal = cut(end.text(step.describeKey(piece[size])), lostMax, "...")
		}
	})
	if !returned {
		sender.texts.skip(size)
		size++
	}
	return size, refusal
}

func (sender *sender) findWords(piece []any, at *int) {
	if len(sender.words) < len(piece) {
		sender.words = make([]uint64, len(piece))
	}
	words, partition := sender.words[:len(piece)], sender.gate.first.words
	for i, data := range piece {
		if data == nil {
			return
		}
		words[i] = partition.Partition(data)
		*at = i + 1
	}
}

// findTexts stops when the room for keys is used up, and makes it larger for the next time.
func (sender *sender) findTexts(piece []any, at *int) {
	sender.texts.reserve(len(piece), sender.textSize)
	writer, partition := sender.texts.writer(), sender.gate.first.texts
	for ; *at < len(piece) && piece[*at] != nil; *at++ {
		key := partition.Partition(piece[*at])
		if writer.put(*at, key) {
			continue
		}
		if *at > 0 {
			sender.textSize = min(2*sender.texts.size, pieceTextMax)
			return
		}
		sender.texts.reserve(len(piece), len(key))
		writer = sender.texts.writer()
		writer.put(0, key)
	}
}

// push hands messages to the engine, and returns how many it took.
func (sender *sender) push(ctx context.Context, piece []any, refusal string) (sent int, status C.partita_status) {
	if len(sender.numbers) < len(piece) {
		sender.numbers = make([]uint64, len(piece))
	}
	numbers := sender.numbers[:len(piece)]
	sender.cache.take(numbers)
	messages := sender.cache.store.now()
	for i, data := range piece {
		*messages.at(numbers[i]) = data
	}
	call := func(patience C.partita_go_patience) C.partita_status {
		count, status := sender.call(numbers[sent:], sent, refusal, patience)
		sent += count
		return status
	}
	if ctx == notWaiting {
		status = call(atOnce)
	} else {
		status = sender.gate.engine.waiter.wait(ctx, listener{}, call)
	}
	for _, number := range numbers[sent:] {
		*messages.at(number) = nil
		sender.cache.give(number)
	}
	return sent, status
}

// call sends the messages with these numbers, whose keys are those from an index on.
func (sender *sender) call(numbers []uint64, from int, refusal string, patience C.partita_go_patience) (int, C.partita_status) {
	var words *C.uint64_t
	var texts *C.partita_bytes
	if step := sender.gate.first; step != nil {
		switch step.kind {
		case NumberKey:
			words = (*C.uint64_t)(unsafe.Pointer(&sender.words[from]))
		case TextKey:
			texts = (*C.partita_bytes)(unsafe.Add(unsafe.Pointer(sender.texts.spans), from*C.sizeof_partita_bytes))
		}
	}
	failed := 0
	if refusal != "" {
		failed = len(numbers)
	}
	result := C.partita_go_send(sender.handle, (*C.uint64_t)(unsafe.Pointer(&numbers[0])), words, texts,
		C.size_t(len(numbers)), C.size_t(failed),
		(*C.char)(unsafe.Pointer(unsafe.StringData(refusal))), C.size_t(len(refusal)), patience)
	return int(result.count), result.status
}

// free gives back all that the sender has.
func (sender *sender) free() {
	C.partita_sender_free(sender.handle)
	sender.texts.free()
	sender.cache.empty()
}
