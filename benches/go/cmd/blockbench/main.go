// Command blockbench measures a step that sleeps 1 ms for each message, on threads of its own, and another
// pipeline of the same application, alone and beside each other.
//
// How many messages a second the step computes is told as a part of what its threads could, if sleeping
// 1 ms took no longer than that. Beside it is told how many so many goroutines do that only sleep, and for
// which part of the time the threads of the step were asleep in a message: what is missing of that is
// Partita's. The other pipeline updates stocks, as fast as two workers can.
//
//	go run ./cmd/blockbench -threads 64 -sleep system
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"runtime"
	"time"

	"github.com/partita-stream/partita/benches/go/figures"
)

// options are those of the command line.
type options struct {
	*figures.Options
	threads, processors int
	duration            time.Duration
	sleep               string
}

func parseOptions(arguments []string) (options, error) {
	flags := flag.NewFlagSet("blockbench", flag.ContinueOnError)
	options := options{Options: figures.Define(flags, 7)}
	flags.IntVar(&options.threads, "threads", 64, "how many threads the step that sleeps has")
	flags.DurationVar(&options.duration, "duration", 2*time.Second, "how long one measurement takes")
	flags.StringVar(&options.sleep, "sleep", "go", "how it sleeps: go (time.Sleep) or system (a call that keeps its thread)")
	flags.IntVar(&options.processors, "processors", 4*workers, "GOMAXPROCS, of which two are busy with the other pipeline")
	quick := flags.Bool("quick", false, "measure one second, once")
	if err := flags.Parse(arguments); err != nil {
		return options, err
	}
	if *quick {
		options.Rounds, options.duration = 1, time.Second
	}
	if options.Try {
		options.duration = 20 * time.Millisecond
	}
	if _, known := sleeps[options.sleep]; !known {
		return options, errors.New("-sleep: expected go or system")
	}
	if min(options.threads, options.processors) < 1 || options.duration <= 0 {
		return options, errors.New("-threads, -processors, -duration: expected more than 0")
	}
	return options, options.Check()
}

func main() {
	options, err := parseOptions(os.Args[1:])
	if errors.Is(err, flag.ErrHelp) {
		return
	}
	if err == nil {
		err = run(options)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "blockbench:", err)
		os.Exit(1)
	}
}

// The benches: what sleeps alone, and beside what never does; and the systems in them.
const (
	alone, beside = "alone", "beside another pipeline"
	sleeping      = "goroutines that only sleep"
	stepping      = "the step that sleeps"
	passing       = "the other pipeline"
)

// run measures all of it in turn, round by round, and tells the medians.
func run(options options) error {
	runtime.GOMAXPROCS(options.processors)
	fmt.Printf("%s, GOMAXPROCS %d, %d workers, %d threads that sleep %v in each message of %d keys (%s); %.0f messages a second is the most\n",
		runtime.Version(), runtime.GOMAXPROCS(0), workers, options.threads, nap, keys, options.sleep, options.most())
	parts := []func() ([]figures.Value, error){
		func() ([]figures.Value, error) { return options.sleepers(alone, 0), nil },
		func() ([]figures.Value, error) { return options.sleepers(beside, workers), nil },
		func() ([]figures.Value, error) { return options.pipelines(alone, fed{slow: true}) },
		func() ([]figures.Value, error) { return options.pipelines(alone, fed{fast: true}) },
		func() ([]figures.Value, error) { return options.pipelines(beside, fed{slow: true, fast: true}) },
	}
	var values []figures.Value
	err := figures.InTurn(options.Rounds, len(parts), func(_, part int) error {
		measured, err := parts[part]()
		values = append(values, measured...)
		return err
	})
	if err != nil {
		return err
	}
	return options.Tell(figures.Summarize(values))
}

// most is how many messages a second there could be, if sleeping took no longer than it is to.
func (options options) most() float64 { return float64(options.threads) / nap.Seconds() }

// sleepers measures goroutines that only sleep, beside so many that never do.
func (options options) sleepers(bench string, busy int) []figures.Value {
	share := onlySleep(options, busy) / options.most()
	return []figures.Value{{Bench: bench, System: sleeping, Measure: "of the most there could be", Unit: "share", Value: share}}
}

// pipelines measures those that are fed.
func (options options) pipelines(bench string, fed fed) (values []figures.Value, err error) {
	rates, err := measure(options, fed)
	add := func(system, measure, unit string, value float64) {
		values = append(values, figures.Value{Bench: bench, System: system, Measure: measure, Unit: unit, Value: value})
	}
	if fed.slow {
		add(stepping, "of the most there could be", "share", rates.slow/options.most())
		add(stepping, "its threads are asleep in a message", "share", rates.asleep/float64(options.threads))
	}
	if fed.slow && !fed.fast {
		add(stepping, "processor time of a message", "us", rates.processors/rates.slow*1e6)
	}
	if fed.fast {
		add(passing, "messages a second", "millions", rates.fast/1e6)
	}
	return values, err
}
