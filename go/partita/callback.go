package partita

// #include "bridge.h"
import "C"

import (
	"unsafe"
)

// callback is one call of the engine into user code: many items, one after another.
type callback struct {
	worker *worker
	// done is where the engine reads how many items are completed, also when this goroutine ends.
	done *C.size_t
	// failure is where the engine reads why the next one failed.
	failure *C.partita_failure
	// at counts the items that are completed.
	at int
	// outside says that the engine is not inside the call meanwhile, and waits to be told what it came to.
	outside bool
	// refusal is why the item at `at` failed, if the code returned and yet it did.
	refusal string
	job     job
}

// job is what a callback does.
type job interface {
	// describe names the item at `at`, for the reason of its failure.
	describe() string
	// settle is called once when it is known how many items are completed.
	settle()
}

// begin begins a callback on a worker.
func begin(worker *worker, done *C.size_t, failure *C.partita_failure, job job) callback {
	return callback{worker: worker, done: done, failure: failure, job: job}
}

// do runs code, which counts the items it has completed.
func (call *callback) do(code func()) C.partita_status {
	if !guard(code, func(end ending) { call.fail(end) }) {
		return C.PARTITA_FAILED
	}
	call.report()
	if call.refusal != "" {
		call.explain(call.refusal)
		return C.PARTITA_FAILED
	}
	return C.PARTITA_OK
}

// fail tells the engine that the code has ended at an item. If a worker's goroutine ends with it,
// this is the last that the engine hears of it.
func (call *callback) fail(end ending) {
	text := end.text(call.job.describe())
	call.report()
	if end.exited() && !call.outside && !call.worker.stands() && call.worker.helper == nil {
		call.worker.lose(text)
		return
	}
	if end.exited() && call.outside {
		call.worker.lost = cut(text, lostMax, "...")
	}
	call.explain(text)
}

// report tells the engine how far the call has come.
func (call *callback) report() {
	*call.done = C.size_t(call.at)
	call.job.settle()
}

// explain tells the engine why the item at `at` failed.
func (call *callback) explain(text string) {
	room := unsafe.Slice((*byte)(unsafe.Pointer(call.failure.text)), call.failure.capacity)
	call.failure.len = C.size_t(copy(room, cut(text, len(room), "...")))
}
