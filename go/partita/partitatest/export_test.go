package partitatest

import "testing"

// FirstFailure runs a property with seeds from 1 on, and returns the first with which it fails, and what it
// said; or 0.
func FirstFailure(t testing.TB, seeds uint64, property func(t testing.TB, seed uint64)) (seed uint64, lines []string) {
	failed := find(t, 1, seeds, property)
	if failed == nil {
		return 0, nil
	}
	return failed.seed, failed.lines
}
