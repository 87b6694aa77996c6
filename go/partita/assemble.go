package partita

// #include <stdlib.h>
// #include "bridge.h"
import "C"

import (
	"fmt"
	"math"
	"unsafe"
)

// assembly makes an engine of a declaration, and collects what is wrong with it.
type assembly struct {
	app      *Application
	engine   *engine
	mistakes []Mistake
	taken    map[any]bool     // the sinks and channels that are used
	names    []string         // of the steps of the pipeline being assembled
	lent     []unsafe.Pointer // C memory, for the time of the assembly
}

// assemble makes an engine that could be started, step by step if there is a stepper; or the error tells
// every mistake. No application uses the library before.
func (app *Application) assemble(stepper *stepper) (*engine, error) {
	if err := linked().serves(meant); err != nil {
		return nil, fmt.Errorf("%s: %w", app.path(), err)
	}
	assembly := &assembly{app: app, taken: make(map[any]bool)}
	defer assembly.giveBack()
	assembly.engine = &engine{
		path:        app.path(),
		deadLetters: app.deadLetters,
		logger:      app.logger,
		stepper:     stepper,
		computing:   app.workers,
		messages:    make(keepers),
		states:      make(keepers),
		partitions:  make(map[string]partition),
		awaited:     newSlots[awaited](false),
		closed:      make(chan struct{}),
		sayings:     make(chan saying, sayingsMax),
	}
	if assembly.application() {
		for _, pipeline := range app.pipelines {
			assembly.pipeline(pipeline)
		}
		var object C.partita_error
		status := C.partita_app_check(assembly.engine.app, &object)
		assembly.found(app.path(), status, object)
	}
	if len(assembly.mistakes) > 0 {
		assembly.engine.discard()
		return nil, &TopologyError{Mistakes: assembly.mistakes}
	}
	return assembly.engine, nil
}

// wrong notes a mistake.
func (assembly *assembly) wrong(path, format string, arguments ...any) {
	assembly.mistakes = append(assembly.mistakes, Mistake{Path: path, Message: fmt.Sprintf(format, arguments...)})
}

// found notes what the engine found wrong, and tells whether that was nothing.
func (assembly *assembly) found(path string, status C.partita_status, object C.partita_error) bool {
	if status == C.PARTITA_OK {
		return true
	}
	found := mistakes(object)
	if len(found) == 0 {
		found = []Mistake{{Path: path, Message: sentinel(status).Error()}}
	}
	for _, mistake := range found {
		if mistake.Path == "" {
			mistake.Path = path
		}
		assembly.mistakes = append(assembly.mistakes, mistake)
	}
	return false
}

// declare makes a declaration that has a host, which the engine drops in most cases of refusal.
func (assembly *assembly) declare(path string, object any, call func(host C.uintptr_t, object *C.partita_error) C.partita_status) bool {
	host := newHost(object)
	var mistake C.partita_error
	status := call(C.uintptr_t(host), &mistake)
	if status == C.PARTITA_INVALID_HANDLE || status == C.PARTITA_FORKED {
		dropHost(host)
	}
	return assembly.found(path, status, mistake)
}

// number is a setting whose range the engine knows, but for its lower end: there 0 is the default.
func (assembly *assembly) number(path, what string, n int) uint32 {
	if n < 1 {
		assembly.wrong(path, "%s: expected 1 or more, got %d", what, n)
		return 0
	}
	return uint32(min(n, math.MaxUint32))
}

// options tells that one of the options is nil.
func (assembly *assembly) options(path string, nilOptions bool) {
	if nilOptions {
		assembly.wrong(path, "an option is nil: expected one")
	}
}

// application declares the application itself.
func (assembly *assembly) application() bool {
	app, engine := assembly.app, assembly.engine
	assembly.options(app.path(), app.nilOption)
	if app.drainTimeout < 0 {
		assembly.wrong(app.path(), "drain timeout: expected 0 or more, got %v", app.drainTimeout)
	}
	options := C.partita_app_options{
		name:       assembly.text(app.name),
		workers:    C.uint32_t(assembly.number(app.path(), "workers", app.workers)),
		key_groups: C.uint32_t(assembly.number(app.path(), "key groups", app.keyGroups)),
	}
	if engine.stepper != nil {
		engine.stepper.declare(engine, &options)
		if !app.workersGiven {
			// The same everywhere, so that a seed is.
			options.workers = 0
		}
	}
	return assembly.declare(app.path(), engine, func(host C.uintptr_t, object *C.partita_error) C.partita_status {
		letters, logs := C.bool(engine.deadLetters != nil), C.bool(engine.logger != nil)
		return C.partita_go_app_new(options, host, letters, logs, &engine.app, object)
	})
}

// pipeline declares a pipeline with all that is in it.
func (assembly *assembly) pipeline(pipeline *Pipeline) {
	var handle C.partita_pipeline
	var object C.partita_error
	path := pipeline.path()
	status := C.partita_app_add_pipeline(assembly.engine.app, assembly.text(pipeline.name), &handle, &object)
	if !assembly.found(path, status, object) {
		return
	}
	assembly.engine.asked = handle
	gate := assembly.source(pipeline, handle)
	assembly.names = nil
	maker := gate.holds()
	var hosts []holder
	for _, item := range pipeline.items {
		switch item := item.(type) {
		case *stepItem:
			step := assembly.step(item, handle, path, maker)
			hosts = append(hosts, step)
			maker = step.holds()
		case *sinkItem:
			assembly.sink(item, handle, pipeline, maker)
		case endItem:
			C.partita_pipeline_done(handle, nil)
		}
	}
	gate.lead(leading(hosts))
	if len(pipeline.sinks()) > 1 {
		maker.countShares()
	}
}

// leading are the stateless steps that come first, up to a parallel one, and the step with a state that is
// next to them, or nil.
func leading(hosts []holder) (steps []transformHost, behind stepHost) {
	for _, host := range hosts {
		step, is := host.(transformHost)
		if !is {
			return steps, host.(stepHost)
		}
		if step.base().parallel {
			break
		}
		steps = append(steps, step)
	}
	return steps, nil
}

// text lends text to the engine.
func (assembly *assembly) text(text string) C.partita_str {
	return C.partita_str{ptr: (*C.char)(assembly.bytes(text)), len: C.size_t(len(text))}
}

// bytes lends the bytes of a string to the engine.
func (assembly *assembly) bytes(text string) unsafe.Pointer {
	room := assembly.room(len(text))
	copy(unsafe.Slice((*byte)(room), len(text)), text)
	return room
}

// room is C memory for the time of the assembly.
func (assembly *assembly) room(size int) unsafe.Pointer {
	room := C.malloc(C.size_t(max(size, 1)))
	assembly.lent = append(assembly.lent, room)
	return room
}

// giveBack frees what was lent.
func (assembly *assembly) giveBack() {
	for _, room := range assembly.lent {
		C.free(room)
	}
}
