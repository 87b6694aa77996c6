package partita

// #include "bridge.h"
import "C"

// tries tells whether the step's computation, in either form, has results with an error.
func (step *step) tries() bool { return step.try != nil || step.tryMulti != nil }

// attempt computes a message, in either form. A single output is returned in the room for one.
func (step *step) attempt(data, state any, one *[1]any) (results []any, changed bool, err error) {
	if step.tryMulti != nil {
		return step.tryMulti.TryCompute(data, state)
	}
	one[0], changed, err = step.try.TryCompute(data, state)
	return one[:], changed, err
}

// tryCompute computes messages up to the first one with an error. When the memory for outputs is
// full, the rest is left to another run.
func (run *runJob) tryCompute() {
	var data, state [gathered]any
	var one [1]any
	full := len(run.outputs)
	for run.at < len(run.values) && run.written < full {
		for i := range run.fetch(&data, &state) {
			results, changed, err := run.step.attempt(data[i], state[i], &one)
			if err != nil {
				run.refuse(err)
				return
			}
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

// refuse fails the message being computed.
func (run *runJob) refuse(err error) {
	run.refusal = cut(run.describe()+": "+err.Error(), int(run.failure.capacity), "...")
	// What is skipped is not kept: the error may hold on to anything.
	if run.step.policy == stop {
		run.worker.blame.CompareAndSwap(nil, &blame{text: run.refusal, err: err})
	}
}
