package peers

import "math/bits"

// place returns which of the given number of workers has key. It is a hash: the keys are not known
// beforehand, so they cannot be dealt evenly.
func place(key uint64, workers int) int {
	const golden = 0x9e3779b97f4a7c15
	worker, _ := bits.Mul64(key*golden, uint64(workers))
	return int(worker)
}
