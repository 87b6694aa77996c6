package partita

// #include "bridge.h"
import "C"

import (
	"fmt"
	"unsafe"
)

// encodeJob is messages handed to an encoder.
type encodeJob[T any] struct {
	callback
	outlet *tcpOutlet[T]
	room   *C.partita_encode
	// used is how many bytes are written.
	used int
	// full says that the next message does not fit.
	full bool
}

// encodes is the host of a sink that connects.
type encodes interface {
	encode(index C.int32_t, room *C.partita_encode) C.partita_status
}

//export partitaGoEncode
func partitaGoEncode(host C.uintptr_t, index C.int32_t, room *C.partita_encode) C.partita_status {
	return hostOf[encodes](uintptr(host)).encode(index, room)
}

func (outlet *tcpOutlet[T]) encode(index C.int32_t, room *C.partita_encode) C.partita_status {
	job := &outlet.encoding
	*job = encodeJob[T]{
		callback: begin(outlet.engine.worker(index), &room.done, &room.failure, job),
		outlet:   outlet,
		room:     room,
	}
	status := job.perform(job)
	if status == C.PARTITA_OK && job.full {
		return C.PARTITA_OUTPUTS_FULL
	}
	return status
}

func (job *encodeJob[T]) numbers() []uint64 {
	return unsafe.Slice((*uint64)(unsafe.Pointer(job.room.values)), int(job.room.len))
}

// settle frees the messages that were encoded.
func (job *encodeJob[T]) settle() {
	store := job.outlet.messages
	messages, cache := store.now(), store.cache(job.worker.seat())
	for _, number := range job.numbers()[:job.at] {
		cache.release(messages, number)
	}
}

func (job *encodeJob[T]) work() {
	outlet, numbers := job.outlet, job.numbers()
	ends := unsafe.Slice((*uint64)(unsafe.Pointer(job.room.ends)), len(numbers))
	room := unsafe.Slice((*byte)(unsafe.Pointer(job.room.bytes)), int(job.room.capacity))
	messages := outlet.messages.now()
	for job.at < len(numbers) {
		bytes := outlet.kept
		// What is kept is of the first message.
		if !outlet.isKept {
			var err error
			bytes, err = outlet.sink.encode(outlet.kept[:0], *messages.at(numbers[job.at]))
			if err == nil && len(bytes) > C.PARTITA_FRAME_MAX {
				err = fmt.Errorf("its message has %d bytes: expected %d at most", len(bytes), C.PARTITA_FRAME_MAX)
			}
			if err != nil {
				job.refusal = job.describe() + ": " + err.Error()
				return
			}
			// The bytes may be the encoder's own: they are never written to.
			outlet.fit(len(bytes))
		}
		outlet.isKept = len(bytes) > len(room)-job.used
		if outlet.isKept {
			outlet.kept = append(outlet.kept[:0], bytes...)
			job.room.needed, job.full = C.size_t(len(bytes)), true
			return
		}
		job.used += copy(room[job.used:], bytes)
		ends[job.at] = uint64(job.used)
		job.at++
	}
}

// keptMax is how much memory for the bytes of a message is kept, once messages are short again.
const keptMax = 256 << 10

// fit makes the memory for the bytes of a message right for the next ones, after one of so many bytes.
func (outlet *tcpOutlet[T]) fit(size int) {
	if size > cap(outlet.kept) || cap(outlet.kept) > keptMax && size <= keptMax/2 {
		outlet.kept = make([]byte, 0, 2*size)
	}
}

func (job *encodeJob[T]) describe() string { return fmt.Sprintf("encoder of sink %q", job.outlet.name) }
