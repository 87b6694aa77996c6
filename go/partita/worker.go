package partita

// #include "bridge.h"
import "C"

import (
	"context"
	"log/slog"
	"runtime"
	"sync/atomic"
	"time"
	"unsafe"
)

// worker is what belongs to one worker of an engine, whichever goroutine is it at the time. The
// callbacks made on it have it to themselves.
type worker struct {
	engine *engine
	// index is what the engine calls it, or below 0 for whoever closes.
	index int
	// helper runs what user code there is beside runs, if the worker is there for steps that block.
	helper  *helper
	keyRoom keyRoom
	burial  burialJob
	// lost is why the last goroutine that was this worker has ended.
	lost string
	// blame is the first error on this worker that made the application fail: nothing is computed
	// after it.
	blame atomic.Pointer[blame]
}

func newWorker(engine *engine, index int) *worker {
	return &worker{engine: engine, index: index}
}

// seat is the worker's.
func (worker *worker) seat() int { return worker.index + 1 }

// free gives back all that the worker has.
func (worker *worker) free() {
	for _, stores := range []keepers{worker.engine.messages, worker.engine.states} {
		for _, store := range stores {
			store.vacate(worker.seat())
		}
	}
	worker.keyRoom.free()
	worker.blame.Store(nil)
}

// isForSockets tells whether it sees to the sockets, inside the engine.
func (worker *worker) isForSockets() bool {
	return worker.engine.sockets && worker.index == worker.engine.bedOf(0)-1
}

// work is the worker, inside the engine until the application is closed. When user code ends the goroutine,
// another takes over.
func (worker *worker) work() {
	returned := false
	defer func() {
		if returned {
			worker.engine.crew.Done()
			return
		}
		defer func() { go worker.work() }()
		worker.tellReplaced(worker.lost)
	}()
	// A goroutine that ends while it is locked takes its thread with it.
	runtime.LockOSThread()
	status := C.partita_go_run_worker(worker.engine.app, C.uint32_t(worker.index))
	runtime.UnlockOSThread()
	returned = true
	worker.refused(status)
}

// tellReplaced logs that another goroutine takes over, unless that is too often.
func (worker *worker) tellReplaced(lost string) {
	leftOut, admitted := worker.engine.replaced.admit(time.Now())
	if !admitted {
		return
	}
	attributes := append([]slog.Attr{slog.Int("worker", worker.index), slog.String("reason", lost)}, leftOutOf(leftOut)...)
	worker.engine.log(func(log *slog.Logger) {
		log.LogAttrs(context.Background(), slog.LevelWarn, "worker replaced", attributes...)
	})
}

// refused logs that the engine did not let the worker in, if it did not.
func (worker *worker) refused(status C.partita_status) {
	if status != C.PARTITA_OK && status != C.PARTITA_CLOSED {
		worker.engine.log(func(log *slog.Logger) {
			log.Error("worker refused", "worker", worker.index, "status", statusName(status))
		})
	}
}

// lose tells the engine that this goroutine is about to end in user code, and why.
func (worker *worker) lose(text string) {
	worker.lost = cut(text, lostMax, "...")
	if worker.engine.stepper == nil {
		// What is left of the engine's calls on this thread's stack goes with it: a goroutine that ends while it
		// is locked takes its thread along.
		runtime.LockOSThread()
	}
	C.partita_go_worker_lost(worker.engine.app, C.uint32_t(worker.index),
		(*C.char)(unsafe.Pointer(unsafe.StringData(worker.lost))), C.size_t(len(worker.lost)))
}

// lostMax is how much is kept of why a worker was lost, in bytes.
const lostMax = 8192
