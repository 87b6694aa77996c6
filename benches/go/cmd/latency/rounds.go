package main

import (
	"fmt"
	"path/filepath"
	"strconv"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/partita-stream/partita/benches/go/figures"
)

// handOff is the system that a hand-off between two threads is told as.
const handOff = "hand-off"

// percentiles are those that are told.
var percentiles = []struct {
	name string
	part float64
}{{"p50", 50}, {"p90", 90}, {"p99", 99}, {"p99.9", 99.9}, {"longest", 100}}

// valuesOf tells what was taken in a round.
func valuesOf(bench, system string, taken *hdrhistogram.Histogram) (values []figures.Value) {
	for _, percentile := range percentiles {
		values = append(values, figures.Value{
			Bench: bench, System: system, Measure: percentile.name, Unit: "us",
			Value: float64(taken.ValueAtQuantile(percentile.part)) / 1000,
		})
	}
	return values
}

// idleValues measures all systems with one message at a time, and hand-offs.
func idleValues(options options) (values []figures.Value, err error) {
	const bench = "idle"
	runs := []func() ([]figures.Value, error){
		func() ([]figures.Value, error) { return valuesOf(bench, handOff, measureHandOff(options.idle)), nil },
	}
	for _, maker := range makers {
		runs = append(runs, func() ([]figures.Value, error) {
			taken, err := measureIdle(maker, options.idle)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", maker.name, err)
			}
			return valuesOf(bench, maker.name, taken), nil
		})
	}
	if options.programs != "" {
		runs = append(runs, func() ([]figures.Value, error) {
			return figures.Ask(filepath.Join(options.programs, "latency"), strconv.Itoa(options.idle))
		})
	}
	err = figures.InTurn(options.Rounds, len(runs), func(_, i int) error {
		taken, err := runs[i]()
		values = append(values, taken...)
		return err
	})
	return values, err
}

// highestRates measures at which rates the systems still keep up.
func highestRates(options options) (values []figures.Value, err error) {
	err = figures.InTurn(options.Rounds, len(makers), func(_, i int) error {
		rate, err := measureMost(makers[i], options.lasting/4)
		values = append(values, figures.Value{
			Bench: "one at a time as quickly as that goes", System: makers[i].name, Measure: "messages", Unit: "a second", Value: rate,
		})
		return err
	})
	return values, err
}

// pacedValues measures all systems at shares of the highest rate.
func pacedValues(options options, highest float64) (values []figures.Value, err error) {
	for _, share := range []float64{0.1, 0.5, 0.8} {
		bench := fmt.Sprintf("%.0f %%", 100*share)
		err = figures.InTurn(options.Rounds, len(makers), func(_, i int) error {
			taken, err := measureRate(makers[i], share*highest, options.lasting)
			if err != nil {
				return fmt.Errorf("%s: %w", makers[i].name, err)
			}
			values = append(values, valuesOf(bench, makers[i].name, taken)...)
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return values, nil
}
