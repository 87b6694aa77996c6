package partita

// #include "bridge.h"
import "C"

import (
	"bytes"
	"runtime"
	"strconv"
	"sync"
)

// helper does the callbacks of one worker of a step that blocks, on a goroutine that is not locked to a
// thread: see [worker.serve]. Runs need none.
type helper struct {
	all   *helpers
	tasks chan help
	over  chan C.partita_status
}

// help is a task, and the call of the engine that it is for.
type help struct {
	call *callback
	task task
}

// helpers are those of an engine.
type helpers struct {
	lock sync.Mutex
	// goroutines are their numbers, and those of the workers that serve.
	goroutines map[uint64]struct{}
}

func (helpers *helpers) hire() *helper {
	return &helper{helpers, make(chan help), make(chan C.partita_status)}
}

// help does a task while the worker waits.
func (helper *helper) help(call *callback, task task) C.partita_status {
	helper.tasks <- help{call, task}
	return <-helper.over
}

// work does tasks until the worker leaves. If user code ends the goroutine, the task has failed, and
// another goroutine goes on.
func (helper *helper) work() {
	number := goroutine()
	helper.all.enter(number)
	returned := false
	defer func() {
		helper.all.leave(number)
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

func (helpers *helpers) enter(goroutine uint64) {
	helpers.lock.Lock()
	defer helpers.lock.Unlock()
	if helpers.goroutines == nil {
		helpers.goroutines = make(map[uint64]struct{})
	}
	helpers.goroutines[goroutine] = struct{}{}
}

func (helpers *helpers) leave(goroutine uint64) {
	helpers.lock.Lock()
	defer helpers.lock.Unlock()
	delete(helpers.goroutines, goroutine)
}

// here tells whether the calling goroutine is one of them: what it waits for may never come, and the
// engine, which knows threads, cannot tell.
func (helpers *helpers) here() bool {
	helpers.lock.Lock()
	none := len(helpers.goroutines) == 0
	helpers.lock.Unlock()
	if none {
		return false
	}
	number := goroutine()
	helpers.lock.Lock()
	defer helpers.lock.Unlock()
	_, is := helpers.goroutines[number]
	return is
}

// goroutine is the number of the calling goroutine, which a stack trace begins with.
func goroutine() uint64 {
	var room [64]byte
	text := bytes.TrimPrefix(room[:runtime.Stack(room[:], false)], []byte("goroutine "))
	digits, _, _ := bytes.Cut(text, []byte(" "))
	number, err := strconv.ParseUint(string(digits), 10, 64)
	if err != nil {
		panic("no number in the stack of a goroutine: " + string(room[:]))
	}
	return number
}
