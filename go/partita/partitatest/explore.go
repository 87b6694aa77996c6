package partitatest

import (
	"os"
	"strconv"
	"strings"
	"testing"
)

// Explore runs a property with the seeds from 1 to a number, each time on a goroutine of its own and with
// a t of its own: what that logs is told, and the test fails, only for the first seed with which the
// property fails. Explore then says how to run that seed again. With PARTITA_SEED=n in the environment it
// runs that one only; PARTITA_SEEDS=n runs so many.
func Explore(t testing.TB, seeds int, property func(t testing.TB, seed uint64)) {
	t.Helper()
	first, last := seedRange(t, seeds)
	switch {
	case property == nil:
		t.Fatalf("Explore: the property is nil: expected a function")
	case last < first:
		t.Fatalf("Explore: no seeds: expected 1 or more, got %d", seeds)
	}
	if failed := find(t, first, last, property); failed != nil {
		t.Fatalf("%s\nthis was seed %d; to run it again:\n    PARTITA_SEED=%d go test -run '%s'",
			strings.Join(failed.lines, "\n"), failed.seed, failed.seed, pattern(t.Name()))
	}
}

// seedRange tells which seeds to run.
func seedRange(t testing.TB, seeds int) (first, last uint64) {
	t.Helper()
	if only, given := fromEnvironment(t, "PARTITA_SEED"); given {
		return only, only
	}
	if given, is := fromEnvironment(t, "PARTITA_SEEDS"); is {
		return 1, given
	}
	return 1, uint64(max(seeds, 0))
}

func fromEnvironment(t testing.TB, name string) (number uint64, given bool) {
	t.Helper()
	text, given := os.LookupEnv(name)
	if !given {
		return 0, false
	}
	number, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		t.Fatalf("%s=%s: expected a number", name, text)
	}
	return number, true
}

// find runs a property with these seeds, and returns the first run that fails.
func find(t testing.TB, first, last uint64, property func(t testing.TB, seed uint64)) *trial {
	for seed := first; seed <= last && seed >= first; seed++ {
		if trial := newTrial(t, seed); !trial.passes(property) {
			return trial
		}
	}
	return nil
}

// pattern is what go test -run takes for one test.
func pattern(name string) string {
	parts := strings.Split(name, "/")
	for i, part := range parts {
		parts[i] = "^" + part + "$"
	}
	return strings.Join(parts, "/")
}
