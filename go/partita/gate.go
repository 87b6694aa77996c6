package partita

// #include "bridge.h"
import "C"

import (
	"context"
	"sync"
)

// sendersIdle is how many senders a gate keeps for later.
const sendersIdle = 64

// gate is the engine's side of a source: it lends a sender to each goroutine that sends.
type gate struct {
	engine   *engine
	source   *Source
	pipeline C.partita_pipeline
	path     string
	// first is the step whose keys the senders find, or nil.
	first *step

	lock   sync.Mutex
	idle   []*sender
	closed bool
}

// owner is the engine whose messages the source sends.
func (gate *gate) owner() *engine { return gate.engine }

// take lends a sender, the one that was given back last.
func (gate *gate) take() (*sender, error) {
	gate.lock.Lock()
	defer gate.lock.Unlock()
	if gate.closed {
		return nil, failure(gate.path, C.PARTITA_CLOSED, C.partita_error{})
	}
	if last := len(gate.idle) - 1; last >= 0 {
		sender := gate.idle[last]
		gate.idle = gate.idle[:last]
		return sender, nil
	}
	sender := &sender{gate: gate, cache: slotCache[any]{store: gate.engine.messages}}
	var object C.partita_error
	if status := C.partita_sender_new(gate.pipeline, &sender.handle, &object); status != C.PARTITA_OK {
		return nil, gate.engine.failure(gate.path, status, object)
	}
	return sender, nil
}

// giveBack ends the loan of a sender.
func (gate *gate) giveBack(sender *sender) {
	gate.lock.Lock()
	defer gate.lock.Unlock()
	if gate.closed || len(gate.idle) >= sendersIdle {
		sender.free()
		return
	}
	gate.idle = append(gate.idle, sender)
}

// close frees the senders. One that is lent is freed when it is given back.
func (gate *gate) close() {
	gate.lock.Lock()
	defer gate.lock.Unlock()
	gate.closed = true
	for _, sender := range gate.idle {
		sender.free()
	}
	gate.idle = nil
}

// refused is the error of a send that the engine refused.
func (gate *gate) refused(ctx context.Context, status C.partita_status) error {
	if status == C.PARTITA_CANCELLED {
		return ended(ctx, gate.path, "")
	}
	return gate.engine.failure(gate.path, status, C.partita_error{})
}
