package partita

import (
	"testing"
	"time"
)

func TestNoMoreThanTenASecondAreLoggedAndTheNextSaysHowManyWereLeftOut(t *testing.T) {
	var limit logLimit
	begin := time.Now()
	told := 0
	for n := range 25 {
		if leftOut, admitted := limit.admit(begin.Add(time.Duration(n) * time.Millisecond)); admitted {
			if told++; leftOut != 0 {
				t.Errorf("%d were left out before there were ten", leftOut)
			}
		}
	}
	if told != logMost {
		t.Errorf("%d were told, expected %d", told, logMost)
	}
	for _, want := range []uint64{15, 0} {
		if leftOut, admitted := limit.admit(begin.Add(time.Second)); leftOut != want || !admitted {
			t.Errorf("%d were left out, %v, expected %d", leftOut, admitted, want)
		}
	}
}
