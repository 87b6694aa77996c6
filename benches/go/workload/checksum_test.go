package workload

import "testing"

func checksumOf(stocks ...*Stock) (sum Checksum) {
	for _, stock := range stocks {
		sum.Add(stock)
	}
	return sum
}

func TestChecksumIsIndependentOfTheOrder(t *testing.T) {
	a, b := &Stock{"AAAA", 1}, &Stock{"BBBB", 2}
	if checksumOf(a, b) != checksumOf(b, a) {
		t.Error("the order of the states changes the checksum")
	}
}

func TestChecksumTellsStatesApart(t *testing.T) {
	want := checksumOf(&Stock{"AAAA", 1}, &Stock{"BBBB", 2})
	for name, got := range map[string]Checksum{
		"swapped prices": checksumOf(&Stock{"AAAA", 2}, &Stock{"BBBB", 1}),
		"another price":  checksumOf(&Stock{"AAAA", 1}, &Stock{"BBBB", 3}),
		"another key":    checksumOf(&Stock{"AAAA", 1}, &Stock{"CCCC", 2}),
		"a lost key":     checksumOf(&Stock{"AAAA", 1}),
		"a second part":  checksumOf(&Stock{"AAAA", 1}, &Stock{"BBBB", 2}, &Stock{"BBBB", 2}),
	} {
		if got == want {
			t.Errorf("%s: same checksum", name)
		}
	}
}

func TestExpectedHoldsTheLastPriceOfEveryKey(t *testing.T) {
	messages := []*SymbolMessage{{"AAAA", 1}, {"BBBB", 2}, {"AAAA", 3}}
	if want := checksumOf(&Stock{"AAAA", 3}, &Stock{"BBBB", 2}); Expected(messages) != want {
		t.Errorf("Expected is %v, want %v", Expected(messages), want)
	}
}
