package partita

// #include "bridge.h"
import "C"

import (
	"fmt"
	"unsafe"
)

// gathered is how many messages and states are fetched before the first of them is computed, so
// that waiting for memory overlaps.
const gathered = 32

// output is a partita_output.
type output struct{ number, from uint64 }

// Of another size it would not compile.
const _ = -(unsafe.Sizeof(output{}) ^ C.sizeof_partita_output)

// runJob is messages of one step, for parts that no other goroutine has.
type runJob[In, Part, Out any] struct {
	runRoom
	step *step[In, Part, Out]
	// messages and outputs are the worker's.
	messages *slotCache[In]
	outputs  *slotCache[Out]
	// data and state fetch what runs are made of; pointers says that messages are pointers.
	data, state warmth
	pointers    bool
	// emitter is lent to computations of the typed API.
	emitter Emitter[Out]
	_       apart
}

// runRoom is what the engine lends for a run.
type runRoom struct {
	callback
	room   *C.partita_run
	values []uint64
	states []uint64
	flags  []uint8
	sent   []output
	// written counts the outputs of the messages that are completed.
	written int
}

//export partitaGoRun
func partitaGoRun(host C.uintptr_t, index C.int32_t, room *C.partita_run) C.partita_status {
	if room.kind != C.PARTITA_RUN_DATA {
		return C.PARTITA_UNSUPPORTED
	}
	step := hostOf[stepHost](uintptr(host))
	return step.run(step.base().engine.worker(index), room, false)
}

func (step *step[In, Part, Out]) run(worker *worker, room *C.partita_run, outside bool) C.partita_status {
	run := step.runs[worker.seat()]
	run.runRoom = runRoom{
		callback: begin(worker, &room.done, &room.failure, run),
		room:     room,
		values:   unsafe.Slice((*uint64)(unsafe.Pointer(room.values)), room.len),
		states:   unsafe.Slice((*uint64)(unsafe.Pointer(room.states)), room.len),
		flags:    unsafe.Slice((*uint8)(unsafe.Pointer(room.flags)), room.len),
	}
	run.outside = outside
	run.lend()
	if outside {
		return run.do(run.work)
	}
	return run.perform(run)
}

func (run *runJob[In, Part, Out]) work() {
	if place := run.step.place; place != nil {
		place.compute(&run.runRoom, func() { run.step.compute(run) }, run.refuse)
		return
	}
	run.step.compute(run)
}

func (run *runJob[In, Part, Out]) settle() {
	run.emitter.end()
	run.runRoom.settle()
}

// describe names the message being computed.
func (run *runJob[In, Part, Out]) describe() string {
	text := fmt.Sprintf("computation %q", run.step.computation)
	key := keyAt(run.room.word_keys, run.room.byte_keys, run.room.len, run.at)
	if key.Kind != NoKey {
		text += ", " + key.describe(run.step.signed)
	}
	return text + ", message " + show(*run.step.messages.at(run.values[run.at]))
}

// refuse fails the message being computed.
func (run *runJob[In, Part, Out]) refuse(err error) {
	run.refusal = cut(run.describe()+": "+err.Error(), int(run.failure.capacity), "...")
	run.step.policy.blame(run.refusal, err, &run.worker.blame)
}

// complete notes that the message being computed is, and whether its part changed.
func (room *runRoom) complete(changed bool) {
	if changed {
		room.flags[room.at] = C.PARTITA_CHANGED
	}
	room.at++
}

// settle tells the engine how many outputs the completed messages have.
func (room *runRoom) settle() { room.room.outputs_len = C.size_t(room.written) }

// lend takes the memory for outputs that the engine lends.
func (room *runRoom) lend() {
	room.sent = unsafe.Slice((*output)(unsafe.Pointer(room.room.outputs)), room.room.outputs_capacity)
}

// reserve makes room for more outputs.
func (room *runRoom) reserve(more int) {
	needed := room.written + more
	if needed <= len(room.sent) {
		return
	}
	if status := C.partita_run_reserve(room.room, C.size_t(needed)); status != C.PARTITA_OK {
		panic(fmt.Sprintf("no room for %d outputs: %v", more, statusName(status)))
	}
	room.lend()
}
