package partita

// #include "bridge.h"
import "C"

import (
	"fmt"
	"unsafe"
)

// frameSpan is where a frame lies, as the engine says it.
type frameSpan struct{ start, size, end uintptr }

// decodeJob is frames handed to a decoder.
type decodeJob[T any] struct {
	callback
	gate *gateOf[T]
	room *C.partita_decode
}

// decodes is the host of a source that listens.
type decodes interface {
	decode(index C.int32_t, room *C.partita_decode) C.partita_status
	split(index C.int32_t, room *C.partita_split) C.partita_status
}

//export partitaGoDecode
func partitaGoDecode(host C.uintptr_t, index C.int32_t, room *C.partita_decode) C.partita_status {
	return hostOf[decodes](uintptr(host)).decode(index, room)
}

//export partitaGoSplit
func partitaGoSplit(host C.uintptr_t, index C.int32_t, room *C.partita_split) C.partita_status {
	return hostOf[decodes](uintptr(host)).split(index, room)
}

func (gate *gateOf[T]) decode(index C.int32_t, room *C.partita_decode) C.partita_status {
	job := &gate.decoding
	*job = decodeJob[T]{
		callback: begin(gate.engine.worker(index), &room.done, &room.failure, job),
		gate:     gate,
		room:     room,
	}
	return job.perform(job)
}

func (job *decodeJob[T]) settle() {}

func (job *decodeJob[T]) work() {
	count := int(job.room.len)
	frames := unsafe.Slice((*frameSpan)(unsafe.Pointer(job.room.frames)), count)
	for job.at < count && job.refusal == "" {
		rest := frames[job.at:]
		together := 1
		for together < len(rest) && rest[together].start+rest[together].size-rest[0].start <= copiedMax {
			together++
		}
		job.decode(rest[:together])
	}
}

// copiedMax is how many bytes of frames are copied at once, unless a single one has more: those behind one
// that cannot be decoded were copied in vain.
const copiedMax = 32 << 10

// decode decodes frames one behind the other, up to the first that cannot be decoded.
func (job *decodeJob[T]) decode(frames []frameSpan) {
	values := unsafe.Slice((*uint64)(unsafe.Pointer(job.room.values)), int(job.room.len))
	filtered := unsafe.Slice((*byte)(unsafe.Pointer(job.room.filtered)), int(job.room.len))
	cache := job.gate.messages.cache(job.worker.seat())
	first := frames[0].start
	last := frames[len(frames)-1]
	lent := unsafe.Slice((*byte)(unsafe.Pointer(job.room.bytes.ptr)), int(last.start+last.size))
	bytes := job.gate.room(int(last.start + last.size - first))
	copy(bytes, lent[first:])
	for _, frame := range frames {
		from := frame.start - first
		to := from + frame.size
		data, keep, err := job.gate.source.decode(bytes[from:to:to])
		if err != nil {
			job.refusal = job.describe() + ": " + err.Error()
			return
		}
		if keep {
			values[job.at] = cache.put(data)
		} else {
			filtered[job.at] = C.PARTITA_FILTERED_FRAME
		}
		job.at++
	}
}

// room is memory for frames: new each time if the decoder may keep them.
func (gate *gateOf[T]) room(size int) []byte {
	if gate.source.options.listening.keeps {
		return make([]byte, size)
	}
	if size > cap(gate.frames) || cap(gate.frames) > framesKept && size < framesKept {
		gate.frames = make([]byte, max(size, framesKept))
	}
	return gate.frames[:size]
}

// framesKept is how much memory for frames is kept, at least and, once they are short again, at most.
const framesKept = copiedMax

func (job *decodeJob[T]) describe() string { return "decoder" }

// splitJob is bytes to be cut into frames.
type splitJob struct {
	callback
	room          *C.partita_split
	headerLength  int
	payloadLength func(header []byte) uint64
	header        []byte
}

func (gate *gateOf[T]) split(index C.int32_t, room *C.partita_split) C.partita_status {
	listening := gate.source.options.listening
	job := &gate.splitting
	*job = splitJob{
		callback:      begin(gate.engine.worker(index), &room.done, &room.failure, job),
		room:          room,
		headerLength:  int(listening.headerLength),
		payloadLength: listening.payloadLength,
		header:        job.header,
	}
	return job.perform(job)
}

func (job *splitJob) settle() {}

func (job *splitJob) work() {
	bytes := unsafe.Slice((*byte)(unsafe.Pointer(job.room.bytes.ptr)), int(job.room.bytes.len))
	frames := unsafe.Slice((*frameSpan)(unsafe.Pointer(job.room.frames)), int(job.room.capacity))
	longest := uint64(job.room.longest)
	for at := 0; job.at < len(frames) && len(bytes)-at >= job.headerLength; job.at++ {
		// The header is the user's to read, not the engine's memory.
		job.header = append(job.header[:0], bytes[at:at+job.headerLength]...)
		payload := job.payloadLength(job.header)
		start := at + job.headerLength
		// One that is too long is for the engine to refuse.
		size := min(payload, longest+1)
		end := start + int(size)
		frames[job.at] = frameSpan{uintptr(start), uintptr(size), uintptr(end)}
		if payload > longest || end > len(bytes) {
			job.at++
			return
		}
		at = end
	}
}

func (job *splitJob) describe() string { return fmt.Sprintf("PayloadLength of header %x", job.header) }
