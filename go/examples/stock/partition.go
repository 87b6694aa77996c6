package main

// symbols are the stocks that have a state part in the second form.
var symbols = []string{"MSFT", "AMZN", "IBM", "GOOG", "AAPL"}

// SymbolPartitionFunction finds the key of a message: that of its symbol.
type SymbolPartitionFunction struct{}

// Partition returns the key of a [SymbolMessage].
func (SymbolPartitionFunction) Partition(data interface{}) uint64 {
	return symbolToKey(data.(SymbolMessage).GetSymbol())
}

// symbolToKey makes a number of a symbol of up to four characters: padded with spaces on the left
// to four, and read as a big-endian number of 32 bits.
func symbolToKey(symbol string) uint64 {
	key := uint32(0)
	for range 4 - len(symbol) {
		key = key<<8 | ' '
	}
	for i := range len(symbol) {
		key = key<<8 | uint32(symbol[i])
	}
	return uint64(key)
}

// symbolKeys returns the keys of all symbols that have a part.
func symbolKeys() []uint64 {
	keys := make([]uint64, 0, len(symbols))
	for _, symbol := range symbols {
		keys = append(keys, symbolToKey(symbol))
	}
	return keys
}
