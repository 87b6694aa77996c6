//go:build !race

package partita_test

// raceEnabled says that the race detector is on, which allocates on its own.
const raceEnabled = false
