package workload

// keyLength is the number of bytes of a symbol that make its key.
const keyLength = 4

// SymbolPartitionFunction finds the key of a *SymbolMessage.
type SymbolPartitionFunction struct{}

// Partition returns the key of data, which must be a *SymbolMessage.
func (SymbolPartitionFunction) Partition(data interface{}) uint64 {
	return symbolToKey(data.(*SymbolMessage).GetSymbol())
}

// Key is Partition for callers that know the type of their messages.
func Key(message *SymbolMessage) uint64 {
	return symbolToKey(message.Symbol)
}

// symbolToKey reads a symbol as a big-endian number of four bytes. A shorter symbol is padded on the
// left with spaces; of a longer one the first four bytes count.
func symbolToKey(symbol string) uint64 {
	if len(symbol) < keyLength {
		return shortSymbolToKey(symbol)
	}
	return uint64(uint32(symbol[3]) | uint32(symbol[2])<<8 | uint32(symbol[1])<<16 | uint32(symbol[0])<<24)
}

// shortSymbolToKey is symbolToKey for symbols that need padding.
func shortSymbolToKey(symbol string) uint64 {
	key := uint32(0x20202020)
	for i := 0; i < len(symbol); i++ {
		key = key<<8 | uint32(symbol[i])
	}
	return uint64(key)
}
