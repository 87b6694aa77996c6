package partita

// #include "bridge.h"
import "C"

import "unsafe"

// keyJob is messages whose keys a later step of a pipeline asks for.
type keyJob[T any] struct {
	callback
	finder   keyFinder[T]
	messages *store[T]
	values   []uint64
	page     keyPage
	// piece is where the next messages are gathered.
	piece [gathered]T
	_     apart
}

//export partitaGoKeys
func partitaGoKeys(host C.uintptr_t, index C.int32_t, room *C.partita_keys) C.partita_status {
	step := hostOf[stepHost](uintptr(host))
	return step.keys(step.base().engine.worker(index), room)
}

func (step *step[In, Part, Out]) keys(worker *worker, room *C.partita_keys) C.partita_status {
	batch := step.batches[worker.seat()]
	batch.callback = begin(worker, &room.done, &room.failure, batch)
	batch.values = unsafe.Slice((*uint64)(unsafe.Pointer(room.values)), room.len)
	batch.page = pageOf(room, step.finder.kind(), &worker.keyRoom)
	return batch.perform(batch)
}

// pageOf is the room for keys that the engine lends. A key that alone does not fit lies in memory of
// the worker.
func pageOf(room *C.partita_keys, kind KeyKind, large *keyRoom) keyPage {
	if kind == NumberKey {
		return keyPage{words: unsafe.Slice((*uint64)(unsafe.Pointer(room.words)), room.len)}
	}
	return keyPage{texts: keyWriter{
		spans: unsafe.Slice((*keySpan)(unsafe.Pointer(room.bytes)), room.len),
		text:  unsafe.Slice((*byte)(unsafe.Pointer(room.scratch)), room.scratch_len),
		large: large,
	}}
}

func (batch *keyJob[T]) settle() { clear(batch.piece[:]) }

func (batch *keyJob[T]) work() {
	for batch.at < len(batch.values) {
		before := batch.at
		messages := batch.gather()
		batch.finder.find(messages, &batch.page, &batch.at)
		if batch.at < before+len(messages) {
			return
		}
		batch.page.turn(len(messages))
	}
}

// gather reads the messages from `at` on, as many as fit.
func (batch *keyJob[T]) gather() []T {
	values := batch.values[batch.at:]
	values = values[:min(len(values), gathered)]
	view := batch.messages.now()
	for i, number := range values {
		batch.piece[i] = *view.at(number)
	}
	return batch.piece[:len(values)]
}

// describe names the message whose key is being found.
func (batch *keyJob[T]) describe() string {
	return batch.finder.describe(*batch.messages.at(batch.values[batch.at]))
}
