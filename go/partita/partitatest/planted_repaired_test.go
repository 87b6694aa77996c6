package partitatest_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/partita-stream/partita/go/partita"
	"github.com/partita-stream/partita/go/partita/partitatest"
)

// address is where a customer lives, from a version on.
type address struct {
	customer string
	version  int
	text     string
}

// Addresses that cannot be read die; somebody mends them, and sends them again. The faulty program takes
// the address that comes last. But a dead letter holds nobody up: meanwhile a later address may have come,
// which the mended one must not replace. The other program compares versions.
var repaired = planted{
	name: "what is sent again is taken for the latest",
	says: "ann lives at",
	property: func(t testing.TB, seed uint64, faulty bool) {
		var broken []address
		app := partita.NewApplication("customers", partita.DeadLetters(func(letter partita.DeadLetter) {
			broken = append(broken, letter.Data.(address))
		}))
		addresses := partita.NewSourceOf[address]()
		partita.ToStatePartition(partita.NewPipelineOf(app, "addresses", addresses),
			partita.PartitionOf[string, address]{Name: "addresses"},
			func(address address) string { return address.customer },
			func(_ string, next address, known *address, _ *partita.Emitter[partita.None]) (bool, error) {
				if strings.Contains(next.text, "?") {
					return false, errors.New("the address cannot be read")
				}
				if faulty || next.version > known.version {
					*known = next
				}
				return true, nil
			}, partita.Skip()).Done()

		d := partitatest.New(t, seed, app)
		mend := func() {
			for _, address := range broken {
				address.text = strings.ReplaceAll(address.text, "?", "e")
				partitatest.Send(d, addresses, address)
			}
			broken = nil
		}
		partitatest.Send(d, addresses, address{"ann", 1, "first str?et"})
		mend()
		partitatest.Send(d, addresses, address{"ann", 2, "second street"})
		mend()
		d.Rest()
		mend()
		d.Rest()
		if known := d.State("addresses", "ann").(*address); known.text != "second street" {
			t.Errorf("ann lives at %q: expected the second street", known.text)
		}
	},
}
