package partita

// #include "bridge.h"
import "C"

import (
	"log/slog"
	"runtime"
	"sync/atomic"
	"unsafe"
)

// worker is what belongs to one worker of an engine, whichever goroutine is it at the time. The
// callbacks made on it have it to themselves.
type worker struct {
	engine   *engine
	index    int
	messages slotCache[any]
	states   slotCache[any]
	// data and state fetch what runs are made of.
	data, state warmth
	bed         bed
	keyRoom     keyRoom
	// What it does, one at a time; kept here so that a callback allocates nothing.
	run      runJob
	keys     keyJob
	build    buildJob
	delivery deliveryJob
	burial   burialJob
	// lost is why the last goroutine that was this worker has ended.
	lost string
	// blame is the first error on this worker that made the application fail: nothing is computed
	// after it.
	blame atomic.Pointer[blame]
}

func newWorker(engine *engine, index int) *worker {
	worker := &worker{
		engine:   engine,
		index:    index,
		bed:      newBed(),
		messages: slotCache[any]{store: engine.messages},
		states:   slotCache[any]{store: engine.states},
	}
	for _, call := range []*callback{
		&worker.run.callback, &worker.keys.callback, &worker.build.callback,
		&worker.delivery.callback, &worker.burial.callback,
	} {
		call.worker = worker
	}
	return worker
}

// free gives back all that the worker has.
func (worker *worker) free() {
	worker.messages.empty()
	worker.states.empty()
	worker.keyRoom.free()
	worker.blame.Store(nil)
}

// work is the worker, until the application is closed. When user code ends the goroutine, another
// takes over.
func (worker *worker) work() {
	returned := false
	defer func() {
		if returned {
			worker.engine.crew.Done()
			return
		}
		defer func() { go worker.work() }()
		worker.engine.log(func(log *slog.Logger) {
			log.Warn("worker replaced", "worker", worker.index, "reason", worker.lost)
		})
	}()
	// A goroutine that ends while it is locked takes its thread with it.
	runtime.LockOSThread()
	status := C.partita_go_run_worker(worker.engine.app, C.uint32_t(worker.index))
	runtime.UnlockOSThread()
	returned = true
	if status != C.PARTITA_OK && status != C.PARTITA_CLOSED {
		worker.engine.log(func(log *slog.Logger) {
			log.Error("worker refused", "worker", worker.index, "status", statusName(status))
		})
	}
}

// lose tells the engine that this goroutine is about to end in user code, and why.
func (worker *worker) lose(text string) {
	worker.lost = cut(text, lostMax, "...")
	C.partita_go_worker_lost(worker.engine.app, C.uint32_t(worker.index),
		(*C.char)(unsafe.Pointer(unsafe.StringData(worker.lost))), C.size_t(len(worker.lost)))
}

// lostMax is how much is kept of why a worker was lost, in bytes.
const lostMax = 8192
