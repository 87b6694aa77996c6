package main

import "time"

// work is processor time to spend, as rounds of a loop. Waiting for a clock instead would count
// also the time in which another thread has the processor.
type work struct {
	rounds int
}

// newWork makes work of about the duration, by measuring how fast the loop is.
func newWork(duration time.Duration) work {
	if duration <= 0 {
		return work{}
	}
	const rounds = 1 << 20
	fastest := time.Duration(1<<63 - 1)
	for range 5 {
		started := time.Now()
		work{rounds: rounds}.do()
		fastest = min(fastest, time.Since(started))
	}
	perRound := float64(max(fastest, 1)) / rounds
	return work{rounds: max(1, int(float64(duration)/perRound))}
}

// do spends the time.
func (work work) do() {
	if spin(work.rounds) == 0 {
		panic("stock: a xorshift generator does not reach 0")
	}
}

// spin computes numbers of a xorshift generator and returns the last one: never 0.
//
//go:noinline
func spin(rounds int) uint64 {
	x := uint64(0x9e3779b97f4a7c15)
	for range rounds {
		x ^= x << 13
		x ^= x >> 7
		x ^= x << 17
	}
	return x
}
