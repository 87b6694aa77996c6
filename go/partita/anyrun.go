package partita

// #include "bridge.h"
import "C"

// anyRun is a run of the interface API.
type anyRun = runJob[any, any, any]

// anyCompute makes what computes runs of a step. The choice is made once, so that the loops have none.
func anyCompute(single StateComputation, multi StateComputationMulti) func(run *anyRun) {
	if try, is := single.(TryComputation); is {
		return func(run *anyRun) { tryCompute(run, try) }
	}
	if try, is := multi.(TryComputationMulti); is {
		return func(run *anyRun) { tryComputeMulti(run, try) }
	}
	if multi != nil {
		return func(run *anyRun) { computeMulti(run, multi) }
	}
	return func(run *anyRun) { compute(run, single) }
}

// fetch reads the messages from `at` on, and their states, as many as fit.
func fetch(run *anyRun, data, state *[gathered]any) int {
	values, states := run.values[run.at:], run.states[run.at:]
	count := min(len(values), gathered)
	run.data.gather(run.step.messages.now(), values[:count], data)
	run.state.gather(run.step.parts.now(), states[:count], state)
	return count
}

// compute computes messages that have one output or none. An output takes the slot of its message.
func compute(run *anyRun, computation StateComputation) {
	var data, state [gathered]any
	view := run.step.messages.now()
	for run.at < len(run.values) {
		count := fetch(run, &data, &state)
		values, flags := run.values[run.at:], run.flags[run.at:]
		values, flags = values[:count], flags[:count]
		run.messages.ready()
		for i, number := range values {
			result, changed := computation.Compute(data[i], state[i])
			*view.at(number) = result
			if result != nil {
				run.sent[run.written] = output{number, uint64(run.at)}
				run.written++
			} else {
				run.messages.free = append(run.messages.free, number)
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
func computeMulti(run *anyRun, computation StateComputationMulti) {
	var data, state [gathered]any
	full := len(run.sent)
	for run.at < len(run.values) && run.written < full {
		for i := range fetch(run, &data, &state) {
			results, changed := computation.Compute(data[i], state[i])
			emit(run, results)
			run.complete(changed)
			if run.written >= full {
				return
			}
		}
	}
}

// tryCompute is compute with an error result. It stops at the first message with an error.
func tryCompute(run *anyRun, computation TryComputation) {
	var data, state [gathered]any
	var one [1]any
	for run.at < len(run.values) {
		for i := range fetch(run, &data, &state) {
			result, changed, err := computation.TryCompute(data[i], state[i])
			if err != nil {
				run.refuse(err)
				return
			}
			one[0] = result
			emit(run, one[:])
			run.complete(changed)
		}
	}
}

// tryComputeMulti is computeMulti with an error result. It stops at the first message with an error.
func tryComputeMulti(run *anyRun, computation TryComputationMulti) {
	var data, state [gathered]any
	full := len(run.sent)
	for run.at < len(run.values) && run.written < full {
		for i := range fetch(run, &data, &state) {
			results, changed, err := computation.TryCompute(data[i], state[i])
			if err != nil {
				run.refuse(err)
				return
			}
			emit(run, results)
			run.complete(changed)
			if run.written >= full {
				return
			}
		}
	}
}

// emit writes the outputs of the message being computed. The first one takes its slot.
func emit(run *anyRun, results []any) {
	run.reserve(len(results))
	messages := run.step.messages.now()
	own := run.values[run.at]
	left := true
	for _, result := range results {
		switch {
		case result == nil:
			continue
		case left:
			left = false
			*messages.at(own) = result
			run.sent[run.written] = output{own, uint64(run.at)}
		default:
			run.sent[run.written] = output{run.outputs.put(result), uint64(run.at)}
		}
		run.written++
	}
	if left {
		*messages.at(own) = nil
		run.messages.give(own)
	}
}
