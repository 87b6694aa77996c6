package workload

// Stock is the state of one key: the last price seen for a symbol.
type Stock struct {
	Symbol string
	Price  float64
}

// StockBuilder makes the state of a key at its first use.
type StockBuilder struct{}

// Build returns an empty *Stock.
func (StockBuilder) Build() interface{} {
	return &Stock{}
}
