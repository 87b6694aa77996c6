package partita

// #include "bridge.h"
import "C"

import (
	"fmt"
	"unsafe"
)

// part is a state partition: the host of its callbacks.
type part struct {
	engine  *engine
	builder StateBuilder
}

// owner is the engine that holds the states.
func (part *part) owner() *engine { return part.engine }

// buildJob is new keys, whose states are to be built.
type buildJob struct {
	callback
	part   *part
	room   *C.partita_build
	states []uint64
}

//export partitaGoBuild
func partitaGoBuild(host C.uintptr_t, index C.int32_t, room *C.partita_build) C.partita_status {
	part := hostOf[*part](uintptr(host))
	build := &part.engine.worker(index).build
	*build = buildJob{
		callback: build.begin(&room.done, &room.failure, build),
		part:     part,
		room:     room,
		states:   unsafe.Slice((*uint64)(unsafe.Pointer(room.states)), room.len),
	}
	return build.perform(build)
}

func (build *buildJob) settle() {}

func (build *buildJob) work() {
	for build.at < len(build.states) {
		state := build.part.builder.Build()
		if state == nil {
			panic("it returned nil: expected a state")
		}
		build.states[build.at] = build.worker.states.put(state)
		build.at++
	}
}

// describe names the state being built.
func (build *buildJob) describe() string {
	text := fmt.Sprintf("builder %q", typeName(build.part.builder))
	key := keyAt(build.room.word_keys, build.room.byte_keys, build.room.len, build.at)
	if key.Kind != NoKey {
		text += ", " + key.describe()
	}
	return text
}
