// Package byhand holds keyed state as programs do it by hand in plain Go, and with a library of actors: what
// an engine for it has to be compared with. Each is a keyed.System in a file of its own.
//
// They promise what the jobs need: no two goroutines see a state at once, and messages of one key are computed
// in the order sent. They do nothing else: no bounds on memory other than their channels, no errors, no counters.
package byhand
