package peers

import "github.com/partita-stream/partita/benches/go/workload"

// entry is a message on its way to a worker, with its key, so that the key is computed once.
type entry struct {
	key     uint64
	message *workload.SymbolMessage
}
