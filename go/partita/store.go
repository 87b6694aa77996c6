package partita

import "reflect"

// store keeps the messages, or the states, of one type in an engine: all pipelines share it.
type store[T any] struct {
	*slots[T]
	// caches are the free numbers that each seat has.
	caches []*seatCache[T]
}

// seatCache is a cache that shares no cache line with that of another seat.
type seatCache[T any] struct {
	slotCache[T]
	_ apart
}

// apart keeps what is behind it from sharing a cache line with what is before it.
type apart [64]byte

// keeper is a store of any type.
type keeper interface {
	seated
	// boxed is the object with a number.
	boxed(number uint64) any
	// release ends the part of one owner in each object.
	release(numbers []uint64)
	// drop is release for one object, by who has a seat.
	drop(seat int, number uint64)
	// share gives each object the number of owners.
	share(numbers []uint64, owners uint32)
	// countShares lets objects have several owners.
	countShares()
	// held counts the numbers that are not free.
	held() int
	// leave gives back what a seat has.
	vacate(seat int)
}

// holder is the host of callbacks whose values are in one store.
type holder interface{ holds() keeper }

// keepers are stores, one for each type.
type keepers map[reflect.Type]keeper

// storeOf is the store of a type.
func storeOf[T any](keepers keepers, engine *engine) *store[T] {
	kind := reflect.TypeFor[T]()
	if known, ok := keepers[kind]; ok {
		return known.(*store[T])
	}
	fresh := &store[T]{slots: newSlots[T](false)}
	keepers[kind] = fresh
	engine.seated = append(engine.seated, fresh)
	return fresh
}

func messagesOf[T any](engine *engine) *store[T] { return storeOf[T](engine.messages, engine) }

func statesOf[T any](engine *engine) *store[T] { return storeOf[T](engine.states, engine) }

func (store *store[T]) seat(seats int) {
	for range seats {
		cache := &seatCache[T]{slotCache: slotCache[T]{store: store.slots}}
		store.caches = append(store.caches, cache)
	}
}

// cache is that of a seat.
func (store *store[T]) cache(seat int) *slotCache[T] { return &store.caches[seat].slotCache }

func (store *store[T]) boxed(number uint64) any { return *store.at(number) }

func (store *store[T]) drop(seat int, number uint64) { store.cache(seat).release(store.now(), number) }

func (store *store[T]) countShares() { store.counted = true }

func (store *store[T]) vacate(seat int) { store.cache(seat).empty() }
