package partita

// #include "bridge.h"
import "C"

import "context"

// Watermark is the position up to which nothing is left of what was sent with [SourceOf.SendAck] and
// [CallersOf.Call]. Positions count these messages, in the order in which they were sent: a broker that
// is acknowledged in order can be told all up to there. Before the start it is 0.
func (source *SourceOf[T]) Watermark() uint64 {
	if source == nil {
		return 0
	}
	gate := source.gate.Load()
	if gate == nil {
		return 0
	}
	reached, _ := gate.watermark(0, atOnce)
	return reached
}

// WaitWatermark waits until nothing is left of what was sent up to a position (see [Ack.Position]), until
// ctx ends. It returns [ErrStopped], [ErrFailed] or [ErrClosed] if so many will never be sent.
func (source *SourceOf[T]) WaitWatermark(ctx context.Context, position uint64) error {
	switch {
	case source == nil:
		return errNoSource
	case ctx == nil:
		return noContext(source.path())
	}
	gate, err := source.open()
	if err != nil {
		return err
	}
	status := gate.engine.waiter.wait(ctx, listener{}, func(patience C.partita_go_patience) C.partita_status {
		_, status := gate.watermark(position, patience)
		return status
	})
	if status != C.PARTITA_OK {
		return gate.refused(ctx, status)
	}
	return nil
}

// watermark waits for a position, and returns how far all is done.
func (gate *gateOf[T]) watermark(position uint64, patience C.partita_go_patience) (uint64, C.partita_status) {
	reached := C.partita_go_watermark(gate.pipeline, C.uint64_t(position), patience)
	if reached.status != C.PARTITA_INVALID_HANDLE {
		return uint64(reached.position), reached.status
	}
	// It was freed: nothing changes any more.
	final := gate.final.Load()
	if final >= position {
		return final, C.PARTITA_OK
	}
	return final, C.PARTITA_CLOSED
}
