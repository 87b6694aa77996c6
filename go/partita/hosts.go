package partita

// hosts keeps the Go objects behind the `host` pointers of the engine's callbacks. The engine gets
// their numbers, and reading one takes no lock.
var hosts = newSlots[any](false)

// newHost keeps an object until [dropHost].
func newHost(object any) uintptr {
	number := hosts.obtain(nil, 1)
	*hosts.at(number[0]) = object
	return uintptr(number[0])
}

// hostOf is the object that newHost was given.
func hostOf[T any](host uintptr) T { return (*hosts.at(uint64(host))).(T) }

// dropHost forgets an object.
func dropHost(host uintptr) { hosts.release([]uint64{uint64(host)}) }
