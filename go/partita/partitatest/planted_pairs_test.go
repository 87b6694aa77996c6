package partitatest_test

import (
	"testing"

	"github.com/partita-stream/partita/go/partita"
	"github.com/partita-stream/partita/go/partita/partitatest"
)

// A sink writes measurements in pairs. The faulty program pairs what is in one batch, and a measurement
// that is alone at the end of a batch gets lost. How many come together is open: the other program keeps
// it for the next batch.
var pairs = planted{
	name: "a sink takes a batch for more than it is",
	says: "written",
	property: func(t testing.TB, seed uint64, faulty bool) {
		app := partita.NewApplication("lab")
		measured := partita.NewSourceOf[int]()
		var written [][2]int
		var alone []int
		sink := partita.NewSinkFuncOf("pairs", func(batch []int) error {
			if faulty {
				alone = nil
			}
			alone = append(alone, batch...)
			for ; len(alone) >= 2; alone = alone[2:] {
				written = append(written, [2]int(alone))
			}
			return nil
		})
		partita.NewPipelineOf(app, "measurements", measured).ToSink(sink)

		d := partitatest.New(t, seed, app)
		partitatest.Send(d, measured, 1, 2, 3, 4, 5, 6)
		d.Rest()
		if len(written) != 3 {
			t.Errorf("%v are written: expected 3 pairs", written)
		}
	},
}
