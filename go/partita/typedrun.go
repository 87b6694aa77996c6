package partita

// #include "bridge.h"
import "C"

// computeKeyed computes messages of the typed API with the state of their key. They have any number of
// outputs; when the memory for them is full, the rest of the messages is left to another run.
//
// The message itself stays where it is until it is completed: should it fail, it is handed on.
func computeKeyed[K, In, S, Out any](run *runJob[In, keyed[K, S], Out], compute func(K, In, *S, *Emitter[Out]) (bool, error)) {
	var data [gathered]*In
	var parts [gathered]*keyed[K, S]
	out := &run.emitter
	out.begin(&run.runRoom)
	full := len(run.sent)
	for run.at < len(run.values) && run.written < full {
		count := run.touch(&data, &parts)
		values, flags := run.values[run.at:], run.flags[run.at:]
		values, flags = values[:count], flags[:count]
		run.messages.ready()
		for i, number := range values {
			part := parts[i]
			changed, err := compute(part.key, *data[i], &part.state, out)
			if err != nil {
				run.refuse(err)
				return
			}
			run.messages.store.clear(data[i])
			run.messages.free = append(run.messages.free, number)
			if changed {
				flags[i] = C.PARTITA_CHANGED
			}
			run.at++
			run.written = out.complete()
			if run.written >= full {
				return
			}
		}
	}
}

// touch finds the messages from `at` on, and their parts, as many as fit.
func (run *runJob[In, Part, Out]) touch(data *[gathered]*In, parts *[gathered]*Part) int {
	values, states := run.values[run.at:], run.states[run.at:]
	count := min(len(values), gathered)
	run.data.sum += touch(run.step.messages.now(), values[:count], data, run.pointers)
	run.state.sum += touch(run.step.parts.now(), states[:count], parts, false)
	return count
}
