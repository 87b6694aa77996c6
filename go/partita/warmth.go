package partita

import (
	"reflect"
	"unsafe"
)

// warmth touches objects of one sort that are about to be used, so that their memory is on its way
// while others are touched. It knows the types of the objects it saw last.
type warmth struct {
	// pointer is a type whose objects are pointers to memory; other is one of any other kind.
	pointer, other unsafe.Pointer
	// sum keeps the reads from being optimized away.
	sum byte
}

// face is what an interface value consists of.
type face struct{ kind, data unsafe.Pointer }

// gather reads the objects with these numbers, and touches the memory that they point to. What it
// reads there is not used, so it is no race that an object may be used elsewhere at the same time; it
// is summed only so that something is read.
//
//go:norace
func (warmth *warmth) gather(view slotView[any], numbers []uint64, objects *[gathered]any) {
	sum, pointer := warmth.sum, warmth.pointer
	for i, number := range numbers {
		objects[i] = *view.at(number)
		object := (*face)(unsafe.Pointer(&objects[i]))
		if object.kind != pointer {
			if !warmth.learn(object) {
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

// touch finds the objects with these numbers, and touches their memory; and if they are pointers, the
// memory that they point to, as gather does. It returns the sum of what it reads.
//
//go:norace
func touch[T any](view slotView[T], numbers []uint64, places *[gathered]*T, pointers bool) (sum byte) {
	for i, number := range numbers {
		place := view.at(number)
		places[i] = place
		if unsafe.Sizeof(*place) == 0 {
			continue
		}
		if !pointers {
			sum += *(*byte)(unsafe.Pointer(place))
		} else if object := *(**byte)(unsafe.Pointer(place)); object != nil {
			sum += *object
		}
	}
	return sum
}

// isPointer tells whether objects of type T are pointers to memory.
func isPointer[T any]() bool {
	kind := reflect.TypeFor[T]()
	return kind.Kind() == reflect.Pointer && kind.Elem().Size() > 0
}

// learn tells whether an object is a pointer to memory, and remembers its type.
//
//go:noinline
//go:norace
func (warmth *warmth) learn(object *face) bool {
	if object.kind == warmth.other {
		return false
	}
	kind := reflect.TypeOf(*(*any)(unsafe.Pointer(object)))
	if kind == nil || kind.Kind() != reflect.Pointer || kind.Elem().Size() == 0 {
		warmth.other = object.kind
		return false
	}
	warmth.pointer = object.kind
	return true
}
