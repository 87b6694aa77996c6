package partitatest_test

import (
	"errors"
	"testing"

	"github.com/partita-stream/partita/go/partita"
	"github.com/partita-stream/partita/go/partita/partitatest"
)

// Clicks are passed on as they come, by who must not wait. The faulty program forgets clicks for which there
// is no room; there is some almost always, but not while whoever reads the results is slow. The other
// program keeps them for later.
var dropped = planted{
	name: "what is refused is forgotten",
	says: "clicks came through",
	property: func(t testing.TB, seed uint64, faulty bool) {
		app := partita.NewApplication("clicks")
		clicks := partita.NewSourceOf[int](partita.Credits(4))
		counted := partita.NewChannelSinkOf("counted", make(chan int))
		partita.NewPipelineOf(app, "clicks", clicks).ToSink(counted)
		var later []int
		click := func(click int) {
			later = append(later, click)
			for len(later) > 0 {
				err := clicks.TrySend(later[0])
				if errors.Is(err, partita.ErrWouldBlock) && !faulty {
					return
				}
				later = later[1:]
			}
		}

		d := partitatest.New(t, seed, app)
		for i := range 12 {
			switch {
			case i == 3:
				d.FillSink(counted)
			case i == 9:
				d.EmptySink(counted)
			}
			click(i)
			d.Step()
		}
		for ; len(later) > 0; later = later[1:] {
			partitatest.Send(d, clicks, later[0])
		}
		d.Rest()
		if outputs := partitatest.Outputs(d, counted); len(outputs) != 12 {
			t.Errorf("%d clicks came through: expected 12", len(outputs))
		}
	},
}
