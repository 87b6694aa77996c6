// Package peers holds the stock workload written by hand in plain Go, in the ways an engine for it has
// to be compared with: Direct, Channels and Slices. Each is a workload.System in a file of its own.
//
// They promise what the workload needs: no two goroutines see a state at once, and messages of one key
// are computed in the order sent. They do nothing else: no bounds on memory other than their
// channels, no errors, no outputs.
package peers
