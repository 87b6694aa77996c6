package partita

// #include "bridge.h"
import "C"

import (
	"context"
	"sync"
	"sync/atomic"
)

// sendersIdle is how many senders a gate keeps for later.
const sendersIdle = 64

// gate is the engine's side of a source of any type.
type gate interface {
	holder
	// lead tells which stateless steps are the first, which senders run, and which step with a state is
	// behind them, if there is one: senders find its keys.
	lead(steps []transformHost, behind stepHost)
	open()
	close()
}

// gateBase is what all gates have.
type gateBase struct {
	engine   *engine
	pipeline C.partita_pipeline
	path     string
	// index is its place among the gates.
	index int
	// address is where the source listens, if it does.
	address string
}

// gateOf is the engine's side of a source: it lends a sender to each goroutine that sends.
type gateOf[T any] struct {
	gateBase
	source   *SourceOf[T]
	messages *store[T]
	// finder finds the keys of the first step, or is nil.
	finder keyFinder[T]
	// leading are the stateless steps that the pipeline begins with, and behind the one with a state
	// that is next to them, or nil.
	leading []transformHost
	behind  stepHost
	// decoding and splitting are used again for each call of the engine: there is one at a time.
	decoding decodeJob[T]
	// frames is memory for what is decoded, if frames are only lent.
	frames    []byte
	splitting splitJob
	// traffic is what is left of what went through its sockets.
	traffic trafficKept
	// turn is whose it is to wait for credits.
	turn turn

	lock   sync.Mutex
	idle   []*sender[T]
	closed bool
	// final is how far all was done when the engine closed.
	final atomic.Uint64
}

// holds are the messages that the source sends.
func (gate *gateOf[T]) holds() keeper { return gate.messages }

func (gate *gateOf[T]) lead(steps []transformHost, behind stepHost) {
	gate.leading, gate.behind = steps, behind
	if len(steps) == 0 && behind != nil {
		gate.finder = behind.(interface{ keyed() keyFinder[T] }).keyed()
	}
}

// open lets messages in: the engine has started.
func (gate *gateOf[T]) open() {
	gate.address = gate.readAddress()
	gate.source.gate.Store(gate)
}

// take lends a sender, the one that was given back last.
func (gate *gateOf[T]) take() (*sender[T], error) {
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
	sender := newSender(gate)
	var object C.partita_error
	if status := C.partita_sender_new(gate.pipeline, &sender.handle, &object); status != C.PARTITA_OK {
		return nil, gate.engine.failure(gate.path, status, object)
	}
	if len(gate.leading) > 0 {
		sender.lead = newLead(gate, sender)
	}
	return sender, nil
}

// giveBack ends the loan of a sender.
func (gate *gateOf[T]) giveBack(sender *sender[T]) {
	gate.lock.Lock()
	defer gate.lock.Unlock()
	if gate.closed || len(gate.idle) >= sendersIdle {
		sender.free()
		return
	}
	gate.idle = append(gate.idle, sender)
}

// close frees the senders. One that is lent is freed when it is given back.
func (gate *gateOf[T]) close() {
	gate.lock.Lock()
	defer gate.lock.Unlock()
	gate.closed = true
	if gate.source.options.listening != nil {
		gate.traffic.keep(gate.readTraffic)
	}
	reached, _ := gate.watermark(0, atOnce)
	gate.final.Store(reached)
	for _, sender := range gate.idle {
		sender.free()
	}
	gate.idle = nil
}

// refused is the error of a send that the engine refused.
func (gate *gateBase) refused(ctx context.Context, status C.partita_status) error {
	if status == C.PARTITA_CANCELLED {
		return ended(ctx, gate.path, "")
	}
	return gate.engine.failure(gate.path, status, C.partita_error{})
}
