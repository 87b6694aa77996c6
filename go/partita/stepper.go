package partita

// #include "bridge.h"
import "C"

import (
	"errors"
	"fmt"
	"time"

	"github.com/partita-stream/partita/go/partita/internal/stepped"
)

// stepper runs an application step by step, on the goroutine that asks for it: for package
// partitatest, which has its methods.
type stepper struct {
	engine *engine
	seed   uint64
	// now is the clock.
	now time.Duration
	// letters are the dead letters, in the order in which they came.
	letters []DeadLetter
	records records
	faults  faults
	// inside says that a turn runs, and callbacks may.
	inside bool
	// deferred is what goes on before the next.
	deferred []deferred
}

// deferred is what a callback cannot do.
type deferred interface{ goOn(engine *engine) }

// stepperCapacity is how many messages the engine queues for a sink at most: what reads them has room for
// more, unless the sink is to be full.
const stepperCapacity = 1

func init() {
	stepped.Start = func(app any, seed uint64) (any, error) { return app.(*Application).startStepped(seed) }
}

// startStepped starts an application that runs no goroutine.
func (app *Application) startStepped(seed uint64) (*stepper, error) {
	if app == nil {
		return nil, fmt.Errorf("application: %w: it is nil", ErrInvalidArgument)
	}
	stepper := &stepper{seed: seed}
	if err := app.start(stepper); err != nil {
		return nil, err
	}
	return stepper, nil
}

// declare tells the engine to be run step by step.
func (stepper *stepper) declare(engine *engine, options *C.partita_app_options) {
	stepper.engine = engine
	options.threads = C.PARTITA_THREADS_STEPPED
	options.seed = C.uint64_t(stepper.seed)
	handle := engine.deadLetters
	engine.deadLetters = func(letter DeadLetter) {
		stepper.letters = append(stepper.letters, letter)
		if handle != nil {
			handle(letter)
		}
	}
	engine.waiter.step = stepper.goOn
}

// Step runs one turn: a run of messages at a step, or what a sink can take. It tells whether there was
// one, and else how long until there will be, or less than 0 if there never will.
func (stepper *stepper) Step() (ran bool, idle time.Duration) {
	stepper.doDeferred()
	stepper.inside = true
	result := C.partita_go_step(stepper.engine.app, 1)
	stepper.inside = false
	stepper.records.read()
	return result.turns > 0, time.Duration(result.idle_ns)
}

// defers has something go on before the next turn.
func (stepper *stepper) defers(what deferred) { stepper.deferred = append(stepper.deferred, what) }

// doDeferred does what was deferred. That may defer more, for the turn behind.
func (stepper *stepper) doDeferred() {
	all := stepper.deferred
	stepper.deferred = nil
	for _, one := range all {
		one.goOn(stepper.engine)
	}
}

// Idle is how long until there is something to run, or less than 0 if there never will be.
func (stepper *stepper) Idle() time.Duration {
	return time.Duration(C.partita_go_step(stepper.engine.app, 0).idle_ns)
}

// Advance lets the clock go on. What is due then is run by the next steps.
func (stepper *stepper) Advance(by time.Duration) {
	stepper.now += by
	C.partita_app_advance(stepper.engine.app, C.int64_t(by))
}

// Now is how long the clock has gone on since the start.
func (stepper *stepper) Now() time.Duration { return stepper.now }

// goOn runs one turn, if need be when the time for it has come; or tells that there is none.
func (stepper *stepper) goOn() bool {
	ran, idle := stepper.Step()
	if !ran && idle > 0 {
		stepper.Advance(idle)
	}
	return ran || idle > 0
}

// Waiting tells what the application waits for, or nothing if nothing is in flight.
func (stepper *stepper) Waiting() string {
	var object C.partita_error
	if C.partita_go_drain(stepper.engine.app, atOnce, &object) == C.PARTITA_WOULD_BLOCK {
		return reason(stepper.engine.path, object)
	}
	C.partita_error_free(object)
	return ""
}

// Failure is why the application failed, or nil.
func (stepper *stepper) Failure() error {
	if C.partita_app_failure(stepper.engine.app, nil) != C.PARTITA_FAILED {
		return nil
	}
	return stepper.engine.failure(stepper.engine.path, C.PARTITA_FAILED, C.partita_error{})
}

// DeadLetters are those that came so far.
func (stepper *stepper) DeadLetters() []DeadLetter { return stepper.letters }

// Outputs takes out what has come to a sink.
func (stepper *stepper) Outputs(sink any) ([]any, error) {
	record, err := stepper.records.of(sink)
	if err != nil {
		return nil, err
	}
	return record.outputs(), nil
}

// Fill makes a sink full, or takes that back.
func (stepper *stepper) Fill(sink any, full bool) error {
	record, err := stepper.records.of(sink)
	if err != nil {
		return err
	}
	if !record.fill(full) {
		return errors.New("the sink is a function: expected a queue or a channel")
	}
	// Who was stalled goes on.
	stepper.records.read()
	return nil
}

// Fault makes a step or a sink fail, by its name or path, when it comes to its n-th message from now on:
// by a panic, or by an error.
func (stepper *stepper) Fault(place string, n int, panics bool) error {
	return stepper.faults.plant(place, n, panics)
}

// end leaves nothing behind.
func (stepper *stepper) end() {
	for _, record := range stepper.records.list {
		record.end()
	}
}
