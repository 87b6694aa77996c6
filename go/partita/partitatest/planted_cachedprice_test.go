package partitatest_test

import (
	"testing"

	"github.com/partita-stream/partita/go/partita"
	"github.com/partita-stream/partita/go/partita/partitatest"
)

// Sales get the price of their product, which another pipeline changes; both share the state. The faulty
// program remembers the last product and its price outside of the state, to save the lookup: so a sale may
// get the price from before a change that was computed already. The other program looks.
var cachedPrice = planted{
	name: "something is remembered outside of the state",
	says: "sold for",
	property: func(t testing.TB, seed uint64, faulty bool) {
		type sale struct{ product string }
		type price struct {
			product string
			cents   int
		}
		app := partita.NewApplication("shop")
		sales, prices := partita.NewSourceOf[sale](), partita.NewSourceOf[price]()
		sold := partita.NewQueueSinkOf[int]("sold", 0)
		products := partita.PartitionOf[string, int]{Name: "products"}
		var last price
		partita.ToStatePartition(partita.NewPipelineOf(app, "sales", sales), products,
			func(sale sale) string { return sale.product },
			func(product string, _ sale, cents *int, out *partita.Emitter[int]) (bool, error) {
				if !faulty || last.product != product {
					last = price{product, *cents}
				}
				out.Emit(last.cents)
				return false, nil
			}).ToSink(sold)
		partita.ToStatePartition(partita.NewPipelineOf(app, "prices", prices), products,
			func(price price) string { return price.product },
			func(_ string, price price, cents *int, _ *partita.Emitter[partita.None]) (bool, error) {
				*cents = price.cents
				return true, nil
			}).Done()

		d := partitatest.New(t, seed, app)
		partitatest.Send(d, prices, price{"pears", 100}, price{"apples", 200})
		d.Rest()
		partitatest.Send(d, sales, sale{"pears"}, sale{"apples"})
		d.Rest()
		partitatest.Send(d, prices, price{"pears", 150}, price{"apples", 250})
		d.Rest()
		partitatest.Send(d, sales, sale{"pears"})
		d.Rest()
		outputs := partitatest.Outputs(d, sold)
		if cents := outputs[len(outputs)-1]; cents != 150 {
			t.Errorf("sold for %d cents: expected 150", cents)
		}
	},
}
