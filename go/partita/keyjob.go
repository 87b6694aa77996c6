package partita

// #include "bridge.h"
import "C"

import "unsafe"

// keyJob is messages whose keys a later step of a pipeline asks for.
type keyJob struct {
	callback
	step   *step
	values []uint64
	words  []uint64
	texts  keyWriter
}

//export partitaGoKeys
func partitaGoKeys(host C.uintptr_t, index C.int32_t, room *C.partita_keys) C.partita_status {
	step := hostOf[*step](uintptr(host))
	batch := &step.engine.worker(index).keys
	*batch = keyJob{
		callback: batch.begin(&room.done, &room.failure, batch),
		step:     step,
		values:   unsafe.Slice((*uint64)(unsafe.Pointer(room.values)), room.len),
	}
	if step.words != nil {
		batch.words = unsafe.Slice((*uint64)(unsafe.Pointer(room.words)), room.len)
		return batch.perform(batch)
	}
	batch.texts = keyWriter{
		spans: unsafe.Slice((*keySpan)(unsafe.Pointer(room.bytes)), room.len),
		text:  unsafe.Slice((*byte)(unsafe.Pointer(room.scratch)), room.scratch_len),
	}
	return batch.perform(batch)
}

func (batch *keyJob) settle() {}

func (batch *keyJob) work() {
	if batch.step.words != nil {
		batch.findWords()
	} else {
		batch.findTexts()
	}
}

func (batch *keyJob) findWords() {
	messages := batch.step.engine.messages.now()
	for batch.at < len(batch.values) {
		batch.words[batch.at] = batch.step.words.Partition(*messages.at(batch.values[batch.at]))
		batch.at++
	}
}

// findTexts stops when the memory for keys is used up. A key that alone does not fit lies in
// memory of the worker.
func (batch *keyJob) findTexts() {
	messages := batch.step.engine.messages.now()
	for batch.at < len(batch.values) {
		key := batch.step.texts.Partition(*messages.at(batch.values[batch.at]))
		if !batch.texts.put(batch.at, key) {
			if batch.at > 0 {
				return
			}
			batch.worker.keyRoom.reserve(1, len(key))
			batch.texts.text = batch.worker.keyRoom.writer().text
			batch.texts.put(batch.at, key)
		}
		batch.at++
	}
}

// describe names the message whose key is being found.
func (batch *keyJob) describe() string {
	return batch.step.describeKey(*batch.step.engine.messages.at(batch.values[batch.at]))
}
