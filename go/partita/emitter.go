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
	// kept are the outputs if there is no room.
	kept []Out
}

// Emit sends an output on, behind those before it. One that is a nil interface is left out.
func (emitter *Emitter[Out]) Emit(out Out) {
	if emitter.next == len(emitter.sent) && !emitter.grow(&out) {
		return
	}
	if emitter.nilable && any(out) == nil {
		return
	}
	number := emitter.cache.one()
	*emitter.cache.store.at(number) = out
	emitter.sent[emitter.next] = output{number, uint64(emitter.room.at)}
	emitter.next++
}

// Kept are the outputs that an emitter was given that no application has lent.
func (emitter *Emitter[Out]) Kept() []Out { return slices.Clone(emitter.kept) }

// grow makes room for another output, and tells whether there is; without a room it keeps the output.
func (emitter *Emitter[Out]) grow(out *Out) bool {
	switch {
	case isInterface[Out]() && any(*out) == nil:
		return false
	case emitter.cache == nil:
		emitter.kept = append(emitter.kept, *out)
		return false
	case emitter.room == nil:
		panic("Emit was called when the call that its emitter was lent for was over")
	}
	emitter.room.reserve(emitter.next - emitter.room.written + 1)
	emitter.sent = emitter.room.sent
	return true
}

// begin begins a run.
func (emitter *Emitter[Out]) begin(room *runRoom) {
	emitter.room, emitter.sent, emitter.next = room, room.sent, room.written
}

// end ends the run. The outputs of a message that is not completed are taken back.
func (emitter *Emitter[Out]) end() {
	if emitter.room == nil {
		return
	}
	var none Out
	for _, output := range emitter.sent[emitter.room.written:emitter.next] {
		*emitter.cache.store.at(output.number) = none
		emitter.cache.give(output.number)
	}
	emitter.room, emitter.sent, emitter.next = nil, nil, 0
}
