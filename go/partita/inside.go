package partita

// #include "bridge.h"
import "C"

import "fmt"

// inside tells whether the calling goroutine is in user code that a worker of the engine waits for: what it
// waits for itself may never come.
func (engine *engine) inside() bool {
	if engine.waiter.helpers.here() {
		return true
	}
	// Nothing is admitted: the engine looks only at who asks.
	asked := C.partita_go_admit(engine.probe, 0, nil, atOnce)
	return asked.status == C.PARTITA_WOULD_DEADLOCK
}

// wouldDeadlock is the error of a call that would wait, made in such user code.
func wouldDeadlock(path string) error { return fmt.Errorf("%s: %w", path, ErrWouldDeadlock) }
