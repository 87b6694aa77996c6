package partita

// #include "bridge.h"
import "C"

import (
	"context"
	"runtime"
	"sync"
	"time"
)

// briefly is how long a call waits before it arranges for being cancelled, which costs some
// allocations. A context that ends meanwhile is noticed as much later.
const briefly = 2 * time.Millisecond

// attempt is a call into the engine that may wait.
type attempt func(patience C.partita_go_patience) C.partita_status

// atOnce is the patience of a call that may not wait.
var atOnce = C.partita_go_patience{}

// waiter lends waiting calls the means to be cancelled. Any goroutine may use it.
type waiter struct {
	// step lets the engine go on while a call waits, and tells whether it could; nil if it goes on by
	// itself.
	step func() bool
	// helpers may not wait: see [helpers.here].
	helpers helpers

	lock sync.Mutex
	idle []C.partita_cancel
	// closed says that nothing is kept any more.
	closed bool
}

// wait makes a call that may wait, until ctx ends or the listener is nudged: then its status is
// PARTITA_CANCELLED.
func (waiter *waiter) wait(ctx context.Context, listener listener, call attempt) C.partita_status {
	status := call(atOnce)
	if status != C.PARTITA_WOULD_BLOCK {
		return status
	}
	if waiter.step != nil {
		return waiter.stepUntil(ctx, call)
	}
	if waiter.helpers.here() {
		return C.PARTITA_WOULD_DEADLOCK
	}
	// The next call sleeps inside the engine, and keeps its processor (its P) for a while: whoever
	// waits for one may have it first.
	runtime.Gosched()
	if ctx.Done() == nil && listener.nudges == nil {
		return call(C.partita_go_patience{timeout_ns: C.PARTITA_FOREVER})
	}
	if ctx.Err() != nil {
		return C.PARTITA_CANCELLED
	}
	status = call(C.partita_go_patience{timeout_ns: C.int64_t(briefly)})
	if status != C.PARTITA_TIMEOUT {
		return status
	}
	return waiter.waitLong(ctx, listener, call)
}

// waitLong is wait for calls that need not be cheap.
func (waiter *waiter) waitLong(ctx context.Context, listener listener, call attempt) C.partita_status {
	if waiter.step != nil {
		return waiter.stepUntil(ctx, call)
	}
	if waiter.helpers.here() {
		return C.PARTITA_WOULD_DEADLOCK
	}
	cancel, status := waiter.take()
	if status != C.PARTITA_OK {
		return status
	}
	awaited := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(awaited)
		C.partita_cancel_fire(cancel)
	})
	listener.add(cancel)
	status = call(C.partita_go_patience{timeout_ns: C.PARTITA_FOREVER, cancel: cancel})
	nudged := listener.remove(cancel)
	if !stop() {
		<-awaited
		nudged = true
	}
	waiter.giveBack(cancel, nudged)
	return status
}

// stepUntil is wait in an engine that is run step by step: who waits runs it, for as long as it goes on.
func (waiter *waiter) stepUntil(ctx context.Context, call attempt) C.partita_status {
	for {
		if ctx.Err() != nil {
			return C.PARTITA_CANCELLED
		}
		status := call(atOnce)
		if status != C.PARTITA_WOULD_BLOCK || !waiter.step() {
			return status
		}
	}
}

// take is a cancel that was not fired.
func (waiter *waiter) take() (cancel C.partita_cancel, status C.partita_status) {
	waiter.lock.Lock()
	defer waiter.lock.Unlock()
	if last := len(waiter.idle) - 1; last >= 0 {
		cancel = waiter.idle[last]
		waiter.idle = waiter.idle[:last]
		return cancel, C.PARTITA_OK
	}
	status = C.partita_cancel_new(&cancel)
	return cancel, status
}

// giveBack keeps a cancel for another wait, unless it was fired.
func (waiter *waiter) giveBack(cancel C.partita_cancel, fired bool) {
	waiter.lock.Lock()
	defer waiter.lock.Unlock()
	if fired || waiter.closed {
		C.partita_cancel_free(cancel)
		return
	}
	waiter.idle = append(waiter.idle, cancel)
}

// close frees what is kept.
func (waiter *waiter) close() {
	waiter.lock.Lock()
	defer waiter.lock.Unlock()
	waiter.closed = true
	for _, cancel := range waiter.idle {
		C.partita_cancel_free(cancel)
	}
	waiter.idle = nil
}
