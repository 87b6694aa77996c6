package byhand

import (
	"math/bits"

	"github.com/partita-stream/partita/benches/go/keyed"
)

// entry is a message on its way to a worker, with its key, so that the key is computed once.
type entry struct {
	key     uint64
	message *keyed.Message
}

// place returns which of the workers has a key. It is a hash: the keys are not known beforehand, so they cannot
// be dealt evenly.
func place(key uint64, workers int) int {
	const golden = 0x9e3779b97f4a7c15
	worker, _ := bits.Mul64(key*golden, uint64(workers))
	return int(worker)
}
