package main

import (
	"context"

	"github.com/partita-stream/partita/go/partita"
)

// system fills itself with states of keys.
type system struct {
	name string
	fill func(keys int) (filled, error)
}

// filled is a system that knows keys.
type filled interface {
	// repeat sends the messages of the first keys again, so many times, and returns when they are computed.
	repeat(times int) error
	// repeated is how many those are.
	repeated() int
}

// repeatedMax is how many keys at most get messages again.
const repeatedMax = 1 << 16

var systems = []system{
	{"map of pointers", fillPointers},
	{"map of values", fillValues},
	{"partita", fillPartita},
	{"partita-typed", fillTyped},
}

// state is that of a key.
type state struct{ last, count uint64 }

func (state *state) take(number uint64) {
	state.last = number
	state.count++
}

// scattered is the key of a number: an odd factor takes different numbers to different ones.
func scattered(number int) uint64 { return uint64(number) * 0x9e3779b97f4a7c15 }

type update struct{}

func (update) Compute(data interface{}, kept interface{}) (interface{}, bool) {
	kept.(*state).take(data.(uint64))
	return nil, true
}

type byNumber struct{}

func (byNumber) Partition(data interface{}) uint64 { return data.(uint64) }

type newState struct{}

func (newState) Build() interface{} { return new(state) }

// engine is Partita with messages of type T.
type engine[T any] struct {
	app    *partita.Application
	source *partita.SourceOf[T]
	// first are the messages of the first keys.
	first []T
}

func fillPartita(keys int) (filled, error) {
	app := partita.NewApplication("memory", partita.Workers(2))
	source := partita.NewSource()
	app.NewPipeline("numbers", source).ToStatePartition(update{}, newState{}, "states", byNumber{}, nil).Done()
	return fill(app, source, keys, func(number int) interface{} { return scattered(number) })
}

func fillTyped(keys int) (filled, error) {
	app := partita.NewApplication("memory", partita.Workers(2))
	source := partita.NewSourceOf[uint64]()
	partita.ToStatePartition(partita.NewPipelineOf(app, "numbers", source), partita.PartitionOf[uint64, state]{Name: "states"},
		func(number uint64) uint64 { return number },
		func(_ uint64, number uint64, state *state, _ *partita.Emitter[partita.None]) (bool, error) {
			state.take(number)
			return true, nil
		}).Done()
	return fill(app, source, keys, scattered)
}

// batchLen is how many messages are sent together.
const batchLen = 1024

// fill sends a message of each key.
func fill[T any](app *partita.Application, source *partita.SourceOf[T], keys int, message func(number int) T) (filled, error) {
	if err := app.Start(); err != nil {
		return nil, err
	}
	engine := &engine[T]{app: app, source: source, first: make([]T, min(keys, repeatedMax))}
	for number := range engine.first {
		engine.first[number] = message(number)
	}
	batch := make([]T, 0, batchLen)
	for number := range keys {
		batch = append(batch, message(number))
		if len(batch) == cap(batch) || number == keys-1 {
			if _, err := source.SendBatch(context.Background(), batch); err != nil {
				return nil, err
			}
			batch = batch[:0]
		}
	}
	return engine, app.Drain(context.Background())
}

func (engine *engine[T]) repeat(times int) error {
	for range times {
		for at := 0; at < len(engine.first); at += batchLen {
			batch := engine.first[at:min(at+batchLen, len(engine.first))]
			if _, err := engine.source.SendBatch(context.Background(), batch); err != nil {
				return err
			}
		}
	}
	return engine.app.Drain(context.Background())
}

func (engine *engine[T]) repeated() int { return len(engine.first) }
