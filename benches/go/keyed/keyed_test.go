package keyed

import (
	"testing"
	"time"
)

func TestOutcomesTellWhatIsLostTwiceOrOutOfOrder(t *testing.T) {
	job := &Job{Keys: Keys(1, Number), Steps: 1}
	messages := Messages(job.Keys, 4, 0)
	a, b, c, d := messages[0], messages[1], messages[2], messages[3]
	want := Expected(job, messages)
	for name, wrong := range map[string][]*Message{
		"lost": {a, b, d}, "twice": {a, b, b, c, d}, "out of order": {a, c, b, d},
	} {
		if Expected(job, wrong) == want {
			t.Errorf("%s: same outcome", name)
		}
	}
}

func TestEveryKeyIsAnother(t *testing.T) {
	for _, kind := range []KeyKind{Number, Symbol, Text} {
		job := &Job{Kind: kind}
		seen := make(map[uint64]bool)
		for _, message := range Keys(100_000, kind) {
			seen[job.Partition(message)] = true
		}
		if len(seen) != 100_000 {
			t.Errorf("kind %d: %d keys", kind, len(seen))
		}
	}
}

func TestWorkTakesAsLongAsAsked(t *testing.T) {
	turns := Turns(100 * time.Microsecond)
	job := &Job{Work: turns}
	start := time.Now()
	for range 100 {
		job.Compute(&Message{}, new(State))
	}
	if took := time.Since(start) / 100; took < 50*time.Microsecond || took > time.Millisecond {
		t.Errorf("%d turns took %v", turns, took)
	}
}
