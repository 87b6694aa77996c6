package partita

import "slices"

// Emitter takes the outputs of a computation of the typed API. It is lent for the call.
//
// The zero value keeps what it is given, for tests of computations.
type Emitter[Out any] struct {
	// room is that of the run, or nil if the emitter is not lent by one.
	room  *runRoom
	cache *slotCache[Out]
	// sent is the room's, and next the place of the next output: those from room.written on are of
	// the message being computed.
	sent []output
	next int
	// nilable says that an output can be nil.
	nilable bool
	// over says that the emitter was lent, and the call is over.
	over bool
	// kept are the outputs if there is no room.
	kept []Out
}

// Emit sends an output on, behind those before it. One that is a nil interface is left out.
//
// It is inlined, so that an output is made where it will lie.
func (emitter *Emitter[Out]) Emit(out Out) { *emitter.place() = out }

// Kept are the outputs that an emitter was given that no application has lent.
func (emitter *Emitter[Out]) Kept() []Out {
	kept := slices.Clone(emitter.kept)
	if isInterface[Out]() {
		return slices.DeleteFunc(kept, func(out Out) bool { return any(out) == nil })
	}
	return kept
}

// place is where the next output will lie.
func (emitter *Emitter[Out]) place() *Out {
	if emitter.next == len(emitter.sent) {
		if emitter.over {
			panic("Emit was called when the call that its emitter was lent for was over")
		}
		if emitter.room == nil {
			emitter.kept = append(emitter.kept, *new(Out))
			return &emitter.kept[len(emitter.kept)-1]
		}
		emitter.grow()
	}
	number := emitter.cache.one()
	emitter.sent[emitter.next] = output{number, uint64(emitter.room.at)}
	emitter.next++
	return emitter.cache.store.at(number)
}

// grow makes room for another output.
func (emitter *Emitter[Out]) grow() {
	emitter.room.reserve(emitter.next - emitter.room.written + 1)
	emitter.sent = emitter.room.sent
}

// complete ends the message being computed, and counts the outputs of all that are completed.
func (emitter *Emitter[Out]) complete() int {
	if emitter.nilable {
		emitter.leaveOutNil()
	}
	return emitter.next
}

// leaveOutNil leaves out what is nil among the outputs of the message being computed.
func (emitter *Emitter[Out]) leaveOutNil() {
	next := emitter.room.written
	for _, output := range emitter.sent[next:emitter.next] {
		if any(*emitter.cache.store.at(output.number)) == nil {
			emitter.cache.give(output.number)
			continue
		}
		emitter.sent[next] = output
		next++
	}
	emitter.next = next
}

// begin begins a run.
func (emitter *Emitter[Out]) begin(room *runRoom) {
	emitter.room, emitter.sent, emitter.next, emitter.over = room, room.sent, room.written, false
}

// end ends the run. The outputs of a message that is not completed are taken back.
func (emitter *Emitter[Out]) end() {
	if emitter.room == nil {
		return
	}
	for _, output := range emitter.sent[emitter.room.written:emitter.next] {
		emitter.cache.store.clear(emitter.cache.store.at(output.number))
		emitter.cache.give(output.number)
	}
	emitter.room, emitter.sent, emitter.next, emitter.over = nil, nil, 0, true
}

// borrow keeps outputs behind messages that are there, from now on.
func (emitter *Emitter[Out]) borrow(messages []Out) { emitter.kept, emitter.over = messages, false }

// giveBack returns the messages with the outputs behind them, how many these are: those that are no nil.
func (emitter *Emitter[Out]) giveBack(before int) (messages []Out, count int) {
	if emitter.nilable {
		outputs := slices.DeleteFunc(emitter.kept[before:], func(out Out) bool { return any(out) == nil })
		emitter.kept = emitter.kept[:before+len(outputs)]
	}
	return emitter.kept, len(emitter.kept) - before
}

// forget ends the loan. Outputs behind the messages that are there are taken back.
func (emitter *Emitter[Out]) forget(messages int) {
	clear(emitter.kept[min(messages, len(emitter.kept)):])
	emitter.kept, emitter.over = nil, true
}
