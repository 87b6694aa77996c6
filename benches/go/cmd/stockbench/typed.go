package main

import (
	"context"

	"github.com/partita-stream/partita/benches/go/workload"
	"github.com/partita-stream/partita/go/partita"
)

func init() { systems = append(systems, pointers{}, typed{}) }

// pointers is Partita's interface API with messages that are pointers to 40 bytes.
type pointers struct{}

func (pointers) Name() string { return "partita-pointers" }

func (pointers) Prepare(workers int) (workload.Round, error) {
	source := partita.NewSource()
	app := partita.NewApplication("stocks", partita.Workers(workers))
	app.NewPipeline("prices", source).
		ToStatePartition(workload.UpdateTick{}, workload.StockBuilder{}, "stocks", workload.TickPartitionFunction{}, nil).
		Done()
	round := &engineRound{app: app, source: source}
	return pointersRound{round}, app.Start()
}

type pointersRound struct{ *engineRound }

func (round pointersRound) Run(input *workload.Input) error {
	return feed(round.app, round.source, input.TickValues)
}

// typed is Partita's typed API with the same messages as values.
type typed struct{}

func (typed) Name() string { return "partita-typed" }

// stocks are the states of the typed API.
var stocks = partita.PartitionOf[uint64, workload.Stock]{Name: "stocks"}

func (typed) Prepare(workers int) (workload.Round, error) {
	source := partita.NewSourceOf[workload.Tick]()
	app := partita.NewApplication("stocks", partita.Workers(workers))
	stream := partita.NewPipelineOf(app, "prices", source)
	partita.ToStatePartition(stream, stocks, workload.TickKey, update).Done()
	return &typedRound{app: app, source: source}, app.Start()
}

// update keeps the price of a tick in the state of its key.
func update(_ uint64, tick workload.Tick, stock *workload.Stock, _ *partita.Emitter[partita.None]) (bool, error) {
	workload.Update(&tick.SymbolMessage, stock)
	return true, nil
}

type typedRound struct {
	app    *partita.Application
	source *partita.SourceOf[workload.Tick]
}

func (round *typedRound) Run(input *workload.Input) error {
	return feed(round.app, round.source, input.Ticks)
}

func (round *typedRound) States(visit func(stock *workload.Stock)) {
	err := stocks.Parts(round.app, func(_ uint64, stock *workload.Stock) bool {
		visit(stock)
		return true
	})
	if err != nil {
		panic(err)
	}
}

func (round *typedRound) Close() error { return round.app.Close(context.Background()) }
