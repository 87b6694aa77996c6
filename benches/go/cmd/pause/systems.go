package main

import (
	"context"
	"fmt"

	"github.com/partita-stream/partita/benches/go/figures"
	"github.com/partita-stream/partita/go/partita"
)

// system computes messages of numbers, which are their keys.
type system struct {
	name string
	// open makes it, with one worker, which tells the gaps of each message.
	open func(gaps *gaps) (feeder, error)
}

// feeder is a system that runs.
type feeder interface {
	// feed sends a message of each of so many keys, and returns when they are computed.
	feed(keys int) error
	close() error
}

var systems = []system{{"map", openMap}, {"partita", openInterfaces}, {"partita-typed", openTyped}}

// measure has keys come for the first time, and then again.
func measure(system system, keys int) (values []figures.Value, err error) {
	gaps := new(gaps)
	feeder, err := system.open(gaps)
	if err != nil {
		return nil, err
	}
	for _, bench := range []string{"growing", "all keys known"} {
		if err := feeder.feed(keys); err != nil {
			return nil, err
		}
		if gaps.seen != keys {
			return nil, fmt.Errorf("%s: %d of %d messages were computed", system.name, gaps.seen, keys)
		}
		values = append(values, figures.Value{
			Bench: bench, System: system.name, Measure: "longest pause", Unit: "ms", Value: gaps.take().Seconds() * 1000,
		})
	}
	return values, feeder.close()
}

// state is that of a key.
type state struct{ last, count uint64 }

func (state *state) take(number uint64) {
	state.last = number
	state.count++
}

// scattered is the key of a number: an odd factor takes different numbers to different ones.
func scattered(number int) uint64 { return uint64(number) * 0x9e3779b97f4a7c15 }

// ---- map ----

// loop is a map and nothing else.
type loop struct {
	gaps   *gaps
	states map[uint64]*state
}

func openMap(gaps *gaps) (feeder, error) { return &loop{gaps, make(map[uint64]*state)}, nil }

func (loop *loop) feed(keys int) error {
	for number := range keys {
		key := scattered(number)
		kept := loop.states[key]
		if kept == nil {
			kept = new(state)
			loop.states[key] = kept
		}
		kept.take(key)
		loop.gaps.message()
	}
	return nil
}

func (loop *loop) close() error { return nil }

// ---- partita ----

// engine is Partita with messages of type T.
type engine[T any] struct {
	app     *partita.Application
	source  *partita.SourceOf[T]
	message func(number uint64) T
}

type update struct{ gaps *gaps }

func (update update) Compute(data interface{}, kept interface{}) (interface{}, bool) {
	kept.(*state).take(data.(uint64))
	update.gaps.message()
	return nil, true
}

type byNumber struct{}

func (byNumber) Partition(data interface{}) uint64 { return data.(uint64) }

func openInterfaces(gaps *gaps) (feeder, error) {
	app := partita.NewApplication("pause", partita.Workers(1))
	source := partita.NewSource()
	app.NewPipeline("numbers", source).
		ToStatePartition(update{gaps}, partita.Build(func() interface{} { return new(state) }), "states", byNumber{}, nil).Done()
	return &engine[interface{}]{app, source, func(number uint64) interface{} { return number }}, app.Start()
}

func openTyped(gaps *gaps) (feeder, error) {
	app := partita.NewApplication("pause", partita.Workers(1))
	source := partita.NewSourceOf[uint64]()
	partita.ToStatePartition(partita.NewPipelineOf(app, "numbers", source), partita.PartitionOf[uint64, state]{Name: "states"},
		func(number uint64) uint64 { return number },
		func(_ uint64, number uint64, state *state, _ *partita.Emitter[partita.None]) (bool, error) {
			state.take(number)
			gaps.message()
			return true, nil
		}).Done()
	return &engine[uint64]{app, source, func(number uint64) uint64 { return number }}, app.Start()
}

// batchLen is how many messages are sent together.
const batchLen = 1024

func (engine *engine[T]) feed(keys int) error {
	batch := make([]T, 0, batchLen)
	for number := range keys {
		batch = append(batch, engine.message(scattered(number)))
		if len(batch) == cap(batch) || number == keys-1 {
			if _, err := engine.source.SendBatch(context.Background(), batch); err != nil {
				return err
			}
			batch = batch[:0]
		}
	}
	return engine.app.Drain(context.Background())
}

func (engine *engine[T]) close() error { return engine.app.Close(context.Background()) }
