package partita

// exit is the end of a chain: what has come through, and the keys of the step behind.
type exit interface {
	target
	// full tells that no more should come through.
	full() bool
	// count is how many have come through, and found how many of them have keys, if keys are to be found.
	count() int
	found() int
	// find finds keys: it runs user code.
	find()
	// describe names the message whose key is being found.
	describe() string
	// fall takes the message out for which no key was found: it has a number then, and descends from the
	// message with an index.
	fall() (number uint64, from uint32)
	// send takes the first messages out, as many as there are numbers for, and gives them those.
	send(numbers []uint64)
	// spill takes all messages out, gives them numbers, and appends these.
	spill(sent []output) []output
	// onTurn says how the page for keys is turned.
	onTurn(turn func(page *keyPage, count int))
	// free gives back what is kept for later.
	free()
}

// exitOf is an exit for messages of a type.
type exitOf[T any] struct {
	buffer[T]
	cache *slotCache[T]
	// finder finds keys, or is nil.
	finder keyFinder[T]
	// page is where keys are written, once it was turned for a number of messages.
	page keyPage
	turn func(page *keyPage, count int)
}

func (exit *exitOf[T]) entry() any { return &exit.buffer }

func (exit *exitOf[T]) count() int { return len(exit.items) }

func (exit *exitOf[T]) found() int { return exit.at }

func (exit *exitOf[T]) find() {
	if exit.finder == nil {
		exit.at = len(exit.items)
		return
	}
	exit.turn(&exit.page, len(exit.items))
	exit.finder.find(exit.items, &exit.page, &exit.at)
}

func (exit *exitOf[T]) describe() string { return exit.finder.describe(exit.here()) }

func (exit *exitOf[T]) fall() (uint64, uint32) {
	number, from := exit.cache.put(exit.here()), exit.since()
	exit.shift(exit.at, 1)
	return number, from
}

func (exit *exitOf[T]) send(numbers []uint64) {
	exit.stow(exit.cache, 0, numbers)
	exit.shift(0, len(numbers))
	exit.at = 0
	exit.trim()
}

func (exit *exitOf[T]) spill(sent []output) []output {
	for i := range exit.items {
		from := uint64(0)
		if exit.tracks {
			from = uint64(exit.from[i])
		}
		sent = append(sent, output{exit.cache.put(exit.items[i]), from})
	}
	exit.clear()
	exit.trim()
	return sent
}

func (exit *exitOf[T]) onTurn(turn func(page *keyPage, count int)) { exit.turn = turn }

func (exit *exitOf[T]) free() { exit.cache.empty() }
