package main

import (
	"errors"
	"fmt"
	"runtime"
	"time"

	"github.com/partita-stream/partita/benches/go/keyed"
)

// series are the rounds of one system.
type series struct {
	system string
	rounds []sample
}

// sample is the outcome of one round.
type sample struct {
	elapsed time.Duration
	// mallocs counts the objects allocated on the Go heap, and collecting is the time of all processors that
	// went into their collection, while the clock ran.
	mallocs    uint64
	collecting time.Duration
}

// trial is what the systems of a bench are fed, and what must come out.
type trial struct {
	job         *keyed.Job
	keys, input *keyed.Input
	cold        bool
	want        keyed.Outcome
}

func newTrial(bench bench) *trial {
	job := bench.job
	job.Keys = keyed.Keys(bench.keys, job.Kind)
	if bench.work > 0 {
		job.Work = keyed.Turns(bench.work)
	}
	messages := keyed.Messages(job.Keys, bench.messages, bench.zipf)
	trial := &trial{job: &job, input: keyed.NewInput(messages, bench.senders), cold: bench.cold}
	if bench.cold {
		trial.want = keyed.Expected(&job, messages)
		return trial
	}
	trial.keys = keyed.NewInput(job.Keys, 1)
	trial.want = keyed.Expected(&job, job.Keys, messages)
	return trial
}

// measure runs all systems in turn, round by round. Each round begins with another of them.
func measure(bench bench, rounds int) ([]series, error) {
	trial := newTrial(bench)
	all := make([]series, len(bench.systems))
	for round := range rounds + 1 {
		for turn := range bench.systems {
			i := (round + turn) % len(bench.systems)
			system := bench.systems[i]
			sample, err := trial.run(system)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", system.Name(), err)
			}
			if all[i].system = system.Name(); round > 0 {
				all[i].rounds = append(all[i].rounds, sample)
			}
		}
	}
	return all, nil
}

// run runs a system once, from its beginning to its end.
func (trial *trial) run(system keyed.System) (sample sample, err error) {
	runner, err := system.Open(trial.job)
	if err != nil {
		return sample, err
	}
	defer func() { err = errors.Join(err, runner.Close()) }()
	if !trial.cold {
		if err := feed(runner, trial.keys); err != nil {
			return sample, err
		}
	}
	if preparer, ok := runner.(keyed.Preparer); ok {
		preparer.Prepare(trial.input)
	}
	if err := sample.clock(runner, trial.input); err != nil {
		return sample, err
	}
	return sample, trial.compare(runner)
}

func feed(runner keyed.Runner, input *keyed.Input) error {
	if preparer, ok := runner.(keyed.Preparer); ok {
		preparer.Prepare(input)
	}
	return runner.Feed(input)
}

func (trial *trial) compare(runner keyed.Runner) error {
	got, err := keyed.OutcomeOf(runner)
	if err == nil && got != trial.want {
		err = fmt.Errorf("the outcome is %v, expected %v", got, trial.want)
	}
	return err
}

// clock runs the timed part, after a collection of what was left behind.
func (sample *sample) clock(runner keyed.Runner, input *keyed.Input) error {
	runtime.GC()
	mallocs, collecting := allocated()
	start := time.Now()
	err := runner.Feed(input)
	sample.elapsed = time.Since(start)
	mallocsAfter, collectingAfter := allocated()
	sample.mallocs, sample.collecting = mallocsAfter-mallocs, collectingAfter-collecting
	return err
}
