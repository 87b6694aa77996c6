package partita

// #include <stdlib.h>
// #include "bridge.h"
import "C"

import (
	"fmt"
	"unsafe"
)

// partsMax is how many states are read at once.
const partsMax = 256

// partitionPath says where a partition is.
func (engine *engine) partitionPath(name string) string {
	return engine.path + ` / partition "` + name + `"`
}

// visit visits every state of a partition until visit returns false.
func (engine *engine) visit(partition string, visit func(key Key, state any) bool) error {
	if visit == nil {
		return engine.parts(partition, nil)
	}
	return engine.parts(partition, func(key func() Key, number uint64) bool {
		return visit(key(), engine.partitions[partition].host.state(number))
	})
}

// parts visits every part of a partition, by its number, until visit returns false.
func (engine *engine) parts(partition string, visit func(key func() Key, number uint64) bool) error {
	path := engine.partitionPath(partition)
	if visit == nil {
		return fmt.Errorf("%s: %w: the function is nil", path, ErrInvalidArgument)
	}
	if engine.waiter.helpers.here() {
		return wouldDeadlock(path)
	}
	name := C.CString(partition)
	defer C.free(unsafe.Pointer(name))
	var reader C.partita_reader
	var object C.partita_error
	status := C.partita_reader_new(engine.app, C.partita_str{ptr: name, len: C.size_t(len(partition))}, &reader, &object)
	if status != C.PARTITA_OK {
		return engine.failure(path, status, object)
	}
	// The visit may also panic.
	defer C.partita_reader_free(reader)

	batch := newPartBatch(engine.partitions[partition].item.kind)
	for {
		count, status := batch.read(reader)
		if status != C.PARTITA_OK {
			return engine.failure(path, status, C.partita_error{})
		}
		if count == 0 {
			return nil
		}
		for i := range count {
			if !visit(func() Key { return batch.key(i) }, batch.states[i]) {
				return nil
			}
		}
	}
}

// partBatch is room for states that are read at once, and their keys.
type partBatch struct {
	kind   KeyKind
	words  []C.uint64_t
	texts  []C.partita_bytes
	states []uint64
}

func newPartBatch(kind KeyKind) *partBatch {
	batch := newKeyBatch(kind)
	batch.states = make([]uint64, partsMax)
	return batch
}

// newKeyBatch is room for keys without states.
func newKeyBatch(kind KeyKind) *partBatch {
	batch := &partBatch{kind: kind}
	switch kind {
	case NumberKey:
		batch.words = make([]C.uint64_t, partsMax)
	case TextKey:
		batch.texts = make([]C.partita_bytes, partsMax)
	}
	return batch
}

func (batch *partBatch) read(reader C.partita_reader) (int, C.partita_status) {
	read := C.partita_go_read(reader, partsMax, unsafe.SliceData(batch.words),
		unsafe.SliceData(batch.texts), (*C.uint64_t)(unsafe.Pointer(unsafe.SliceData(batch.states))))
	return int(read.count), read.status
}

func (batch *partBatch) key(i int) Key {
	switch batch.kind {
	case NumberKey:
		return Key{Kind: NumberKey, Number: uint64(batch.words[i])}
	case TextKey:
		return Key{Kind: TextKey, Text: bytesText(batch.texts[i])}
	}
	return Key{}
}
