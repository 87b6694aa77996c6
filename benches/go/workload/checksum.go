package workload

import (
	"fmt"
	"math"
)

// Checksum stands for a set of final states. Two are equal if the states were the same, in whatever
// order they were added.
type Checksum struct {
	Keys int
	Sum  uint64
}

// Add takes one final state into the checksum.
func (c *Checksum) Add(stock *Stock) {
	c.Keys++
	c.Sum += mix(symbolToKey(stock.Symbol) ^ mix(math.Float64bits(stock.Price)))
}

// String shows the number of keys beside the sum, which tells a lost key from a wrong price.
func (c Checksum) String() string {
	return fmt.Sprintf("%d keys, sum %016x", c.Keys, c.Sum)
}

// Expected returns the checksum that messages must lead to: the last price of every symbol.
func Expected(messages []*SymbolMessage) Checksum {
	last := make(map[string]*SymbolMessage)
	for _, message := range messages {
		last[message.Symbol] = message
	}
	var checksum Checksum
	for _, message := range last {
		checksum.Add(&Stock{Symbol: message.Symbol, Price: message.Price})
	}
	return checksum
}

// mix scatters the bits of a number (the finalizer of SplitMix64).
func mix(bits uint64) uint64 {
	bits = (bits ^ bits>>30) * 0xbf58476d1ce4e5b9
	bits = (bits ^ bits>>27) * 0x94d049bb133111eb
	return bits ^ bits>>31
}
