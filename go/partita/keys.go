package partita

// #include <stdlib.h>
// #include "bridge.h"
import "C"

import "unsafe"

// keyAt is one of the keys that the engine gives with what it hands out.
func keyAt(words *C.uint64_t, texts *C.partita_bytes, size C.size_t, at int) Key {
	switch {
	case words != nil:
		return Key{Kind: NumberKey, Number: uint64(unsafe.Slice(words, size)[at])}
	case texts != nil:
		return Key{Kind: TextKey, Text: bytesText(unsafe.Slice(texts, size)[at])}
	}
	return Key{}
}

// bytesText copies a key that the engine lends.
func bytesText(key C.partita_bytes) string {
	return string(unsafe.Slice((*byte)(unsafe.Pointer(key.ptr)), key.len))
}

// keySpan is a partita_bytes, as numbers: the memory it is written to is not Go's and may hold
// anything, which no pointer that Go overwrites may.
type keySpan struct{ start, size uintptr }

// Of another size it would not compile.
const _ = -(unsafe.Sizeof(keySpan{}) ^ C.sizeof_partita_bytes)

// keyRoom is C memory for keys that are strings. It has one owner.
type keyRoom struct {
	spans *C.partita_bytes
	// count is how many spans there are.
	count int
	text  *C.uint8_t
	size  int
}

// keyWriter writes keys into lent memory.
type keyWriter struct {
	spans []keySpan
	text  []byte
	used  int
	// count is how many keys were written.
	count int
	// large is where the first key is written if it does not fit, or nil.
	large *keyRoom
	// full says that a key found no room.
	full bool
}

// put writes the key at an index, and tells whether there was room for it.
func (writer *keyWriter) put(at int, key string) bool {
	if len(key) > len(writer.text)-writer.used {
		if writer.count > 0 || writer.large == nil {
			writer.full = true
			return false
		}
		writer.large.reserve(0, len(key))
		writer.text = writer.large.writer().text
	}
	text := writer.text[writer.used:]
	writer.spans[at] = keySpan{uintptr(unsafe.Pointer(unsafe.SliceData(text))), uintptr(copy(text, key))}
	writer.used += len(key)
	writer.count++
	return true
}

// The least that is reserved at once.
const keyTextMin = 4096

// reserve makes room for a number of keys of a size in all. What was in the room is lost.
func (room *keyRoom) reserve(count, size int) {
	if count > room.count {
		C.free(unsafe.Pointer(room.spans))
		room.spans = (*C.partita_bytes)(C.malloc(C.size_t(count) * C.sizeof_partita_bytes))
		room.count = count
	}
	if size > room.size {
		size = max(size, 2*room.size, keyTextMin)
		C.free(unsafe.Pointer(room.text))
		room.text = (*C.uint8_t)(C.malloc(C.size_t(size)))
		room.size = size
	}
}

// writer writes into the room, from its beginning.
func (room *keyRoom) writer() keyWriter {
	return keyWriter{
		spans: unsafe.Slice((*keySpan)(unsafe.Pointer(room.spans)), room.count),
		text:  unsafe.Slice((*byte)(unsafe.Pointer(room.text)), room.size),
		large: room,
	}
}

// skip makes the key at an index empty, if there is room for one: it could not be found.
func (room *keyRoom) skip(at int) {
	if at < room.count {
		room.writer().spans[at] = keySpan{}
	}
}

// free gives the memory back.
func (room *keyRoom) free() {
	C.free(unsafe.Pointer(room.spans))
	C.free(unsafe.Pointer(room.text))
	*room = keyRoom{}
}
