package keyed

// Expected is the outcome that a job must have with these messages: that of the simplest program.
func Expected(job *Job, feeds ...[]*Message) Outcome {
	program := &simple{states: [2]map[uint64]*State{{}, {}}}
	for _, messages := range feeds {
		for _, message := range messages {
			program.take(job, message)
		}
	}
	outcome, _ := OutcomeOf(program)
	return outcome
}

type simple struct {
	Runner
	states  [2]map[uint64]*State
	outputs Tally
}

func (simple *simple) take(job *Job, message *Message) {
	keys := [2]uint64{job.Partition(message), SecondPartition(message)}
	for step, key := range keys[:job.Steps] {
		state := simple.states[step][key]
		if state == nil {
			state = new(State)
			simple.states[step][key] = state
		}
		state.Count++
		state.Hash = state.Hash*prime + message.Value
	}
	for range job.Outputs {
		simple.outputs.Add(message)
	}
}

func (simple *simple) States(visit func(step int, key uint64, state *State)) error {
	for step, states := range simple.states {
		for key, state := range states {
			visit(step, key, state)
		}
	}
	return nil
}

func (simple *simple) Outputs() Tally { return simple.outputs }
