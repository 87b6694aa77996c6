package main

import (
	"context"

	"github.com/partita-stream/partita/go/partita"
)

// system fills itself with states of keys, and returns what keeps them.
type system struct {
	name string
	fill func(keys int) (any, error)
}

var systems = []system{
	{"map of pointers", fillMap},
	{"partita", fillPartita},
	{"partita-typed", fillTyped},
}

// scattered is the key of a number: an odd factor takes different numbers to different ones.
func scattered(number int) uint64 { return uint64(number) * 0x9e3779b97f4a7c15 }

// fillMap is what a goroutine has that keeps states by hand.
func fillMap(keys int) (any, error) {
	states := make(map[uint64]*state)
	for number := range keys {
		states[scattered(number)] = &state{last: scattered(number), count: 1}
	}
	return states, nil
}

type update struct{}

func (update) Compute(data interface{}, kept interface{}) (interface{}, bool) {
	state := kept.(*state)
	state.last = data.(uint64)
	state.count++
	return nil, true
}

type byNumber struct{}

func (byNumber) Partition(data interface{}) uint64 { return data.(uint64) }

type newState struct{}

func (newState) Build() interface{} { return new(state) }

func fillPartita(keys int) (any, error) {
	app := partita.NewApplication("memory", partita.Workers(2))
	source := partita.NewSource()
	app.NewPipeline("numbers", source).ToStatePartition(update{}, newState{}, "states", byNumber{}, nil).Done()
	return app, fill(app, source, keys, func(number int) interface{} { return scattered(number) })
}

func fillTyped(keys int) (any, error) {
	app := partita.NewApplication("memory", partita.Workers(2))
	source := partita.NewSourceOf[uint64]()
	partita.ToStatePartition(partita.NewPipelineOf(app, "numbers", source), partita.PartitionOf[uint64, state]{Name: "states"},
		func(number uint64) uint64 { return number },
		func(_ uint64, number uint64, state *state, _ *partita.Emitter[partita.None]) (bool, error) {
			state.last = number
			state.count++
			return true, nil
		}).Done()
	return app, fill(app, source, keys, scattered)
}

// fill sends a message of each key.
func fill[T any](app *partita.Application, source *partita.SourceOf[T], keys int, message func(number int) T) error {
	if err := app.Start(); err != nil {
		return err
	}
	ctx := context.Background()
	batch := make([]T, 0, 1024)
	for number := range keys {
		batch = append(batch, message(number))
		if len(batch) == cap(batch) || number == keys-1 {
			if _, err := source.SendBatch(ctx, batch); err != nil {
				return err
			}
			batch = batch[:0]
		}
	}
	return app.Drain(ctx)
}
