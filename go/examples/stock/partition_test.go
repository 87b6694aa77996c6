package main

import "testing"

func TestSymbolToKey(t *testing.T) {
	for symbol, want := range map[string]uint64{
		"MSFT": 0x4d534654,
		"IBM":  0x2049424d,
		"GO":   0x2020474f,
		"A":    0x20202041,
		"":     0x20202020,
	} {
		if got := symbolToKey(symbol); got != want {
			t.Errorf("%q: got %#x, expected %#x", symbol, got, want)
		}
	}
}

func TestSymbolKeys(t *testing.T) {
	keys := symbolKeys()
	if len(keys) != 5 {
		t.Fatalf("got %d keys, expected 5", len(keys))
	}
	seen := make(map[uint64]bool)
	for _, key := range keys {
		if seen[key] {
			t.Errorf("key %#x is there twice", key)
		}
		seen[key] = true
	}
}

func TestPartition(t *testing.T) {
	got := SymbolPartitionFunction{}.Partition(&Stock{Symbol: "IBM", Price: 1})
	if want := symbolToKey("IBM"); got != want {
		t.Errorf("got %#x, expected %#x", got, want)
	}
}
