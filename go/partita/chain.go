package partita

// chain is stateless steps next to each other, with the messages that are on their way through them.
// One goroutine at a time has it: a worker, or one that sends.
//
// Messages come in a few at a time, and the furthest go on first, so that order is kept. What user code
// has completed is counted in buffers and not on the stack: where it ends, another goes on.
type chain struct {
	levels []level
	exit   exit
	// feed lets more messages in, and tells whether there were any.
	feed func() bool
	// at is the level whose code runs; behind the last one keys are found.
	at int
	// busy says that user code runs, or has ended without returning.
	busy bool
	// refusal is why the message at hand failed, if the code returned and yet it did.
	refusal error
}

// newChain makes the chain of some steps. The keys of the step behind them are found, if there is one and
// it has keys. On a seat, messages that come are numbered; without one, caches are the chain's own.
func newChain(steps []transformHost, behind stepHost, seat int) *chain {
	chain := &chain{}
	last := len(steps) - 1
	chain.exit = steps[last].exit(behind, seat)
	chain.levels = make([]level, len(steps))
	var next target = chain.exit
	for i := last; i >= 0; i-- {
		chain.levels[i] = steps[i].level(chain, next, seat)
		next = chain.levels[i]
	}
	return chain
}

// together is how many messages come into a chain at once.
const together = 128

// noSeat is the seat of those who have none.
const noSeat = -1

// work lets messages through until there are enough, or no more come, and finds keys.
func (chain *chain) work() {
	chain.busy = true
	for !chain.exit.full() {
		at := chain.furthest()
		if at < 0 {
			if !chain.feed() {
				break
			}
			at = 0
		}
		chain.at = at
		chain.levels[at].run()
		if chain.refusal != nil {
			return
		}
	}
	chain.at = len(chain.levels)
	chain.exit.find()
	chain.busy = false
}

// furthest is the last level at which messages wait, or below 0.
func (chain *chain) furthest() int {
	for at := len(chain.levels) - 1; at >= 0; at-- {
		if chain.levels[at].left() > 0 {
			return at
		}
	}
	return -1
}

// describe names the message at hand.
func (chain *chain) describe() string {
	if chain.at == len(chain.levels) {
		return chain.exit.describe()
	}
	return chain.levels[chain.at].describe()
}

// fall takes the message at hand out, as one that failed.
func (chain *chain) fall() (number uint64, from uint32) {
	chain.busy, chain.refusal = false, nil
	if chain.at == len(chain.levels) {
		return chain.exit.fall()
	}
	return chain.levels[chain.at].fall()
}

// free gives back what is kept for later.
func (chain *chain) free() {
	for _, level := range chain.levels {
		level.free()
	}
	chain.exit.free()
}
