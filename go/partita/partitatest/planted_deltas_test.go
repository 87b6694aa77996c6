package partitatest_test

import (
	"testing"

	"github.com/partita-stream/partita/go/partita"
	"github.com/partita-stream/partita/go/partita/partitatest"
)

// reading is what a meter shows.
type reading struct {
	meter, shows int
}

// Meters send what they show, one after the other, and what was used is the difference from the reading
// before. The faulty program keeps that reading in the computation, where it may be that of another meter.
// The other program keeps it in the state, of which each meter has its own.
type usage struct {
	faulty bool
	before int
}

func (usage *usage) Compute(data, state any) (any, bool) {
	reading, before := data.(reading), state.(*int)
	if usage.faulty {
		before = &usage.before
	}
	used := reading.shows - *before
	*before = reading.shows
	return used, true
}

var deltas = planted{
	name: "a computation keeps what belongs to one key",
	says: "used in all",
	property: func(t testing.TB, seed uint64, faulty bool) {
		app := partita.NewApplication("meters")
		readings, used := partita.NewSource(), partita.NewQueueSink("used", 0)
		meter := keyed(func(data any) uint64 { return uint64(data.(reading).meter) })
		app.NewPipeline("readings", readings).
			ToStatePartition(&usage{faulty: faulty}, counts, "meters", meter, nil).
			ToSink(used)

		d := partitatest.New(t, seed, app)
		d.Send(readings, reading{1, 10}, reading{1, 15}, reading{2, 7}, reading{2, 9})
		d.Rest()
		total := 0
		for _, output := range d.Outputs(used) {
			total += output.(int)
		}
		if total != 24 {
			t.Errorf("%d used in all: expected 24", total)
		}
	},
}
