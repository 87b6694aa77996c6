package partita

import (
	"reflect"
	"unsafe"
)

// warmth touches objects that are about to be used, so that their memory is on its way while others
// are touched. It knows the types of the objects it saw last.
type warmth struct {
	// pointer is a type whose objects are pointers to memory; other is one of any other kind.
	pointer, other unsafe.Pointer
	// sum keeps the reads from being optimized away.
	sum byte
}

// face is what an interface value consists of.
type face struct{ kind, data unsafe.Pointer }

// warm touches the memory that objects point to. What it reads is not used, so it is no race that
// the objects may be used elsewhere at the same time.
//
//go:norace
func (warmth *warmth) warm(objects []any) {
	sum, pointer := warmth.sum, warmth.pointer
	for i := range objects {
		object := (*face)(unsafe.Pointer(&objects[i]))
		if object.kind != pointer {
			if !warmth.learn(objects[i]) {
				continue
			}
			pointer = warmth.pointer
		}
		if object.data != nil {
			sum += *(*byte)(object.data)
		}
	}
	warmth.sum = sum
}

// learn tells whether an object is a pointer to memory, and remembers its type.
func (warmth *warmth) learn(object any) bool {
	kind := (*face)(unsafe.Pointer(&object)).kind
	if kind == warmth.other {
		return false
	}
	if kind := reflect.TypeOf(object); kind == nil || kind.Kind() != reflect.Pointer || kind.Elem().Size() == 0 {
		warmth.other = (*face)(unsafe.Pointer(&object)).kind
		return false
	}
	warmth.pointer = kind
	return true
}
