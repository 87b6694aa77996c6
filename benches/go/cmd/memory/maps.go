package main

// byHand has what one goroutine keeps states in by hand.
type byHand struct {
	keys int
	// take computes the message of a key.
	take func(number uint64)
}

// filledBy gives each key a message.
func filledBy(keys int, take func(number uint64)) (filled, error) {
	for number := range keys {
		take(scattered(number))
	}
	return &byHand{keys, take}, nil
}

func (hand *byHand) repeat(times int) error {
	for range times {
		for number := range hand.repeated() {
			hand.take(scattered(number))
		}
	}
	return nil
}

func (hand *byHand) repeated() int { return min(hand.keys, repeatedMax) }

func fillPointers(keys int) (filled, error) {
	states := make(map[uint64]*state)
	return filledBy(keys, func(number uint64) {
		kept := states[number]
		if kept == nil {
			kept = new(state)
			states[number] = kept
		}
		kept.take(number)
	})
}

func fillValues(keys int) (filled, error) {
	states := make(map[uint64]state)
	return filledBy(keys, func(number uint64) {
		kept := states[number]
		kept.take(number)
		states[number] = kept
	})
}
