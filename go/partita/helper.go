package partita

// #include "bridge.h"
import "C"

import (
	"sync/atomic"

	"github.com/partita-stream/partita/go/partita/internal/self"
)

// helper does the callbacks of one worker of a step that blocks, on a goroutine that is not locked to a
// thread: see [worker.serve]. Runs need none.
type helper struct {
	// place is where it is known who helps.
	place *atomic.Uintptr
	tasks chan help
	over  chan C.partita_status
}

// help is a task, and the call of the engine that it is for.
type help struct {
	call *callback
	task task
}

// helpers are the goroutines that run user code outside of the engine, which knows threads and cannot tell that
// it waits for them: workers, and those who help some.
type helpers struct {
	// serving has who is the worker of each index, while that computes outside, and helping who helps it.
	serving, helping []atomic.Uintptr
	// computing is how many workers there are for all that does not block.
	computing int
}

// hold makes room for workers; `computing` of them are there for all that does not block.
func (helpers *helpers) hold(workers, computing int) {
	helpers.serving, helpers.helping = make([]atomic.Uintptr, workers), make([]atomic.Uintptr, workers)
	helpers.computing = min(computing, workers)
}

func newHelper(place *atomic.Uintptr) *helper {
	return &helper{place, make(chan help), make(chan C.partita_status)}
}

// help does a task while the worker waits.
func (helper *helper) help(call *callback, task task) C.partita_status {
	helper.tasks <- help{call, task}
	return <-helper.over
}

// work does tasks until the worker leaves. If user code ends the goroutine, the task has failed, and
// another goroutine goes on.
func (helper *helper) work() {
	helper.place.Store(self.Number())
	returned := false
	defer func() {
		helper.place.Store(0)
		if !returned {
			go helper.work()
			helper.over <- C.PARTITA_FAILED
		}
	}()
	for help := range helper.tasks {
		helper.over <- help.call.do(help.task.work)
	}
	returned = true
}

// here tells whether the calling goroutine is one of them: what it waits for may never come.
func (helpers *helpers) here() bool {
	me := self.Number()
	return isAmong(helpers.serving, me) || isAmong(helpers.helping[helpers.computing:], me)
}

// computes tells whether the calling goroutine is a worker that must not send.
func (helpers *helpers) computes() bool {
	return isAmong(helpers.serving[:helpers.computing], self.Number())
}

func isAmong(places []atomic.Uintptr, number uintptr) bool {
	for i := range places {
		if places[i].Load() == number {
			return true
		}
	}
	return false
}
