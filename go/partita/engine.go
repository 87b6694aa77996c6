package partita

// #include "bridge.h"
import "C"

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
)

// engine is an application that runs, or is about to: the engine's handles, and what Go keeps for it.
type engine struct {
	app C.partita_app
	// asked is a pipeline, and probe a sender of it that sends nothing: see [engine.inside].
	asked       C.partita_pipeline
	probe       C.partita_sender
	path        string
	waiter      waiter
	deadLetters func(DeadLetter)
	logger      *slog.Logger
	// stepper runs the engine, or is nil if workers do.
	stepper *stepper

	// messages and states are what the engine holds.
	messages, states keepers
	// seated has what is made for each seat, and workers who sits there: the first is whoever closes.
	seated  []seated
	workers []*worker
	// beds are where workers sleep, by index, and behind those where who sends through each gate waits for room.
	beds []bed
	// computing is how many of them are there for all that does not block.
	computing int
	// sockets says that there is a worker more, the last one, for the application's sockets.
	sockets bool
	// blames are the errors in goroutines that send that made the application fail.
	blames  blames
	gates   []gate
	outlets []outlet
	// partitions are those of each name, as declared first.
	partitions map[string]partition
	// stages are sources, steps and sinks.
	stages []stage

	// awaited is what tokens stand for, and completed is memory for them: one callback at a time uses it.
	awaited   *slots[awaited]
	completed []uint64

	// crew counts the goroutines that end when the application closes.
	crew sync.WaitGroup
	// replaced limits how often it is logged that a worker was replaced.
	replaced logLimit
	// sayings are what the engine has to say.
	sayings chan saying
	// closed is closed when the engine has no messages, states and hosts any more; then finish
	// leaves nothing but the last counts.
	closed chan struct{}
	finish sync.Once
	final  atomic.Pointer[Metrics]
}

// stage is what messages come to: a source, a step or a sink.
type stage struct {
	path string
	// kind is that of its keys.
	kind KeyKind
	// messages are those that come to it.
	messages keeper
}

// worker is what belongs to the worker of an index. A thread that closes the engine when no worker is
// there has an index below 0.
func (engine *engine) worker(index C.int32_t) *worker { return engine.workers[seatOf(index)] }

// threads is how many the engine calls back on: its workers and, behind them, those of blocking steps; or
// who steps it.
func (engine *engine) threads() int {
	var count C.uint32_t
	C.partita_app_thread_count(engine.app, &count)
	return max(int(count), 1)
}

// bedOf is the place among the beds of a gate's, by index.
func (engine *engine) bedOf(gate int) int { return len(engine.beds) - len(engine.gates) + gate }

// hire makes what belongs to each worker, and to whoever closes.
func (engine *engine) hire(workers int) {
	for index := -1; index < workers; index++ {
		worker := newWorker(engine, index)
		if index >= engine.computing && !worker.isForSockets() {
			worker.helper = newHelper(&engine.waiter.helpers.helping[index])
		}
		engine.workers = append(engine.workers, worker)
	}
	for _, seated := range engine.seated {
		seated.seat(len(engine.workers))
	}
}

// isClosed tells whether nothing is left to close.
func (engine *engine) isClosed() bool { return engine.final.Load() != nil }

// start starts the engine. Nothing runs before [engine.open].
func (engine *engine) start() error {
	var object C.partita_error
	if status := C.partita_app_start(engine.app, &object); status != C.PARTITA_OK {
		return engine.failure(engine.path, status, object)
	}
	C.partita_sender_new(engine.asked, &engine.probe, nil)
	threads := engine.threads()
	for range threads + len(engine.gates) {
		engine.beds = append(engine.beds, newBed())
	}
	engine.waiter.helpers.hold(threads, engine.computing)
	engine.hire(threads)
	engine.nameStages()
	return nil
}

// open starts the workers, and what reads and writes.
func (engine *engine) open() {
	if engine.stepper == nil {
		engine.begin()
	}
	for _, gate := range engine.gates {
		gate.open()
	}
	for _, outlet := range engine.outlets {
		outlet.open()
	}
}

// begin starts the goroutines.
func (engine *engine) begin() {
	for _, worker := range engine.workers {
		if !worker.stands() {
			engine.crew.Add(1)
			if worker.isForSockets() {
				go worker.work()
				continue
			}
			if worker.helper != nil {
				go worker.helper.work()
			}
			go worker.serve(C.PARTITA_OK)
		}
	}
	if engine.logger != nil {
		engine.crew.Add(1)
		go engine.watch()
	}
	if engine.logger != nil && engine.sockets {
		engine.crew.Add(1)
		go engine.tell()
	}
}

// watch logs the failure, if there is one before all is done.
func (engine *engine) watch() {
	defer engine.crew.Done()
	var object C.partita_error
	C.partita_go_wait(engine.app, C.partita_go_patience{timeout_ns: C.PARTITA_FOREVER}, &object)
	C.partita_error_free(object)
	if C.partita_app_failure(engine.app, &object) == C.PARTITA_FAILED {
		why := reason("", object)
		engine.log(func(log *slog.Logger) { log.Error("application failed", "reason", why) })
	}
}

// log logs something, if there is a logger. What that does wrong is its own affair.
func (engine *engine) log(write func(log *slog.Logger)) {
	if engine.logger == nil {
		return
	}
	guard(func() { write(engine.logger.With("path", engine.path)) }, func(ending) {})
}

// failure is the error of a call that the engine refused; that of an application that failed says why.
func (engine *engine) failure(path string, status C.partita_status, object C.partita_error) error {
	if status == C.PARTITA_FAILED && object.id == 0 {
		C.partita_app_failure(engine.app, &object)
	}
	err := failure(path, status, object)
	if status == C.PARTITA_FAILED {
		return engine.withCause(err)
	}
	return err
}

func (engine *engine) stop() error {
	if status := C.partita_app_stop(engine.app); status != C.PARTITA_OK {
		return engine.failure(engine.path, status, C.partita_error{})
	}
	return nil
}

func (engine *engine) wait(ctx context.Context) error {
	return engine.settle(ctx, func(patience C.partita_go_patience, object *C.partita_error) C.partita_status {
		return C.partita_go_wait(engine.app, patience, object)
	})
}

func (engine *engine) drain(ctx context.Context) error {
	return engine.settle(ctx, func(patience C.partita_go_patience, object *C.partita_error) C.partita_status {
		return C.partita_go_drain(engine.app, patience, object)
	})
}

// end is a call that waits until the engine has come to an end of something.
type end func(patience C.partita_go_patience, object *C.partita_error) C.partita_status

// until makes such a call, and returns its error.
func (engine *engine) until(ctx context.Context, call end) error {
	if ctx == nil {
		return noContext(engine.path)
	}
	var object C.partita_error
	status := engine.waiter.waitLong(ctx, listener{}, func(patience C.partita_go_patience) C.partita_status {
		C.partita_error_free(object) // that of the last attempt, if any
		object = C.partita_error{}
		return call(patience, &object)
	})
	switch status {
	case C.PARTITA_OK:
		return nil
	case C.PARTITA_CANCELLED:
		return ended(ctx, engine.path, reason(engine.path, object))
	}
	return engine.failure(engine.path, status, object)
}

// settle waits until the engine, and then the outlets, have nothing in flight.
func (engine *engine) settle(ctx context.Context, call end) error {
	if err := engine.until(ctx, call); err != nil {
		return err
	}
	for _, outlet := range engine.outlets {
		if err := outlet.settle(ctx); err != nil {
			return err
		}
	}
	return nil
}

// close closes the engine, and when that is done, gives everything back.
func (engine *engine) close(ctx context.Context) error {
	if engine.isClosed() {
		return nil
	}
	err := engine.until(ctx, func(patience C.partita_go_patience, object *C.partita_error) C.partita_status {
		status := C.partita_go_close(engine.app, patience, object)
		if status == C.PARTITA_INVALID_HANDLE {
			C.partita_error_free(*object)
			return C.PARTITA_OK // another has freed it meanwhile
		}
		return status
	})
	if err == nil {
		engine.finish.Do(engine.end)
	}
	return err
}

// end gives back everything of an engine that has closed.
func (engine *engine) end() {
	close(engine.closed)
	engine.crew.Wait()
	for _, gate := range engine.gates {
		gate.close()
	}
	for _, outlet := range engine.outlets {
		if outlet, connects := outlet.(connects); connects {
			outlet.keepTraffic()
		}
	}
	if engine.stepper != nil {
		engine.stepper.end()
	}
	for _, worker := range engine.workers {
		worker.free()
	}
	engine.waiter.close()
	final := engine.count()
	engine.final.Store(&final)
	C.partita_app_free(engine.app)
}

// discard gives back everything of an engine that never started.
func (engine *engine) discard() { C.partita_app_free(engine.app) }
