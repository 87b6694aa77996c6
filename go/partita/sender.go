package partita

// #include "bridge.h"
import "C"

import (
	"context"
	"fmt"
	"reflect"
	"slices"
	"unsafe"
)

const (
	// pieceMax is how many messages are sent at once.
	pieceMax = 1024
	// pieceTextMax is the size in bytes of the keys of a piece, unless a single key is longer.
	pieceTextMax = 1 << 16
)

// sender is one of the engine's senders, with what it needs to send. One goroutine at a time has it.
type sender[T any] struct {
	gate    *gateOf[T]
	handle  C.partita_sender
	cache   slotCache[T]
	tokens  slotCache[awaited]
	numbers []uint64
	// order is that in which messages are laid out.
	order []uint32
	// page is where keys are written: into words, or into texts.
	page  keyPage
	words []uint64
	texts keyRoom
	// textSize is the room to reserve for the keys of a piece.
	textSize int
	// found counts the messages whose keys are found.
	found int
	// one is a message that is sent alone.
	one [1]T
	// lead sends through the stateless steps that the pipeline begins with, if it does.
	lead *lead[T]
	asks asking
}

// asking is how completions are asked for, if they are: for all that is sent, or for each message.
type asking struct {
	ack   *Ack
	calls func(index int) awaited
	// from is how many messages were sent in the pieces before, and sent how many are the engine's: also if
	// user code ends the goroutine.
	from, sent int
	tokens     []uint64
	// position is behind the last message that was sent.
	position uint64
}

// any tells whether completions are asked for.
func (asks *asking) any() bool { return asks.ack != nil || asks.calls != nil }

func newSender[T any](gate *gateOf[T]) *sender[T] {
	return &sender[T]{
		gate:   gate,
		cache:  slotCache[T]{store: gate.messages.slots},
		tokens: slotCache[awaited]{store: gate.engine.awaited},
	}
}

// send sends messages in order, up to the first that is nil, and returns how many it sent. It waits
// until ctx ends, unless that is notWaiting.
func (sender *sender[T]) send(ctx context.Context, batch []T) (sent int, err error) {
	if sender.gate.engine.waiter.helpers.computes() {
		return 0, wouldDeadlock(sender.gate.path)
	}
	if sender.lead != nil {
		return sender.lead.send(ctx, batch)
	}
	for sent < len(batch) {
		sender.asks.from = sent
		piece := batch[sent:min(sent+pieceMax, len(batch))]
		// The user's code runs first: should it end this goroutine, nothing was taken yet.
		size, refusal := sender.find(piece)
		if size == 0 {
			return sent, fmt.Errorf("%s: %w: message %d is nil", sender.gate.path, ErrInvalidArgument, sent)
		}
		count, status := sender.push(ctx, piece[:size], refusal)
		sent += count
		if status != C.PARTITA_OK {
			return sent, sender.gate.refused(ctx, status)
		}
	}
	return sent, nil
}

// beforeNil counts the messages before the first that is a nil interface.
func beforeNil[T any](messages []T) int {
	if !isInterface[T]() {
		return len(messages)
	}
	for i := range messages {
		if any(messages[i]) == nil {
			return i
		}
	}
	return len(messages)
}

// isInterface tells whether T is an interface type.
func isInterface[T any]() bool { return reflect.TypeFor[T]().Kind() == reflect.Interface }

// find finds the keys of the first messages of a piece, and returns how many: none only if the first
// one is nil. If it returns why a key could not be found, it is that of the last of them.
func (sender *sender[T]) find(piece []T) (size int, refusal string) {
	finder := sender.gate.finder
	if finder == nil {
		return beforeNil(piece), ""
	}
	sender.found = 0
	sender.turn(finder.kind(), len(piece))
	returned := guard(func() { finder.find(piece, &sender.page, &sender.found) }, func(end ending) {
		if !end.exited() {
			refusal = cut(end.text(finder.describe(piece[sender.found])), lostMax, "...")
		}
	})
	if !returned {
		sender.texts.skip(sender.found)
		sender.found++
	} else if sender.page.texts.full {
		// The room for keys is used up: there will be more next time.
		sender.textSize = min(2*sender.texts.size, pieceTextMax)
	}
	return sender.found, refusal
}

// turn makes the page new, for a number of keys.
func (sender *sender[T]) turn(kind KeyKind, count int) {
	if kind == TextKey {
		sender.texts.reserve(count, sender.textSize)
		sender.page.texts = sender.texts.writer()
		return
	}
	if len(sender.words) < count {
		sender.words = make([]uint64, count)
		sender.page.words = sender.words
	}
}

// push hands messages to the engine, and returns how many it took.
func (sender *sender[T]) push(ctx context.Context, piece []T, refusal string) (sent int, status C.partita_status) {
	if sender.arranges(len(piece), refusal) {
		return sender.pushArranged(ctx, piece)
	}
	if len(sender.numbers) < len(piece) {
		sender.numbers = make([]uint64, len(piece))
	}
	numbers := sender.numbers[:len(piece)]
	sender.cache.take(numbers)
	messages := sender.cache.store.now()
	for i, number := range numbers {
		*messages.at(number) = piece[i]
	}
	call := func(patience C.partita_go_patience) C.partita_status {
		count, status := sender.call(numbers[sent:], sent, refusal, patience)
		sent += count
		return status
	}
	if ctx == notWaiting {
		status = call(atOnce)
	} else {
		status = sender.await(ctx, call)
	}
	for _, number := range numbers[sent:] {
		sender.cache.store.clear(messages.at(number))
		sender.cache.give(number)
	}
	return sent, status
}

// call sends the messages with these numbers, whose keys are those from an index on.
func (sender *sender[T]) call(numbers []uint64, from int, refusal string, patience C.partita_go_patience) (int, C.partita_status) {
	var words *C.uint64_t
	var texts *C.partita_bytes
	if finder := sender.gate.finder; finder != nil {
		switch finder.kind() {
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
	if sender.asks.any() {
		return sender.callTracked(numbers, words, texts, from, failed, refusal, patience)
	}
	result := C.partita_go_send(sender.handle, (*C.uint64_t)(unsafe.Pointer(&numbers[0])), words, texts,
		C.size_t(len(numbers)), C.size_t(failed),
		(*C.char)(unsafe.Pointer(unsafe.StringData(refusal))), C.size_t(len(refusal)), patience)
	return int(result.count), result.status
}

// callTracked is call with tokens, for which the engine will tell that all is completed.
func (sender *sender[T]) callTracked(numbers []uint64, words *C.uint64_t, texts *C.partita_bytes, from, failed int, refusal string, patience C.partita_go_patience) (int, C.partita_status) {
	tokens := sender.takeTokens(len(numbers), from)
	result := C.partita_go_send_tracked(sender.handle, (*C.uint64_t)(unsafe.Pointer(&numbers[0])), words, texts,
		C.size_t(len(numbers)), C.size_t(failed),
		(*C.char)(unsafe.Pointer(unsafe.StringData(refusal))), C.size_t(len(refusal)),
		(*C.uint64_t)(unsafe.Pointer(&tokens[0])), C.size_t(len(tokens)), patience)
	sent := int(result.count)
	sender.asked(tokens, sent, uint64(result.position))
	return sent, result.status
}

// asked notes that so many messages were taken with tokens, if there are any.
func (sender *sender[T]) asked(tokens []uint64, sent int, position uint64) {
	if len(tokens) == 0 {
		return
	}
	sender.asks.sent += sent
	if sent > 0 {
		sender.asks.position = position
	}
	if sender.asks.ack == nil {
		sender.returnTokens(tokens[sent:])
	} else if sent == 0 {
		sender.asks.ack.completed(nil)
		sender.returnTokens(tokens)
	}
}

// takeTokens makes tokens: one for what is asked for, or one for each message.
func (sender *sender[T]) takeTokens(count, from int) []uint64 {
	asks, awaiting := &sender.asks, sender.gate.engine.awaited
	if asks.ack != nil {
		count = 1
		asks.ack.expect()
	}
	asks.tokens = slices.Grow(asks.tokens[:0], count)[:count]
	sender.tokens.take(asks.tokens)
	view := awaiting.now()
	for i, token := range asks.tokens {
		if asks.ack != nil {
			*view.at(token) = asks.ack
		} else {
			*view.at(token) = asks.calls(asks.from + from + i)
		}
	}
	return asks.tokens
}

// returnTokens gives back tokens of which the engine will tell nothing.
func (sender *sender[T]) returnTokens(tokens []uint64) {
	for _, token := range tokens {
		*sender.tokens.store.at(token) = nil
		sender.tokens.give(token)
	}
}

// free gives back all that the sender has.
func (sender *sender[T]) free() {
	C.partita_sender_free(sender.handle)
	if sender.lead != nil {
		sender.lead.free()
	}
	sender.texts.free()
	sender.cache.empty()
	sender.tokens.empty()
}
