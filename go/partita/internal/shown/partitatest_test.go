package shown

import (
	"testing"

	"github.com/partita-stream/partita/go/partita"
	"github.com/partita-stream/partita/go/partita/partitatest"
)

type order struct {
	product string
	count   int
}

// addOrder adds an order to the total of its product.
type addOrder struct{}

func (addOrder) Compute(data interface{}, state interface{}) (interface{}, bool) {
	total := state.(*int)
	*total += data.(order).count
	return *total, true
}

type byProduct struct{}

func (byProduct) Partition(data interface{}) string { return data.(order).product }

func newShop() (*partita.Application, *partita.Source, *partita.QueueSink) {
	app := partita.NewApplication("shop")
	orders, totals := partita.NewSource(), partita.NewQueueSink("totals", 0)
	app.NewPipeline("orders", orders).
		ToStatePartitionString(addOrder{}, partita.Build(func() interface{} { return new(int) }), "ordered", byProduct{}, nil).
		ToSink(totals)
	return app, orders, totals
}

func TestTotals(t *testing.T) {
	partitatest.Explore(t, 1000, func(t testing.TB, seed uint64) {
		app, orders, totals := newShop() // the program under test
		d := partitatest.New(t, seed, app)
		d.Send(orders, order{"pears", 2}, order{"apples", 3}, order{"pears", 5})
		d.Rest()
		if got := len(d.Outputs(totals)); got != 3 {
			t.Errorf("%d totals came out: expected 3", got)
		}
	})
}
