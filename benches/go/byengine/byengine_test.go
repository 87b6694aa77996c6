package byengine

import (
	"fmt"
	"testing"

	"github.com/partita-stream/partita/benches/go/keyed"
)

func TestBothAPIsLeaveTheStatesOfTheMessagesInOrder(t *testing.T) {
	for _, system := range []keyed.System{Interfaces{}, Typed{}} {
		for _, job := range jobs() {
			job.Keys = nil
			name := fmt.Sprintf("%s/%+v", system.Name(), *job)
			job.Keys = keyed.Keys(100, job.Kind)
			for _, senders := range []int{1, 4} {
				t.Run(fmt.Sprintf("%s/senders=%d", name, senders), func(t *testing.T) {
					check(t, system, job, keyed.Messages(job.Keys, 20_001, 0), senders)
				})
			}
		}
	}
}

func jobs() (jobs []*keyed.Job) {
	for _, kind := range []keyed.KeyKind{keyed.Number, keyed.Symbol, keyed.Text} {
		jobs = append(jobs, &keyed.Job{Workers: 2, Kind: kind, Steps: 1, Batch: 64},
			&keyed.Job{Workers: 2, Kind: kind, Steps: 1, Batch: 64, Declared: true})
	}
	for _, outputs := range []int{1, 3} {
		for _, steps := range []int{1, 2} {
			jobs = append(jobs, &keyed.Job{Workers: 2, Steps: steps, Outputs: outputs, Batch: 64})
		}
	}
	return append(jobs, &keyed.Job{Workers: 2, Steps: 1, Stateless: 3, Batch: 64})
}

func check(t *testing.T, system keyed.System, job *keyed.Job, messages []*keyed.Message, senders int) {
	runner, err := system.Open(job)
	if err != nil {
		t.Fatal(err)
	}
	for _, input := range []*keyed.Input{keyed.NewInput(job.Keys, 1), keyed.NewInput(messages, senders)} {
		if err := runner.Feed(input); err != nil {
			t.Fatal(err)
		}
	}
	got, err := keyed.OutcomeOf(runner)
	if want := keyed.Expected(job, job.Keys, messages); err != nil || got != want {
		t.Errorf("%v, %v, want %v", got, err, want)
	}
	if err := runner.Close(); err != nil {
		t.Error(err)
	}
}
