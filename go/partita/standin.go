package partita

// #include "bridge.h"
import "C"

import "runtime"

// stands tells whether it is no worker, but stands in for those that are not there: whoever closes
// an application that has no worker inside does what is left to do.
func (worker *worker) stands() bool { return worker.index < 0 }

// task is a job that may also come up while the application closes.
type task interface {
	job
	// work runs the user's code, and counts the items it has completed.
	work()
}

// perform does a task, on the worker's goroutine, on that of its helper, or for whoever closes.
func (call *callback) perform(task task) C.partita_status {
	switch worker := call.worker; {
	case worker.stands():
		return call.standIn(task)
	case worker.helper != nil:
		return worker.helper.help(call, task)
	}
	return call.do(task.work)
}

// standIn does a task for the goroutine that closes, on another: if user code calls runtime.Goexit,
// that ends neither the caller's goroutine nor the closing.
func (call *callback) standIn(task task) C.partita_status {
	var status C.partita_status = C.PARTITA_FAILED
	over := make(chan struct{})
	go func() {
		defer close(over)
		// The thread is marked for good. A goroutine that ends while it is locked takes it along.
		runtime.LockOSThread()
		C.partita_go_stand_in(call.worker.engine.app)
		status = call.do(task.work)
	}()
	<-over
	return status
}
