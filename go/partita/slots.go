package partita

import (
	"math/bits"
	"reflect"
	"sync"
	"sync/atomic"
)

// Objects are kept in chunks, so that they never move.
const (
	chunkBits = 12
	chunkLen  = 1 << chunkBits
	chunkMask = chunkLen - 1
)

// slots keeps objects in numbered places. The engine holds the numbers, so that no Go pointer ever
// leaves Go memory.
//
// Reading and writing a place takes no lock: a number has one owner at a time, and the engine hands
// it from one thread to the next. Numbers are taken and given back through a [slotCache], which has
// one owner, too; the lock is taken once for many numbers.
type slots[T any] struct {
	// view is replaced when a chunk is added; what an older one shows stays right.
	view atomic.Pointer[slotView[T]]
	// counted says that a place can have several owners, who count down its shares.
	counted bool
	// pins says that an object may hold on to other memory, so that a place must be cleared before
	// its number is free.
	pins bool

	lock sync.Mutex
	// free has a bit for each number that is free: they are handed out in ascending order, so that
	// objects that are together in time are together in memory.
	free []uint64
	// idle counts the bits that are set.
	idle int
	// next is the word of free where the search for free numbers goes on.
	next int
	// spare is memory for returned.
	spare []span

	// returned are numbers that are free, but not in free yet: who takes numbers sorts them in, and
	// workers, who only give some back, do not.
	returnedLock sync.Mutex
	returned     []span
	// waiting is how many those are.
	waiting int
}

// span is numbers that follow each other: mostly, messages that were together still are.
type span struct{ first, count uint64 }

// returnedMax is how many numbers are returned before who gives them back sorts them in.
const returnedMax = 8192

// slotView shows all places that existed when it was read.
type slotView[T any] []*slotChunk[T]

type slotChunk[T any] struct {
	items [chunkLen]T
	// shares has the number of owners of each place that has several, and 0 of any other.
	shares *[chunkLen]atomic.Uint32
}

// newSlots makes an empty store. Only in a counted one places can be shared.
func newSlots[T any](counted bool) *slots[T] {
	s := &slots[T]{counted: counted, pins: pins(reflect.TypeFor[T]())}
	s.view.Store(new(slotView[T]))
	return s
}

// at is the place of a number.
func (view slotView[T]) at(number uint64) *T {
	return &view[number>>chunkBits].items[number&chunkMask]
}

// now shows all places that exist.
func (s *slots[T]) now() slotView[T] { return *s.view.Load() }

// at is the place of a number.
func (s *slots[T]) at(number uint64) *T { return s.now().at(number) }

// obtain appends free numbers to a list: count of them, in ascending order as far as they go.
func (s *slots[T]) obtain(list []uint64, count int) []uint64 {
	s.lock.Lock()
	defer s.lock.Unlock()
	s.sortIn()
	for s.idle < count {
		s.grow()
	}
	s.idle -= count
	for count > 0 {
		if s.next == len(s.free) {
			s.next = 0
		}
		word := s.free[s.next]
		base := uint64(s.next) * 64
		if word == ^uint64(0) && count >= 64 {
			for number := base; number < base+64; number++ {
				list = append(list, number)
			}
			word, count = 0, count-64
		}
		for ; word != 0 && count > 0; count-- {
			list = append(list, base+uint64(bits.TrailingZeros64(word)))
			word &= word - 1
		}
		s.free[s.next] = word
		if word == 0 {
			s.next++
		}
	}
	return list
}

// grow adds a chunk; the lock is held.
func (s *slots[T]) grow() {
	chunk := new(slotChunk[T])
	if s.counted {
		chunk.shares = new([chunkLen]atomic.Uint32)
	}
	// An older view shares the memory, but does not look behind its own end.
	view := append(s.now(), chunk)
	s.view.Store(&view)
	s.next = len(s.free)
	for range chunkLen / 64 {
		s.free = append(s.free, ^uint64(0))
	}
	s.idle += chunkLen
}

// giveBack makes numbers free, whose places were cleared.
func (s *slots[T]) giveBack(numbers []uint64) {
	s.returnedLock.Lock()
	s.waiting += len(numbers)
	for len(numbers) > 0 {
		first, count := numbers[0], 1
		for count < len(numbers) && numbers[count] == first+uint64(count) {
			count++
		}
		s.returned = append(s.returned, span{first, uint64(count)})
		numbers = numbers[count:]
	}
	many := s.waiting >= returnedMax
	s.returnedLock.Unlock()
	if many {
		s.lock.Lock()
		defer s.lock.Unlock()
		s.sortIn()
	}
}

// sortIn notes as free what was returned; the lock is held.
func (s *slots[T]) sortIn() {
	s.returnedLock.Lock()
	spans, count := s.returned, s.waiting
	s.returned, s.waiting = s.spare[:0], 0
	s.returnedLock.Unlock()
	s.spare = spans
	for _, span := range spans {
		for span.count > 0 {
			at := span.first % 64
			here := min(span.count, 64-at)
			s.free[span.first/64] |= ^uint64(0) >> (64 - here) << at
			span.first += here
			span.count -= here
		}
	}
	s.idle += count
}

// share gives each place the number of owners.
func (s *slots[T]) share(numbers []uint64, owners uint32) {
	view := s.now()
	for _, number := range numbers {
		view[number>>chunkBits].shares[number&chunkMask].Store(owners)
	}
}

// clear clears a place whose object is not needed any more.
func (s *slots[T]) clear(place *T) {
	if s.pins {
		var none T
		*place = none
	}
}

// leave ends the part of one owner in a place, and tells whether that was the last one.
func (s *slots[T]) leave(view slotView[T], number uint64) bool {
	if !s.counted {
		return true
	}
	shares := &view[number>>chunkBits].shares[number&chunkMask]
	// Only owners count down: with none counted there is one, who is alone with the place.
	return shares.Load() == 0 || shares.Add(^uint32(0)) == 0
}

// release ends the part of one owner in each place, clears those that have no other, and makes
// their numbers free. It is for threads that have no cache.
func (s *slots[T]) release(numbers []uint64) {
	var room [256]uint64
	view := s.now()
	for len(numbers) > 0 {
		piece := numbers[:min(len(numbers), len(room))]
		numbers = numbers[len(piece):]
		free := room[:0]
		for _, number := range piece {
			if s.leave(view, number) {
				s.clear(view.at(number))
				free = append(free, number)
			}
		}
		s.giveBack(free)
	}
}

// held counts the numbers that are not free. Those in caches count as held.
func (s *slots[T]) held() int {
	s.lock.Lock()
	defer s.lock.Unlock()
	s.sortIn()
	return len(s.free)*64 - s.idle
}
