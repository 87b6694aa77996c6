package main

import (
	"testing"
	"time"
)

func TestEveryMessageIsMeasured(t *testing.T) {
	if taken := measureHandOff(100); taken.TotalCount() != 100 {
		t.Errorf("%d hand-offs", taken.TotalCount())
	}
	for _, maker := range makers {
		taken, err := measureIdle(maker, 100)
		if err != nil || taken.TotalCount() != 100 {
			t.Errorf("%s: %d idle messages, %v", maker.name, taken.TotalCount(), err)
		}
		taken, err = measureRate(maker, 10_000, 50*time.Millisecond)
		if err != nil || taken.TotalCount() != 500 {
			t.Errorf("%s: %d messages at a rate, %v", maker.name, taken.TotalCount(), err)
		}
	}
}
