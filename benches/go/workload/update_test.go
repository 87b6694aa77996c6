package workload

import "testing"

func TestComputeKeepsThePriceAndHasNoOutput(t *testing.T) {
	state := StockBuilder{}.Build()
	output, changed := UpdateStock{}.Compute(&SymbolMessage{Symbol: "AAPL", Price: 12.5}, state)
	if output != nil || !changed {
		t.Errorf("Compute returned %v, %v, want nil, true", output, changed)
	}
	if want := (Stock{Symbol: "AAPL", Price: 12.5}); *state.(*Stock) != want {
		t.Errorf("state is %+v, want %+v", state, want)
	}
}
