package main

import "testing"

func TestUpdateStock(t *testing.T) {
	stock := new(Stock)
	for _, price := range []float64{1, 2} {
		output, changed := UpdateStock{}.Compute(&Stock{"IBM", price}, stock)
		if output != nil || !changed {
			t.Errorf("got output %v, changed %v; expected none, true", output, changed)
		}
	}
	if want := (Stock{"IBM", 2}); *stock != want {
		t.Errorf("got state %v, expected %v", *stock, want)
	}
}

func TestUpdateStocks(t *testing.T) {
	stocks := NewStocks()
	for _, message := range []Stock{{"IBM", 1}, {"A", 5}, {"IBM", 2}} {
		output, changed := UpdateStocks{}.Compute(&message, stocks)
		if output != nil || !changed {
			t.Errorf("got output %v, changed %v; expected none, true", output, changed)
		}
	}
	if got, want := *stocks.Get("IBM"), (Stock{"IBM", 2}); got != want {
		t.Errorf("got state %v, expected %v", got, want)
	}
	if got := len(stocks.All()); got != 2 {
		t.Errorf("got %d stocks, expected 2", got)
	}
}
