package partita

// #include "bridge.h"
import "C"

import (
	"errors"
	"fmt"
	"unsafe"
)

// deliveryJob is outputs handed to a sink function.
type deliveryJob struct {
	callback
	outlet  *funcOutlet
	numbers []uint64
	batch   []any
}

//export partitaGoDeliver
func partitaGoDeliver(host C.uintptr_t, index C.int32_t, room *C.partita_delivery) C.partita_status {
	outlet := hostOf[*funcOutlet](uintptr(host))
	numbers := unsafe.Slice((*uint64)(unsafe.Pointer(room.values)), room.len)
	delivery := &outlet.engine.worker(index).delivery
	*delivery = deliveryJob{
		callback: delivery.begin(&room.done, &room.failure, delivery),
		outlet:   outlet,
		numbers:  numbers,
		batch:    outlet.fetch(numbers),
	}
	return delivery.perform(delivery)
}

// settle frees the outputs that were taken.
func (delivery *deliveryJob) settle() {
	clear(delivery.batch)
	messages := delivery.outlet.engine.messages.now()
	for _, number := range delivery.numbers[:delivery.at] {
		delivery.worker.messages.release(messages, number)
	}
}

// fetch reads the outputs into a slice that is used again and again: a sink has one caller at a time.
func (outlet *funcOutlet) fetch(numbers []uint64) []any {
	outlet.batch = outlet.batch[:0]
	messages := outlet.engine.messages.now()
	for _, number := range numbers {
		outlet.batch = append(outlet.batch, *messages.at(number))
	}
	return outlet.batch
}

// work hands the batch to the function, and finds out how much of it was taken.
func (delivery *deliveryJob) work() {
	size := len(delivery.batch)
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
func (delivery *deliveryJob) describe() string { return fmt.Sprintf("sink %q", delivery.outlet.name) }
