package main

import "github.com/partita-stream/partita/go/partita"

// form is one way to declare the same application.
type form struct {
	// title is printed over the table.
	title string
	// partition is the name of the state.
	partition string
	// declare adds the computation to a pipeline, with its state under the name of partition.
	declare func(pipeline *partita.Pipeline, partition string, work work)
	// stocks copies the stocks of one state.
	stocks func(state interface{}) []Stock
}

// oneObject keeps all prices in one state object: messages are computed one after another.
var oneObject = form{
	title:     "one state object",
	partition: "stocks",
	declare: func(pipeline *partita.Pipeline, partition string, work work) {
		pipeline.ToStateful(
			UpdateStocks{work: work},
			partita.Build(func() interface{} { return NewStocks() }),
			partition,
		).Done()
	},
	stocks: func(state interface{}) []Stock { return state.(*Stocks).All() },
}

// onePartPerSymbol keeps each price in a state part of its own: messages of different symbols are
// computed in parallel. Messages of any other symbol than the declared ones are dead letters.
var onePartPerSymbol = form{
	title:     "one part per symbol",
	partition: "stock",
	declare: func(pipeline *partita.Pipeline, partition string, work work) {
		pipeline.ToStatePartition(
			UpdateStock{work: work},
			partita.Build(func() interface{} { return new(Stock) }),
			partition,
			SymbolPartitionFunction{},
			symbolKeys(),
		).Done()
	},
	stocks: func(state interface{}) []Stock {
		stock := state.(*Stock)
		if stock.Symbol == "" {
			return nil // declared, but no message came
		}
		return []Stock{*stock}
	},
}
