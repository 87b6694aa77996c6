package main

import (
	"testing"
	"time"
)

func TestEverySystemComputesEveryMessageTwice(t *testing.T) {
	for _, system := range systems {
		values, err := measure(system, 3_000)
		if err != nil || len(values) != 2 {
			t.Errorf("%s: %v, %v", system.name, values, err)
		}
		for _, value := range values {
			if value.Value <= 0 {
				t.Errorf("%s: %v", system.name, value)
			}
		}
	}
}

func TestTheLongestGapIsFound(t *testing.T) {
	gaps := new(gaps)
	for number := range 10 * apart {
		if number == 5*apart {
			time.Sleep(20 * time.Millisecond)
		}
		gaps.message()
	}
	if longest := gaps.take(); longest < 20*time.Millisecond {
		t.Errorf("the longest gap is %v", longest)
	}
	gaps.message()
	if longest := gaps.take(); longest != 0 {
		t.Errorf("the longest gap is %v", longest)
	}
}
