package peers

import (
	"fmt"
	"testing"

	"github.com/partita-stream/partita/benches/go/workload"
)

var all = []workload.System{Direct{}, Channels{}, Slices{}}

func TestEveryPeerLeavesTheLastPriceOfEveryKey(t *testing.T) {
	for _, system := range all {
		for _, workers := range []int{1, 2, 3} {
			for _, keys := range []int{1, 4, 1000, 20_000} {
				for _, count := range []int{0, 1, sliceLength, 50_001} {
					name := fmt.Sprintf("%s/workers=%d/keys=%d/messages=%d", system.Name(), workers, keys, count)
					t.Run(name, func(t *testing.T) {
						checkFinalStates(t, system, workers, workload.Messages(keys, count, 1))
					})
				}
			}
		}
	}
}

// checkFinalStates runs messages through system and compares the states with those expected.
func checkFinalStates(t *testing.T, system workload.System, workers int, messages []*workload.SymbolMessage) {
	round, err := system.Prepare(workers)
	if err != nil {
		t.Fatal(err)
	}
	if err := round.Run(workload.NewInput(messages)); err != nil {
		t.Fatal(err)
	}
	var states workload.Checksum
	round.States(states.Add)
	if want := workload.Expected(messages); states != want {
		t.Errorf("final states: %v, want %v", states, want)
	}
	if err := round.Close(); err != nil {
		t.Error(err)
	}
}

func TestPlaceUsesEveryWorker(t *testing.T) {
	const workers = 3
	var counts [workers]int
	for _, message := range workload.Messages(1000, 30_000, 1) {
		counts[place(workload.Key(message), workers)]++
	}
	for worker, count := range counts {
		if count < 8_000 || count > 12_000 {
			t.Errorf("worker %d of %d has %d messages of 30000", worker, workers, count)
		}
	}
}
