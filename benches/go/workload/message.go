package workload

// SymbolMessage is one message: a new price for a symbol.
type SymbolMessage struct {
	Symbol string
	Price  float64
}

// GetSymbol returns the symbol the message is about.
func (m *SymbolMessage) GetSymbol() string {
	return m.Symbol
}
