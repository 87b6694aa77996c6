package partita

// #include "bridge.h"
import "C"

import (
	"context"
	"fmt"
)

// outlet is the engine's side of a sink.
type outlet interface {
	// base is what all outlets have.
	base() *outletBase
	// capacity is how many messages the engine queues, or 0 if it calls the outlet.
	capacity() int
	// open begins: the engine has started.
	open()
	// record makes what reads it, or notes what it takes, in an application that is run step by step.
	record() record
	// settle waits until all that the outlet took from the engine is read.
	settle(ctx context.Context) error
	// tally counts the messages that the outlet took from the engine and that were not read, and
	// those of them that never will be.
	tally() (unread, dropped int)
}

// outletBase is what all outlets have.
type outletBase struct {
	engine *engine
	name   string
	path   string
	handle C.partita_sink
	// place is where it can be made to fail, or nil.
	place *place
	// stage is the sink's place among the engine's stages.
	stage int
}

func (base *outletBase) base() *outletBase { return base }

// refused is the error of a poll that the engine refused.
func (base *outletBase) refused(ctx context.Context, status C.partita_status) error {
	if status == C.PARTITA_CANCELLED {
		return ended(ctx, base.path, "")
	}
	return base.engine.failure(base.path, status, C.partita_error{})
}

// unread is the error of waiting for messages that nobody reads.
func (base *outletBase) unread(ctx context.Context, count int) error {
	messages := "messages"
	if count == 1 {
		messages = "message"
	}
	return ended(ctx, base.engine.path, fmt.Sprintf("sink %q has %d unread %s", base.name, count, messages))
}
