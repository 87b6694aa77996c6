// Command callbench measures what completions and calls cost.
//
//   - batches of 64 are sent with a completion and without, in turn;
//   - 64 goroutines call a pipeline, and a program written by hand, in turn: there a request is handed over a
//     channel to one of as many goroutines as workers, which lock a mutex around the states, and its answer
//     comes over a channel of its own.
//
// Ratios of one run can be compared, figures of two cannot.
//
//	go run ./cmd/callbench -rounds 7
package main

import (
	"flag"
	"fmt"
	"os"
	"runtime"
	"time"

	"github.com/partita-stream/partita/benches/go/figures"
)

// options is what the command line asks for.
type options struct {
	*figures.Options
	messages, calls, callers, keys, workers int
}

// system does some operations, and tells how long they took.
type system struct {
	name string
	run  func(options options) (time.Duration, error)
}

// bench compares systems.
type bench struct {
	title   string
	count   func(options options) int
	systems []system
}

var benches = []bench{
	{"messages in batches of 64", func(o options) int { return o.messages }, []system{
		{"without completions", sendPlain},
		{"with completions", sendTracked},
	}},
	{"calls", func(o options) int { return o.calls }, []system{
		{"mutex and channels by hand", callByHand},
		{"Call", callPartita},
	}},
}

func main() {
	options := options{Options: figures.Define(flag.CommandLine, 7)}
	flag.IntVar(&options.messages, "messages", 4_000_000, "messages a round")
	flag.IntVar(&options.calls, "calls", 400_000, "calls a round")
	flag.IntVar(&options.callers, "callers", 64, "goroutines that call")
	flag.IntVar(&options.keys, "keys", 1_000, "keys")
	flag.IntVar(&options.workers, "workers", 2, "workers")
	flag.Parse()
	err := options.Check()
	if err == nil {
		err = run(options)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "callbench:", err)
		os.Exit(1)
	}
}

func run(options options) error {
	if options.Try {
		options.messages, options.calls = 6_400, 640
	}
	fmt.Printf("%s, GOMAXPROCS %d, %d workers, %d keys, %d callers, %d rounds\n", runtime.Version(),
		runtime.GOMAXPROCS(0), options.workers, options.keys, options.callers, options.Rounds)
	var values []figures.Value
	for _, bench := range benches {
		measured, err := bench.measure(options)
		if err != nil {
			return err
		}
		values = append(values, measured...)
	}
	return options.Tell(figures.Summarize(values))
}

// measure runs the systems in turn, after a round that warms up.
func (bench bench) measure(options options) (values []figures.Value, err error) {
	err = figures.InTurn(options.Rounds+1, len(bench.systems), func(round, i int) error {
		system := bench.systems[i]
		runtime.GC()
		elapsed, err := system.run(options)
		if err != nil {
			return fmt.Errorf("%s: %w", system.name, err)
		}
		if round > 0 {
			each := float64(elapsed.Nanoseconds()) / float64(bench.count(options))
			values = append(values, figures.Value{
				Bench: bench.title, System: system.name, Measure: "time of each", Unit: "ns", Value: each,
			})
		}
		return nil
	})
	return values, err
}
