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

// runJob is messages of one step, for states that no other goroutine has.
type runJob struct {
	callback
	step    *step
	room    *C.partita_run
	values  []uint64
	states  []uint64
	flags   []uint8
	outputs []output
	// written counts the outputs of the messages that are completed.
	written int
}

//export partitaGoRun
func partitaGoRun(host C.uintptr_t, index C.int32_t, room *C.partita_run) C.partita_status {
	if room.kind != C.PARTITA_RUN_DATA {
		return C.PARTITA_UNSUPPORTED
	}
	step := hostOf[*step](uintptr(host))
	run := &step.engine.worker(index).run
	*run = runJob{
		callback: run.begin(&room.done, &room.failure, run),
		step:     step,
		room:     room,
		values:   unsafe.Slice((*uint64)(unsafe.Pointer(room.values)), room.len),
		states:   unsafe.Slice((*uint64)(unsafe.Pointer(room.states)), room.len),
		flags:    unsafe.Slice((*uint8)(unsafe.Pointer(room.flags)), room.len),
	}
	run.lend()
	return run.perform(run)
}

func (run *runJob) work() {
	switch {
	case run.step.tries():
		run.tryCompute()
	case run.step.multi != nil:
		run.computeMulti()
	default:
		run.compute()
	}
}

// settle tells the engine how many outputs the completed messages have.
func (run *runJob) settle() { run.room.outputs_len = C.size_t(run.written) }

// lend takes the memory for outputs that the engine lends.
func (run *runJob) lend() {
	run.outputs = unsafe.Slice((*output)(unsafe.Pointer(run.room.outputs)), run.room.outputs_capacity)
}

// fetch reads the messages from `at` on, and their states, as many as fit.
func (run *runJob) fetch(data, state *[gathered]any) int {
	values, states := run.values[run.at:], run.states[run.at:]
	count := min(len(values), gathered)
	engine, worker := run.step.engine, run.worker
	worker.data.gather(engine.messages.now(), values[:count], data)
	worker.state.gather(engine.states.now(), states[:count], state)
	return count
}

// compute computes messages that have one output or none. An output takes the slot of its message.
func (run *runJob) compute() {
	var data, state [gathered]any
	computation := run.step.single
	view := run.step.engine.messages.now()
	cache := &run.worker.messages
	for run.at < len(run.values) {
		count := run.fetch(&data, &state)
		values, flags := run.values[run.at:], run.flags[run.at:]
		values, flags = values[:count], flags[:count]
		cache.ready()
		for i, number := range values {
			result, changed := computation.Compute(data[i], state[i])
			*view.at(number) = result
			if result != nil {
				run.outputs[run.written] = output{number, uint64(run.at)}
				run.written++
			} else {
				cache.free = append(cache.free, number)
			}
			if changed {
				flags[i] = C.PARTITA_CHANGED
			}
			run.at++
		}
	}
}

// computeMulti computes messages that have any number of outputs. When the memory for outputs is
// full, the rest of the messages is left to another run, so that the engine can send them on.
func (run *runJob) computeMulti() {
	var data, state [gathered]any
	full := len(run.outputs)
	for run.at < len(run.values) && run.written < full {
		for i := range run.fetch(&data, &state) {
			results, changed := run.step.multi.Compute(data[i], state[i])
			run.emit(results)
			if changed {
				run.flags[run.at] = C.PARTITA_CHANGED
			}
			run.at++
			if run.written >= full {
				return
			}
		}
	}
}

// emit writes the outputs of the message being computed. The first one takes its slot.
func (run *runJob) emit(results []any) {
	run.reserve(len(results))
	messages := run.step.engine.messages.now()
	own := run.values[run.at]
	left := true
	for _, result := range results {
		switch {
		case result == nil:
			continue
		case left:
			left = false
			*messages.at(own) = result
			run.outputs[run.written] = output{own, uint64(run.at)}
		default:
			run.outputs[run.written] = output{run.worker.messages.put(result), uint64(run.at)}
		}
		run.written++
	}
	if left {
		*messages.at(own) = nil
		run.worker.messages.give(own)
	}
}

// reserve makes room for more outputs.
func (run *runJob) reserve(more int) {
	needed := run.written + more
	if needed <= len(run.outputs) {
		return
	}
	if status := C.partita_run_reserve(run.room, C.size_t(needed)); status != C.PARTITA_OK {
		panic(fmt.Sprintf("no room for %d outputs: %v", more, statusName(status)))
	}
	run.lend()
}

// describe names the message being computed.
func (run *runJob) describe() string {
	text := fmt.Sprintf("computation %q", run.step.computation)
	key := keyAt(run.room.word_keys, run.room.byte_keys, run.room.len, run.at)
	if key.Kind != NoKey {
		text += ", " + key.describe()
	}
	return text + ", message " + show(*run.step.engine.messages.at(run.values[run.at]))
}
