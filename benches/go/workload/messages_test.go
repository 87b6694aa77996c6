package workload

import (
	"reflect"
	"testing"
	"unsafe"
)

func TestMessagesAreTheSameForTheSameSeed(t *testing.T) {
	if !reflect.DeepEqual(Messages(10, 100, 7), Messages(10, 100, 7)) {
		t.Error("two calls with one seed differ")
	}
	if reflect.DeepEqual(Messages(10, 100, 7), Messages(10, 100, 8)) {
		t.Error("two seeds lead to the same messages")
	}
}

func TestMessagesHaveAsManyKeysAsAskedFor(t *testing.T) {
	for _, keys := range []int{1, 4, 1000} {
		symbols := make(map[string]bool)
		for _, message := range Messages(keys, 20*keys, 1) {
			symbols[message.Symbol] = true
		}
		if len(symbols) != keys {
			t.Errorf("%d different symbols, want %d", len(symbols), keys)
		}
	}
}

func TestMessagesOfOneKeyShareTheirString(t *testing.T) {
	first := make(map[string]*byte)
	for _, message := range Messages(4, 100, 1) {
		bytes := unsafe.StringData(message.Symbol)
		if seen, ok := first[message.Symbol]; ok && seen != bytes {
			t.Fatalf("symbol %s has a second string", message.Symbol)
		}
		first[message.Symbol] = bytes
	}
}

func TestMessagesHaveDifferentPrices(t *testing.T) {
	prices := make(map[float64]bool)
	for _, message := range Messages(4, 1000, 1) {
		if prices[message.Price] {
			t.Fatalf("price %v comes twice", message.Price)
		}
		prices[message.Price] = true
	}
}

func TestEverySymbolIsDifferent(t *testing.T) {
	seen := make(map[string]bool, SymbolsMax)
	for number := range SymbolsMax {
		seen[symbolOf(number)] = true
	}
	if len(seen) != SymbolsMax {
		t.Errorf("%d different symbols, want %d", len(seen), SymbolsMax)
	}
}
