package partita

import "slices"

// buffer is messages that wait for a step of a chain, or have come through its last one.
type buffer[T any] struct {
	items []T
	// from tells of each which of the messages that came it descends from, if that is asked for.
	from   []uint32
	tracks bool
	// at counts those that are over, from the first one on.
	at int
	// most is how many it should hold; the outputs of one message may be more.
	most int
}

// put appends a message that follows from the one at hand in another buffer.
func put[In, Out any](out *buffer[Out], item Out, in *buffer[In]) {
	out.items = append(out.items, item)
	if out.tracks {
		out.from = append(out.from, in.from[in.at])
	}
}

// follow notes of the last messages which one they descend from.
func (buffer *buffer[T]) follow(count int, from uint32) {
	if !buffer.tracks {
		return
	}
	for range count {
		buffer.from = append(buffer.from, from)
	}
}

// reserve makes room for more messages.
func (buffer *buffer[T]) reserve(more int) { buffer.items = slices.Grow(buffer.items, more) }

// left counts those that are not over.
func (buffer *buffer[T]) left() int { return len(buffer.items) - buffer.at }

// full tells that no more should come.
func (buffer *buffer[T]) full() bool { return len(buffer.items) >= buffer.most }

// here is the message at hand.
func (buffer *buffer[T]) here() T { return buffer.items[buffer.at] }

// since is which message the one at hand descends from.
func (buffer *buffer[T]) since() uint32 {
	if !buffer.tracks {
		return 0
	}
	return buffer.from[buffer.at]
}

// shift forgets messages: count of them, from an index on.
func (buffer *buffer[T]) shift(at, count int) {
	rest := append(buffer.items[:at], buffer.items[at+count:]...)
	clear(buffer.items[len(rest):])
	buffer.items = rest
	if buffer.tracks {
		buffer.from = append(buffer.from[:at], buffer.from[at+count:]...)
	}
}

// clear forgets all messages.
func (buffer *buffer[T]) clear() {
	clear(buffer.items)
	buffer.items, buffer.from, buffer.at = buffer.items[:0], buffer.from[:0], 0
}

// trim gives back what very many messages needed.
func (buffer *buffer[T]) trim() {
	if cap(buffer.items) > 16*pieceMax {
		buffer.items, buffer.from = nil, nil
	}
}

// gather reads the messages with these numbers; the first is the one with an index.
func (buffer *buffer[T]) gather(view slotView[T], numbers []uint64, index int) {
	for i, number := range numbers {
		buffer.items = append(buffer.items, *view.at(number))
		buffer.from = append(buffer.from, uint32(index+i))
	}
}

// stow gives messages numbers: count of them, from an index on.
func (buffer *buffer[T]) stow(cache *slotCache[T], at int, numbers []uint64) {
	cache.take(numbers)
	view := cache.store.now()
	for i, number := range numbers {
		*view.at(number) = buffer.items[at+i]
	}
}
