package partita_test

import (
	"context"
	"fmt"

	"github.com/partita-stream/partita/go/partita"
)

// The program of the README, which shows parts of this file.
func Example_stocks() {
	ctx := context.Background()
	prices := partita.NewSource()
	app := partita.NewApplication("stocks")
	app.NewPipeline("prices", prices).
		ToStatePartition(UpdateStock{}, partita.Build(NewStock), "stocks", BySymbol{}, nil).
		Done()
	check(app.Start())                                         // workers start
	check(prices.Send(ctx, &Price{Symbol: "MSFT", USD: 28.8})) // from any goroutine; SendBatch is faster
	check(app.Drain(ctx))                                      // until all that was sent is done
	check(app.Parts("stocks", func(key partita.Key, stock interface{}) bool {
		fmt.Println(stock.(*Stock).Price)
		return true
	}))
	check(app.Close(ctx))
	// Output: 28.8
}

// Price is the message: what a stock costs now.
type Price struct {
	Symbol string
	USD    float64
}

// Stock is the state of one symbol.
type Stock struct{ Price float64 }

// NewStock builds the state of a symbol.
func NewStock() interface{} { return new(Stock) }

// UpdateStock is the computation.
type UpdateStock struct{}

// BySymbol is the partition function.
type BySymbol struct{}

func (UpdateStock) Compute(data interface{}, state interface{}) (interface{}, bool) {
	state.(*Stock).Price = data.(*Price).USD
	return nil, true // no output; the state changed
}

func (BySymbol) Partition(data interface{}) uint64 { return symbolToKey(data.(*Price).Symbol) }

func check(err error) {
	if err != nil {
		panic(err)
	}
}

// symbolToKey makes a number of a symbol's bytes.
func symbolToKey(symbol string) uint64 {
	key := uint64(0)
	for _, letter := range []byte(symbol) {
		key = key<<8 | uint64(letter)
	}
	return key
}
