package main

import (
	"errors"
	"runtime"
	"time"

	"github.com/partita-stream/partita/benches/go/workload"
)

// sample is the outcome of one round of one system.
type sample struct {
	elapsed time.Duration
	// mallocs counts the objects allocated on the Go heap while the clock ran.
	mallocs uint64
	states  workload.Checksum
}

// runRound runs a system once, from its preparation to its end.
func runRound(system workload.System, input *workload.Input, workers int) (taken sample, err error) {
	round, err := system.Prepare(workers)
	if err != nil {
		return sample{}, err
	}
	defer func() { err = errors.Join(err, round.Close()) }()
	if err := taken.clock(round, input); err != nil {
		return sample{}, err
	}
	round.States(taken.states.Add)
	return taken, nil
}

// clock runs the timed part, after a collection of what earlier rounds left behind.
func (s *sample) clock(round workload.Round, input *workload.Input) error {
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	start := time.Now()
	err := round.Run(input)
	s.elapsed = time.Since(start)
	runtime.ReadMemStats(&after)
	s.mallocs = after.Mallocs - before.Mallocs
	return err
}
