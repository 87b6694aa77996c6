package partita

import "fmt"

// level is a step of a chain, with the messages that wait for it.
type level interface {
	target
	based
	// run lets messages go through the step: it runs user code.
	run()
	// left counts the messages that wait.
	left() int
	// tally counts the messages that were completed since it was asked last.
	tally() int
	// describe names the message at hand.
	describe() string
	// fall takes the message at hand out, as one that failed: it has a number then, and descends from
	// the message with an index.
	fall() (number uint64, from uint32)
	// spill gives all messages that wait numbers, and appends these.
	spill(sent []output) []output

	// gather lets in messages that the engine lends; the first is the one with an index.
	gather(numbers []uint64, index int)
	// consume makes the numbers of messages free that are over.
	consume(numbers []uint64)
	// drop forgets the messages that wait.
	drop()
	// free gives back what is kept for later.
	free()
}

// based is what belongs to a step.
type based interface{ base() *stepBase }

// target is where the outputs of a step go.
type target interface {
	// entry is a *buffer of the type of the outputs.
	entry() any
}

// levelOf is a level of messages of type In, which lead to outputs of type Out.
type levelOf[In, Out any] struct {
	*transform[In, Out]
	chain *chain
	in    *buffer[In]
	out   *buffer[Out]
	cache *slotCache[In]
	// completed counts messages that are not in the buffer any more.
	completed int
	// emitter is lent to computations of the typed API.
	emitter Emitter[Out]
}

func (level *levelOf[In, Out]) entry() any { return level.in }

func (level *levelOf[In, Out]) run() {
	if level.place == nil {
		level.compute(level)
	} else {
		letSomeThrough(level, level.place)
	}
	if level.in.left() == 0 {
		level.completed += level.in.at
		level.in.clear()
	}
}

// refuse fails the message at hand.
func (level *levelOf[In, Out]) refuse(err error) { level.chain.refusal = err }

func (level *levelOf[In, Out]) left() int { return level.in.left() }

func (level *levelOf[In, Out]) tally() int {
	completed := level.completed + level.in.at
	level.in.shift(0, level.in.at)
	level.completed, level.in.at = 0, 0
	return completed
}

func (level *levelOf[In, Out]) describe() string {
	return fmt.Sprintf("computation %q, message %s", level.computation, show(level.in.here()))
}

func (level *levelOf[In, Out]) fall() (uint64, uint32) {
	number, from := level.cache.put(level.in.here()), level.in.since()
	level.in.shift(level.in.at, 1)
	return number, from
}

func (level *levelOf[In, Out]) spill(sent []output) []output {
	in := level.in
	for ; in.left() > 0; in.at++ {
		sent = append(sent, output{level.cache.put(in.here()), uint64(in.since())})
	}
	in.clear()
	return sent
}

func (level *levelOf[In, Out]) gather(numbers []uint64, index int) {
	level.in.gather(level.messages.now(), numbers, index)
}

func (level *levelOf[In, Out]) consume(numbers []uint64) {
	var none In
	view := level.messages.now()
	for _, number := range numbers {
		*view.at(number) = none
		level.cache.give(number)
	}
}

func (level *levelOf[In, Out]) drop() { level.in.clear() }

func (level *levelOf[In, Out]) free() { level.cache.empty() }
