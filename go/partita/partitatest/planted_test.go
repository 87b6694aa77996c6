package partitatest_test

import (
	"strings"
	"testing"

	"github.com/partita-stream/partita/go/partita/partitatest"
)

// seeds are how many orders each program is run in, at most.
const seeds = 1000

// planted is a small program in two forms, one with a fault, and a property that it should have.
type planted struct {
	name string
	// says is part of what the property says when it fails.
	says     string
	property func(t testing.TB, seed uint64, faulty bool)
}

func TestTheFaultsOfTenProgramsAreFound(t *testing.T) {
	for _, program := range []planted{
		lastOrder, mailTwice, cachedPrice, oversold, pairs, lateRows, deltas, dropped, sessions, repaired,
	} {
		t.Run(program.name, func(t *testing.T) {
			seed, lines := partitatest.FirstFailure(t, seeds, func(t testing.TB, seed uint64) {
				program.property(t, seed, true)
			})
			if said := strings.Join(lines, "\n"); seed == 0 || !strings.Contains(said, program.says) {
				t.Errorf("seed %d says %q: expected %q in it", seed, said, program.says)
			}
			t.Logf("found with seed %d", seed)
			partitatest.Explore(t, seeds, func(t testing.TB, seed uint64) {
				program.property(t, seed, false)
			})
		})
	}
}
