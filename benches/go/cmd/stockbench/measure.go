package main

import (
	"fmt"
	"time"

	"github.com/partita-stream/partita/benches/go/workload"
)

// series is what the counted rounds of one system took.
type series struct {
	system  string
	elapsed []time.Duration
	mallocs []uint64
}

// measure runs all systems over the same messages, round by round in turn, so that a disturbance of
// the machine falls on all of them. Each round another system begins.
func measure(systems []workload.System, keys int, options options) ([]series, error) {
	input := workload.NewInput(workload.Messages(keys, options.messages, options.seed))
	want := workload.Expected(input.Messages)
	all := make([]series, len(systems))
	for i, system := range systems {
		all[i].system = system.Name()
	}
	for round := 0; round <= options.rounds; round++ {
		for turn := range systems {
			i := (round + turn) % len(systems)
			sample, err := runRound(systems[i], input, options.workers)
			if err == nil && sample.states != want {
				err = fmt.Errorf("final states are wrong: %v, want %v", sample.states, want)
			}
			if err != nil {
				return nil, fmt.Errorf("%d keys, round %d, %s: %w", keys, round, systems[i].Name(), err)
			}
			if round > 0 {
				all[i].elapsed = append(all[i].elapsed, sample.elapsed)
				all[i].mallocs = append(all[i].mallocs, sample.mallocs)
			}
		}
	}
	return all, nil
}
