package main

import "testing"

func TestEverySystemFillsAndTakesMessagesAgain(t *testing.T) {
	for _, system := range systems {
		filled, err := system.fill(3_000)
		if err != nil {
			t.Errorf("%s: %v", system.name, err)
			continue
		}
		if filled.repeated() != 3_000 {
			t.Errorf("%s: %d keys are repeated", system.name, filled.repeated())
		}
		if err := filled.repeat(2); err != nil {
			t.Errorf("%s: %v", system.name, err)
		}
	}
	if size, err := resident(); err != nil || size < 1<<20 {
		t.Errorf("the resident set is %d, %v", size, err)
	}
}

func TestEveryQueueHoldsWhatIsPutThere(t *testing.T) {
	for _, queue := range queues {
		hold, err := queue.open(3_000)
		if err != nil {
			t.Errorf("%s: %v", queue.name, err)
			continue
		}
		for _, step := range []func() error{func() error { return hold.put(3_000) }, hold.release} {
			if err := step(); err != nil {
				t.Errorf("%s: %v", queue.name, err)
			}
		}
	}
}
