package partita_test

import (
	"context"
	"fmt"

	"github.com/partita-stream/partita/go/partita"
)

// The program of the README, which shows parts of this file.
func Example_stocks() {
	ctx := context.Background()
	prices := partita.NewSourceOf[Price]()
	app := partita.NewApplication("stocks")
	stream := partita.NewPipelineOf(app, "prices", prices)
	partita.ToStatePartition(stream, stocks, bySymbol, updateStock).Done()
	check(app.Start())                                        // workers start
	check(prices.Send(ctx, Price{Symbol: "MSFT", USD: 28.8})) // from any goroutine; SendBatch is faster
	check(app.Drain(ctx))                                     // until all that was sent is done
	check(stocks.Parts(app, func(symbol string, stock *Stock) bool {
		fmt.Println(symbol, stock.Price)
		return true
	}))
	check(app.Close(ctx))
	// Output: MSFT 28.8
}

// Price is the message: what a stock costs now.
type Price struct {
	Symbol string
	USD    float64
}

// Stock is the state of one symbol.
type Stock struct{ Price float64 }

var stocks = partita.PartitionOf[string, Stock]{Name: "stocks"} // a Stock for each symbol

func bySymbol(price Price) string { return price.Symbol }

func updateStock(symbol string, price Price, stock *Stock, _ *partita.Emitter[partita.None]) (bool, error) {
	stock.Price = price.USD
	return true, nil // the state changed
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}
