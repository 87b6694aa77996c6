package byhand

import "github.com/partita-stream/partita/benches/go/keyed"

const (
	// gatherLength is the number of states that are looked up before the first of them is changed. Tried
	// were 8, 16, 32 and 64: there is no difference.
	gatherLength = 16

	// slabLength is the number of states that are allocated together.
	slabLength = 256
)

// table has the states of one goroutine. It is the map that Go has for the kind of key, with states that are
// allocated many at a time.
type table struct {
	numbers map[uint64]*keyed.State
	texts   map[string]*keyed.State
	// slab holds states that no key has yet.
	slab []keyed.State
}

func newTable(kind keyed.KeyKind) *table {
	if kind == keyed.Text {
		return &table{texts: make(map[string]*keyed.State)}
	}
	return &table{numbers: make(map[uint64]*keyed.State)}
}

// state returns the state of a message with such a key, which is made at its first use.
func (table *table) state(key uint64, message *keyed.Message) *keyed.State {
	if state := table.numbers[key]; state != nil {
		return state
	}
	return table.other(key, message)
}

// other is apart so that state can be inlined.
func (table *table) other(key uint64, message *keyed.Message) *keyed.State {
	if table.texts == nil {
		state := table.build()
		table.numbers[key] = state
		return state
	}
	state := table.texts[message.Symbol]
	if state == nil {
		state = table.build()
		table.texts[message.Symbol] = state
	}
	return state
}

func (table *table) build() *keyed.State {
	if len(table.slab) == 0 {
		table.slab = make([]keyed.State, slabLength)
	}
	state := &table.slab[0]
	table.slab = table.slab[1:]
	return state
}

// update computes entries in order. It looks several states up at once, so that cache misses overlap.
func (table *table) update(job *keyed.Job, entries []entry) {
	var gathered [gatherLength]*keyed.State
	for len(entries) > 0 {
		count := min(len(entries), gatherLength)
		for i, entry := range entries[:count] {
			gathered[i] = table.state(entry.key, entry.message)
		}
		for i, entry := range entries[:count] {
			job.Compute(entry.message, gathered[i])
		}
		entries = entries[count:]
	}
}

func (table *table) visit(step int, visit func(step int, key uint64, state *keyed.State)) {
	for key, state := range table.numbers {
		visit(step, key, state)
	}
	for key, state := range table.texts {
		visit(step, keyed.HashText(key), state)
	}
}
