package workload

import (
	"encoding/binary"
	"fmt"
	"testing"
)

func TestKeyIsThePaddedSymbolReadBigEndian(t *testing.T) {
	for _, symbol := range []string{"", "A", "GE", "IBM", "AAPL", "0000", "GOOGL"} {
		want := uint64(binary.BigEndian.Uint32([]byte(fmt.Sprintf("%4s", symbol))))
		message := &SymbolMessage{Symbol: symbol}
		if got := Key(message); got != want {
			t.Errorf("Key of %q is %#x, want %#x", symbol, got, want)
		}
		if got := (SymbolPartitionFunction{}).Partition(message); got != want {
			t.Errorf("Partition of %q is %#x, want %#x", symbol, got, want)
		}
	}
}
