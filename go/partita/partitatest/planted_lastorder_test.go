package partitatest_test

import (
	"testing"

	"github.com/partita-stream/partita/go/partita"
	"github.com/partita-stream/partita/go/partita/partitatest"
)

// order is one of a shop's.
type order struct {
	number   int
	customer string
}

// Orders are checked by their number, then noted at their customer. The faulty program takes the order
// that comes last for the last one. But two orders have different keys in the first step, so which of them
// comes to the customer first is open; the other program compares their numbers.
var lastOrder = planted{
	name: "messages of two keys are taken to stay in order",
	says: "the last order is",
	property: func(t testing.TB, seed uint64, faulty bool) {
		app := partita.NewApplication("shop")
		orders := partita.NewSourceOf[order]()
		checked := partita.ToStatePartition(partita.NewPipelineOf(app, "orders", orders),
			partita.PartitionOf[int, bool]{Name: "orders"},
			func(order order) int { return order.number },
			func(_ int, order order, known *bool, out *partita.Emitter[order]) (bool, error) {
				if !*known {
					out.Emit(order)
				}
				*known = true
				return true, nil
			})
		partita.ToStatePartition(checked,
			partita.PartitionOf[string, int]{Name: "customers"},
			func(order order) string { return order.customer },
			func(_ string, order order, last *int, _ *partita.Emitter[partita.None]) (bool, error) {
				if faulty || order.number > *last {
					*last = order.number
				}
				return true, nil
			}).Done()

		d := partitatest.New(t, seed, app)
		partitatest.Send(d, orders, order{1, "ann"}, order{2, "bob"}, order{3, "ann"})
		d.Rest()
		if last := *d.State("customers", "ann").(*int); last != 3 {
			t.Errorf("the last order is %d: expected 3", last)
		}
	},
}
