package byhand

import (
	"fmt"
	"testing"

	"github.com/partita-stream/partita/benches/go/keyed"
)

var (
	whole = []keyed.System{Direct{}, Channels{}, Slices{}}
	all   = append([]keyed.System{Cores{}, Mutex{}, Striped{}, SyncMap{}, Actors{}}, whole...)
)

func TestEverySystemLeavesTheStatesOfTheMessagesInOrder(t *testing.T) {
	for _, kind := range []keyed.KeyKind{keyed.Number, keyed.Symbol, keyed.Text} {
		for _, senders := range []int{1, 4} {
			for _, count := range []int{0, 1, 1024, 50_001} {
				job := &keyed.Job{Workers: 3, Keys: keyed.Keys(1000, kind), Kind: kind, Steps: 1, Batch: 64}
				t.Run(fmt.Sprintf("kind=%d/senders=%d/messages=%d", kind, senders, count), func(t *testing.T) {
					checkOutcomes(t, all, job, keyed.Messages(job.Keys, count, 0), senders)
				})
			}
		}
	}
}

func TestOutputsAndSecondStepsAreThoseOfTheDirectLoop(t *testing.T) {
	for _, outputs := range []int{0, 1, 3} {
		for _, steps := range []int{1, 2} {
			job := &keyed.Job{Workers: 2, Keys: keyed.Keys(100, keyed.Number), Steps: steps, Outputs: outputs, Batch: 64}
			t.Run(fmt.Sprintf("outputs=%d/steps=%d", outputs, steps), func(t *testing.T) {
				checkOutcomes(t, whole, job, keyed.Messages(job.Keys, 20_001, 1.1), 1)
			})
		}
	}
}

// checkOutcomes feeds the keys and then messages to each system, and compares it with the simplest program.
func checkOutcomes(t *testing.T, systems []keyed.System, job *keyed.Job, messages []*keyed.Message, senders int) {
	want := keyed.Expected(job, job.Keys, messages)
	for _, system := range systems {
		runner, err := system.Open(job)
		if err != nil {
			t.Fatal(err)
		}
		for _, input := range []*keyed.Input{keyed.NewInput(job.Keys, 1), keyed.NewInput(messages, senders)} {
			if preparer, ok := runner.(keyed.Preparer); ok {
				preparer.Prepare(input)
			}
			if err := runner.Feed(input); err != nil {
				t.Fatal(err)
			}
		}
		got, err := keyed.OutcomeOf(runner)
		if err != nil || got != want {
			t.Errorf("%s: %v, %v, want %v", system.Name(), got, err, want)
		}
		if err := runner.Close(); err != nil {
			t.Error(err)
		}
	}
}

// One sender, 1,000 and 1,000,000 keys: to tune the systems.
func BenchmarkSystems(b *testing.B) {
	for _, keys := range []int{1_000, 1_000_000} {
		job := &keyed.Job{Workers: 2, Keys: keyed.Keys(keys, keyed.Number), Steps: 1, Batch: 1024}
		input := keyed.NewInput(keyed.Messages(job.Keys, 2_000_000, 0), 1)
		for _, system := range all {
			b.Run(fmt.Sprintf("keys=%d/%s", keys, system.Name()), func(b *testing.B) { benchmark(b, system, job, input) })
		}
	}
}

func benchmark(b *testing.B, system keyed.System, job *keyed.Job, input *keyed.Input) {
	runner, err := system.Open(job)
	if err != nil {
		b.Fatal(err)
	}
	defer runner.Close()
	for _, input := range []*keyed.Input{keyed.NewInput(job.Keys, 1), input} {
		if preparer, ok := runner.(keyed.Preparer); ok {
			preparer.Prepare(input)
		}
		if err := runner.Feed(input); err != nil {
			b.Fatal(err)
		}
	}
	for b.Loop() {
		if err := runner.Feed(input); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*2_000_000), "ns/message")
}
