package partita

// #include "bridge.h"
import "C"

import (
	"time"

	"github.com/partita-stream/partita/go/partita/internal/self"
)

// serve is a worker, until the application is closed; answer is what came of the run that it was given before,
// if it was. It computes and sleeps outside of the engine, as any goroutine does: inside a callback it would be
// locked to a thread, and each time that it waits would take several switches of threads. If user code ends the
// goroutine, the run has failed, and another goroutine goes on.
func (worker *worker) serve(answer C.partita_status) {
	place := &worker.engine.waiter.helpers.serving[worker.index]
	place.Store(self.Number())
	returned, outside := false, false
	defer func() {
		place.Store(0)
		if !returned {
			if lost := worker.lost; outside {
				// The worker still has its run: nothing that the logger does may hold that up.
				go worker.serve(C.PARTITA_FAILED)
				worker.tellReplaced(lost)
				return
			}
			defer func() { go worker.serve(C.PARTITA_OK) }()
			worker.tellReplaced(worker.lost)
			return
		}
		if worker.helper != nil {
			close(worker.helper.tasks)
		}
		worker.engine.crew.Done()
	}()
	for {
		served := C.partita_go_serve(worker.engine.app, C.uint32_t(worker.index), answer)
		switch {
		case served.status == C.PARTITA_WOULD_BLOCK:
			worker.engine.beds[worker.index].sleep(time.Duration(served.idle_ns))
		case served.run != nil:
			outside = true
			answer = hostOf[stepHost](uintptr(served.host)).run(worker, served.run, true)
			outside = false
		default:
			returned = true
			worker.refused(served.status)
			return
		}
	}
}
