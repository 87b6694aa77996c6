package keyed

import "fmt"

// Outcome stands for the final states and the outputs of a round. Two are equal if those were, in whatever
// order they were visited.
type Outcome struct {
	States  int
	Sum     uint64
	Outputs Tally
}

// OutcomeOf reads the outcome of a round.
func OutcomeOf(runner Runner) (Outcome, error) {
	var outcome Outcome
	err := runner.States(func(step int, key uint64, state *State) {
		outcome.States++
		outcome.Sum += mix(key + mix(state.Hash+mix(state.Count+uint64(step))))
	})
	outcome.Outputs = runner.Outputs()
	return outcome, err
}

// String tells a lost key from a wrong state.
func (outcome Outcome) String() string {
	return fmt.Sprintf("%d states, sum %016x, %d outputs, sum %016x",
		outcome.States, outcome.Sum, outcome.Outputs.Count, outcome.Outputs.Sum)
}
