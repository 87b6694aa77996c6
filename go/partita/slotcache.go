package partita

const (
	// cacheBlock is how many numbers a cache gets or gives back at once.
	cacheBlock = 1024
	// cacheMax is how many free numbers a cache holds at most.
	cacheMax = 2 * cacheBlock
)

// slotCache is one owner's stock of free slot numbers. It is used by one goroutine at a time.
type slotCache[T any] struct {
	store *slots[T]
	free  []uint64
}

// take fills numbers with free ones.
func (cache *slotCache[T]) take(numbers []uint64) {
	for len(numbers) > 0 {
		if len(cache.free) == 0 {
			cache.free = cache.store.obtain(cache.free, max(len(numbers), cacheBlock))
		}
		rest := len(cache.free) - min(len(numbers), len(cache.free))
		numbers = numbers[copy(numbers, cache.free[rest:]):]
		cache.free = cache.free[:rest]
	}
}

// one takes a free number.
func (cache *slotCache[T]) one() uint64 {
	last := len(cache.free) - 1
	if last < 0 {
		cache.free = cache.store.obtain(cache.free, cacheBlock)
		last = len(cache.free) - 1
	}
	number := cache.free[last]
	cache.free = cache.free[:last]
	return number
}

// put takes a free number and puts an object into its place.
func (cache *slotCache[T]) put(object T) uint64 {
	number := cache.one()
	*cache.store.at(number) = object
	return number
}

// give makes a number free, whose place was cleared.
func (cache *slotCache[T]) give(number uint64) {
	cache.ready()
	cache.free = append(cache.free, number)
}

// ready makes the cache ready for some more free numbers: up to cacheBlock may be appended.
func (cache *slotCache[T]) ready() {
	if len(cache.free) >= cacheMax {
		cache.store.giveBack(cache.free[cacheBlock:])
		cache.free = cache.free[:cacheBlock]
	}
}

// release ends the owner's part in a place, and if it was the last one, clears the place and makes
// its number free.
func (cache *slotCache[T]) release(view slotView[T], number uint64) {
	if cache.store.leave(view, number) {
		cache.store.clear(view.at(number))
		cache.give(number)
	}
}

// empty gives back all numbers, because the owner goes.
func (cache *slotCache[T]) empty() {
	cache.store.giveBack(cache.free)
	cache.free = nil
}
