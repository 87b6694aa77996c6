package peers

import "github.com/partita-stream/partita/benches/go/workload"

const (
	// gatherLength is the number of states that are looked up before the first of them is changed.
	gatherLength = 16

	// slabLength is the number of states that are allocated together.
	slabLength = 256
)

// gatherTable is a table for many messages at a time.
type gatherTable struct {
	stocks map[uint64]*workload.Stock
	// slab holds states that no key has yet.
	slab []workload.Stock
}

func newGatherTable() *gatherTable {
	return &gatherTable{stocks: make(map[uint64]*workload.Stock)}
}

// update computes entries in order.
func (t *gatherTable) update(entries []entry) {
	var gathered [gatherLength]*workload.Stock
	for len(entries) > 0 {
		count := min(len(entries), gatherLength)
		for i, entry := range entries[:count] {
			gathered[i] = t.stock(entry.key)
		}
		for i, entry := range entries[:count] {
			workload.Update(entry.message, gathered[i])
		}
		entries = entries[count:]
	}
}

// stock returns the state of key, which is made at its first use.
func (t *gatherTable) stock(key uint64) *workload.Stock {
	stock := t.stocks[key]
	if stock == nil {
		stock = t.build(key)
	}
	return stock
}

// build makes the state of key. It is apart so that stock can be inlined.
func (t *gatherTable) build(key uint64) *workload.Stock {
	if len(t.slab) == 0 {
		t.slab = make([]workload.Stock, slabLength)
	}
	stock := &t.slab[0]
	t.slab = t.slab[1:]
	t.stocks[key] = stock
	return stock
}

// visit calls f for every state.
func (t *gatherTable) visit(f func(*workload.Stock)) {
	for _, stock := range t.stocks {
		f(stock)
	}
}
