package workload

import (
	"testing"
	"unsafe"
)

func TestATickHas40Bytes(t *testing.T) {
	if size := unsafe.Sizeof(Tick{}); size != 40 {
		t.Errorf("a tick has %d bytes", size)
	}
}

func TestTicksAreTheMessages(t *testing.T) {
	input := NewInput(Messages(10, 100, 1))
	for i, message := range input.Messages {
		pointer := input.TickValues[i].(*Tick)
		if input.Ticks[i].SymbolMessage != *message || *pointer != input.Ticks[i] || pointer == &input.Ticks[i] {
			t.Fatalf("tick %d is %v, and %v behind a pointer, of message %v", i, input.Ticks[i], *pointer, *message)
		}
		if key := Key(message); TickKey(*pointer) != key || (TickPartitionFunction{}).Partition(pointer) != key {
			t.Fatalf("tick %d has another key than its message", i)
		}
	}
}

func TestATickUpdatesAsItsMessageDoes(t *testing.T) {
	state := new(Stock)
	output, changed := UpdateTick{}.Compute(&Tick{SymbolMessage: SymbolMessage{Symbol: "AAPL", Price: 12.5}}, state)
	if want := (Stock{Symbol: "AAPL", Price: 12.5}); output != nil || !changed || *state != want {
		t.Errorf("Compute returned %v, %v, and the state is %+v", output, changed, *state)
	}
}
