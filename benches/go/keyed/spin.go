package keyed

import (
	"slices"
	"time"
)

// work computes for longer. It is apart so that Compute can be inlined.
func (state *State) work(turns int) { state.Work += spin(turns) }

// spin does turns of multiplications that wait for each other. It looks at no clock: what is computed while
// others use the processor is not for free.
//
//go:noinline
func spin(turns int) uint64 {
	bits := uint64(turns)
	for range turns {
		bits = bits*prime + 1
	}
	return bits
}

// Turns returns how many turns take so long on this machine.
func Turns(length time.Duration) int {
	const turns = 1_000_000
	var took [5]time.Duration
	var state State
	for i := range took {
		start := time.Now()
		state.work(turns)
		took[i] = time.Since(start)
	}
	return int(turns * length / slices.Min(took[:]))
}
