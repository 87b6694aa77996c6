package partita

// #include "bridge.h"
import "C"

import (
	"errors"
	"fmt"
	"slices"
	"unsafe"
)

// deliveryJob is outputs handed to a sink function.
type deliveryJob[T any] struct {
	callback
	outlet  *funcOutlet[T]
	numbers []uint64
	batch   []T
}

// delivered is the host of a sink that is a callback.
type delivered interface {
	deliver(index C.int32_t, room *C.partita_delivery) C.partita_status
}

//export partitaGoDeliver
func partitaGoDeliver(host C.uintptr_t, index C.int32_t, room *C.partita_delivery) C.partita_status {
	return hostOf[delivered](uintptr(host)).deliver(index, room)
}

func (outlet *funcOutlet[T]) deliver(index C.int32_t, room *C.partita_delivery) C.partita_status {
	numbers := unsafe.Slice((*uint64)(unsafe.Pointer(room.values)), room.len)
	delivery := &outlet.delivery
	*delivery = deliveryJob[T]{
		callback: begin(outlet.engine.worker(index), &room.done, &room.failure, delivery),
		outlet:   outlet,
		numbers:  numbers,
		batch:    outlet.fetch(numbers),
	}
	return delivery.perform(delivery)
}

// settle frees the outputs that were taken.
func (delivery *deliveryJob[T]) settle() {
	if recorded := delivery.outlet.recorded; recorded != nil {
		recorded.add(delivery.batch[:delivery.at])
	}
	clear(delivery.batch)
	store := delivery.outlet.messages
	messages, cache := store.now(), store.cache(delivery.worker.seat())
	for _, number := range delivery.numbers[:delivery.at] {
		cache.release(messages, number)
	}
}

// fetch reads the outputs into a slice that is used again and again: a sink has one caller at a time.
func (outlet *funcOutlet[T]) fetch(numbers []uint64) []T {
	outlet.batch = slices.Grow(outlet.batch[:0], len(numbers))[:len(numbers)]
	messages := outlet.messages.now()
	for i, number := range numbers {
		outlet.batch[i] = *messages.at(number)
	}
	return outlet.batch
}

func (delivery *deliveryJob[T]) work() {
	place := delivery.outlet.place
	if place == nil {
		delivery.hand(len(delivery.batch))
		return
	}
	fails := place.before(len(delivery.batch))
	if fails > 0 {
		// That it may not take them all does not matter: these are new messages each time.
		delivery.hand(fails)
		place.seen += delivery.at
		return
	}
	delivery.refusal = delivery.describe() + ": " + place.fail().Error()
}

// hand hands as many messages to the function, and finds out how many of them were taken.
func (delivery *deliveryJob[T]) hand(size int) {
	err := delivery.outlet.take(delivery.batch[:size:size])
	if err == nil {
		delivery.at = size
		return
	}
	delivery.refusal = delivery.describe() + ": " + err.Error()
	var partly *SinkError
	if errors.As(err, &partly) {
		if partly.Taken < 0 || partly.Taken >= size {
			delivery.refusal += fmt.Sprintf(" (of %d messages %d were taken before, it says)", size, partly.Taken)
		}
		delivery.at = max(0, min(partly.Taken, size-1))
	}
}

// describe names the sink.
func (delivery *deliveryJob[T]) describe() string {
	return fmt.Sprintf("sink %q", delivery.outlet.name)
}
