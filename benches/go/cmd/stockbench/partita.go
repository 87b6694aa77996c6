package main

import (
	"context"
	"slices"

	"github.com/partita-stream/partita/benches/go/workload"
	"github.com/partita-stream/partita/go/partita"
)

// batchLen is how many messages are sent together, as many as the slices of the peer have.
const batchLen = 1024

func init() { systems = append(systems, engine{}) }

// engine is Partita: the interface API, with keys on first use.
type engine struct{}

func (engine) Name() string { return "partita" }

func (engine) Prepare(workers int) (workload.Round, error) {
	return prepare(workers, func(*partita.Pipeline) {})
}

// prepare starts an application whose pipeline begins with what begin adds.
func prepare(workers int, begin func(pipeline *partita.Pipeline)) (workload.Round, error) {
	source := partita.NewSource()
	app := partita.NewApplication("stocks", partita.Workers(workers))
	pipeline := app.NewPipeline("prices", source)
	begin(pipeline)
	pipeline.ToStatePartition(workload.UpdateStock{}, workload.StockBuilder{}, "stocks",
		workload.SymbolPartitionFunction{}, nil).
		Done()
	if err := app.Start(); err != nil {
		return nil, err
	}
	return &engineRound{app: app, source: source}, nil
}

type engineRound struct {
	app    *partita.Application
	source *partita.Source
}

func (round *engineRound) Run(input *workload.Input) error {
	return feed(round.app, round.source, input.Values)
}

// feed sends all messages, and waits until they are computed.
func feed[T any](app *partita.Application, source *partita.SourceOf[T], messages []T) error {
	ctx := context.Background()
	for batch := range slices.Chunk(messages, batchLen) {
		if _, err := source.SendBatch(ctx, batch); err != nil {
			return err
		}
	}
	return app.Drain(ctx)
}

func (round *engineRound) States(visit func(stock *workload.Stock)) {
	err := round.app.Parts("stocks", func(_ partita.Key, state interface{}) bool {
		visit(state.(*workload.Stock))
		return true
	})
	if err != nil {
		panic(err)
	}
}

func (round *engineRound) Close() error { return round.app.Close(context.Background()) }
