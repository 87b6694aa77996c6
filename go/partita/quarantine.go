package partita

// #include <stdlib.h>
// #include "bridge.h"
import "C"

import (
	"fmt"
	"unsafe"
)

// quarantined lists the keys of a partition that are in quarantine.
func (engine *engine) quarantined(partition string) ([]Key, error) {
	path := engine.partitionPath(partition)
	name := C.CString(partition)
	defer C.free(unsafe.Pointer(name))
	var reader C.partita_reader
	var object C.partita_error
	named := C.partita_str{ptr: name, len: C.size_t(len(partition))}
	if status := C.partita_quarantine_reader_new(engine.app, named, &reader, &object); status != C.PARTITA_OK {
		return nil, engine.failure(path, status, object)
	}
	defer C.partita_reader_free(reader)

	var keys []Key
	batch := newKeyBatch(engine.partitions[partition].item.kind)
	for {
		count, status := batch.read(reader)
		if status != C.PARTITA_OK {
			return nil, engine.failure(path, status, C.partita_error{})
		}
		if count == 0 {
			return keys, nil
		}
		for i := range count {
			keys = append(keys, batch.key(i))
		}
	}
}

// release releases a key from quarantine.
func (engine *engine) release(partition string, key Key) error {
	path := engine.partitionPath(partition)
	if part, known := engine.partitions[partition]; known && part.item.kind != key.Kind {
		return fmt.Errorf("%s: %w: %s is given: expected one of %s", path, ErrInvalidArgument,
			key.describe(part.item.signed), keyKindNames[part.item.kind])
	}
	name, text := C.CString(partition), C.CString(key.Text)
	defer C.free(unsafe.Pointer(name))
	defer C.free(unsafe.Pointer(text))
	named := C.partita_str{ptr: name, len: C.size_t(len(partition))}
	bytes := C.partita_bytes{ptr: (*C.uint8_t)(unsafe.Pointer(text)), len: C.size_t(len(key.Text))}
	var object C.partita_error
	status := C.partita_quarantine_release(engine.app, named, C.uint64_t(key.Number), bytes, &object)
	if status != C.PARTITA_OK {
		return engine.failure(path, status, object)
	}
	return nil
}
