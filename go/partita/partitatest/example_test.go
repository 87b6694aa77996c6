package partitatest_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/partita-stream/partita/go/partita"
	"github.com/partita-stream/partita/go/partita/partitatest"
)

// purchase is some of a product.
type purchase struct {
	product string
	count   int
}

// newShop is the program under test: it adds up how much of each product was bought, and tells each total.
func newShop() (app *partita.Application, purchases *partita.SourceOf[purchase], totals *partita.QueueSinkOf[purchase]) {
	app = partita.NewApplication("shop")
	purchases = partita.NewSourceOf[purchase]()
	totals = partita.NewQueueSinkOf[purchase]("totals", 0)
	partita.ToStatePartition(partita.NewPipelineOf(app, "purchases", purchases),
		partita.PartitionOf[string, int]{Name: "bought"},
		func(bought purchase) string { return bought.product },
		func(product string, bought purchase, total *int, out *partita.Emitter[purchase]) (bool, error) {
			*total += bought.count
			out.Emit(purchase{product, *total})
			return true, nil
		}, partita.WithName("add"), partita.Skip()).ToSink(totals)
	return app, purchases, totals
}

func Example() {
	t := new(testing.T) // that of the test

	partitatest.Explore(t, 100, func(t testing.TB, seed uint64) {
		app, purchases, totals := newShop()
		d := partitatest.New(t, seed, app)
		partitatest.Send(d, purchases, purchase{"pears", 2}, purchase{"apples", 3}, purchase{"pears", 5})
		d.Rest()

		// The totals of one product come in order; those of two products may come in any.
		last := make(map[string]int)
		for _, total := range partitatest.Outputs(d, totals) {
			if total.count < last[total.product] {
				t.Errorf("%d %s after %d", total.count, total.product, last[total.product])
			}
			last[total.product] = total.count
		}
		if last["pears"] != 7 || last["apples"] != 3 {
			t.Errorf("the last totals are %v", last)
		}
	})
	fmt.Println("as it should be in 100 orders")
	// Output: as it should be in 100 orders
}

func ExampleDriver_PanicAt() {
	partitatest.Explore(new(testing.T), 1, func(t testing.TB, seed uint64) {
		app, purchases, _ := newShop()
		d := partitatest.New(t, seed, app)
		d.PanicAt("add", 2)
		partitatest.Send(d, purchases, purchase{"pears", 2}, purchase{"pears", 3}, purchase{"pears", 5})
		d.Rest()
		for _, letter := range d.DeadLetters() {
			fmt.Println(letter.Data, letter.Reason)
		}
		fmt.Println(*d.State("bought", "pears").(*int), "pears")
	})
	// Output:
	// {pears 3} computation failed
	// 7 pears
}

func ExampleDriver_FillSink() {
	partitatest.Explore(new(testing.T), 1, func(t testing.TB, seed uint64) {
		app, purchases, totals := newShop()
		d := partitatest.New(t, seed, app)
		d.FillSink(totals)
		partitatest.Send(d, purchases, purchase{"pears", 2}, purchase{"pears", 3}, purchase{"pears", 5})
		d.Rest()
		fmt.Println(len(partitatest.Outputs(d, totals)), "totals")
		d.EmptySink(totals)
		d.Rest()
		fmt.Println(len(partitatest.Outputs(d, totals)), "totals")
	})
	// Output:
	// 0 totals
	// 3 totals
}

func ExampleDriver_FailAt() {
	partitatest.Explore(new(testing.T), 1, func(t testing.TB, seed uint64) {
		app, purchases, totals := newShop()
		d := partitatest.New(t, seed, app)
		d.FailAt("add", 1)
		partitatest.Send(d, purchases, purchase{"pears", 2}, purchase{"pears", 3})
		d.Rest()
		fmt.Println(len(d.DeadLetters()), "dead letter")
		fmt.Println(partitatest.Outputs(d, totals))
	})
	// Output:
	// 1 dead letter
	// [{pears 3}]
}

// A message that fails is tried again a minute later, and the clock is the test's.
func ExampleDriver_Advance() {
	partitatest.Explore(new(testing.T), 1, func(t testing.TB, seed uint64) {
		app := partita.NewApplication("patient")
		numbers := partita.NewSourceOf[int]()
		out := partita.NewQueueSinkOf[int]("out", 0)
		partita.ToStatePartition(partita.NewPipelineOf(app, "numbers", numbers),
			partita.PartitionOf[int, struct{}]{Name: "parities"},
			func(number int) int { return number % 2 },
			func(_ int, number int, _ *struct{}, out *partita.Emitter[int]) (bool, error) {
				out.Emit(number)
				return false, nil
			}, partita.WithName("pass on"), partita.Retry(1, time.Minute)).ToSink(out)
		d := partitatest.New(t, seed, app)
		d.FailAt("pass on", 1)
		partitatest.Send(d, numbers, 1, 3)
		d.Advance(time.Minute - 1)
		fmt.Println(partitatest.Outputs(d, out))
		d.Advance(1)
		fmt.Println(partitatest.Outputs(d, out))
	})
	// Output:
	// []
	// [1 3]
}
