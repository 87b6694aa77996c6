package peers

import "github.com/partita-stream/partita/benches/go/workload"

// table holds the states of one goroutine by key.
type table map[uint64]*workload.Stock

// stock returns the state of key, which is made at its first use.
func (t table) stock(key uint64) *workload.Stock {
	stock := t[key]
	if stock == nil {
		stock = t.build(key)
	}
	return stock
}

// build makes the state of key. It is apart so that stock can be inlined.
func (t table) build(key uint64) *workload.Stock {
	stock := &workload.Stock{}
	t[key] = stock
	return stock
}

// visit calls f for every state.
func (t table) visit(f func(*workload.Stock)) {
	for _, stock := range t {
		f(stock)
	}
}
