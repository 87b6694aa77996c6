package partita

// #include "bridge.h"
import "C"

// serve is a worker for steps that block, until the application is closed; answer is what came of the run
// that it was given before, if it was. It computes outside of callbacks, in which its goroutine would be
// locked to a thread: there each time that user code sleeps or waits takes several switches of threads. If
// user code ends the goroutine, the run has failed, and another goroutine goes on.
func (worker *worker) serve(answer C.partita_status) {
	number, helpers := goroutine(), worker.helper.all
	helpers.enter(number)
	returned := false
	defer func() {
		helpers.leave(number)
		if !returned {
			go worker.serve(C.PARTITA_FAILED)
			return
		}
		close(worker.helper.tasks)
		worker.engine.crew.Done()
	}()
	for {
		served := C.partita_go_serve(worker.engine.app, C.uint32_t(worker.index), answer)
		if served.run == nil {
			worker.refused(served.status)
			break
		}
		answer = hostOf[stepHost](uintptr(served.host)).run(worker, served.run)
	}
	returned = true
}
