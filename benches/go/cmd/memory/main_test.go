package main

import "testing"

func TestEverySystemFills(t *testing.T) {
	for _, system := range systems {
		if kept, err := system.fill(3_000); err != nil || kept == nil {
			t.Errorf("%s: %v", system.name, err)
		}
	}
	if size, err := resident(); err != nil || size < 1<<20 {
		t.Errorf("the resident set is %d, %v", size, err)
	}
}
