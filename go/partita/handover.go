package partita

// #include "bridge.h"
import "C"

import "unsafe"

// The engine's callbacks that run no user code: values handed back or shared, hosts forgotten.

//export partitaGoDropHost
func partitaGoDropHost(host C.uintptr_t) { dropHost(uintptr(host)) }

//export partitaGoDrop
func partitaGoDrop(host C.uintptr_t, numbers *C.uint64_t, size C.size_t) {
	hostOf[holder](uintptr(host)).holds().release(numberList(numbers, size))
}

//export partitaGoShare
func partitaGoShare(host C.uintptr_t, numbers *C.uint64_t, size, times C.size_t) {
	hostOf[holder](uintptr(host)).holds().share(numberList(numbers, size), uint32(times))
}

// numberList is numbers that the engine lends.
func numberList(numbers *C.uint64_t, size C.size_t) []uint64 {
	return unsafe.Slice((*uint64)(unsafe.Pointer(numbers)), size)
}

// number is a value as the number that it is.
func number(value C.partita_value) uint64 { return *(*uint64)(unsafe.Pointer(&value)) }
