package partitatest_test

import (
	"testing"

	"github.com/partita-stream/partita/go/partita"
	"github.com/partita-stream/partita/go/partita/partitatest"
)

// Tickets are sold while there are any. The faulty program looks in one step whether there are, and takes
// one in the next: in between, others look. The other program looks and takes in one call.
var oversold = planted{
	name: "a state is read in one step and changed in the next",
	says: "tickets are left",
	property: func(t testing.TB, seed uint64, faulty bool) {
		app := partita.NewApplication("box office")
		buyers := partita.NewSourceOf[string]()
		left := partita.PartitionOf[string, int]{Name: "left", Build: func(string) int { return 2 }}
		hall := func(string) string { return "hall" }
		look := func(_ string, buyer string, left *int, out *partita.Emitter[string]) (bool, error) {
			if *left > 0 {
				out.Emit(buyer)
			}
			return false, nil
		}
		take := func(_ string, _ string, left *int, _ *partita.Emitter[partita.None]) (bool, error) {
			if faulty || *left > 0 {
				*left--
			}
			return true, nil
		}
		stream := partita.NewPipelineOf(app, "tickets", buyers)
		if faulty {
			stream = partita.ToStatePartition(stream, left, hall, look)
		}
		partita.ToStatePartition(stream, left, hall, take).Done()

		d := partitatest.New(t, seed, app)
		partitatest.Send(d, buyers, "ann", "bob", "cid", "dan")
		d.Rest()
		if left := *d.State("left", "hall").(*int); left < 0 {
			t.Errorf("%d tickets are left", left)
		}
	},
}
