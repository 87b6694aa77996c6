// Command latency measures how long a message takes from when it is sent, or was due, to the callback of a
// sink, beside the same through Go channels: to a worker, and from it to whoever takes the outputs.
//
//   - idle: one message at a time, the next one when it has come out;
//   - at rates: messages are due at even times, each a tenth, half and four fifths of the rate at which the
//     slowest of them still keeps up one message at a time, and are sent then, or at once if that is past.
//     What waits to be sent counts, so nothing is omitted when a system falls behind.
//
// Hand-offs are what a message takes from one goroutine to another on another thread and back, halved. In C there is
// only the idle engine, and a hand-off between two threads.
//
//	go run ./cmd/latency -lasting 1s
package main

import (
	"cmp"
	"flag"
	"fmt"
	"os"
	"runtime"
	"slices"
	"time"

	"github.com/partita-stream/partita/benches/go/figures"
)

// keys is how many keys there are.
const keys = 1_000

// message is on its way.
type message struct {
	number uint64
	due    time.Time
}

// system passes messages on: those it is given, in the order of each key, go through a computation with the
// state of their key to the function it was made with.
type system interface {
	send(message *message) error
	close() error
}

// maker makes a system. It calls out with each message that has come through, on one goroutine at a time.
type maker struct {
	name string
	make func(out func(*message)) (system, error)
}

// options is what the command line asks for.
type options struct {
	*figures.Options
	// lasting is how long messages are sent at a rate in each round, and idle how many one at a time.
	lasting time.Duration
	idle    int
	// programs is the folder with the probe in C, or empty.
	programs string
}

func main() {
	options := options{Options: figures.Define(flag.CommandLine, 7)}
	flag.DurationVar(&options.lasting, "lasting", 2*time.Second, "how long messages are sent at each rate in a round")
	flag.IntVar(&options.idle, "idle", 5_000, "how many messages are sent one at a time in a round")
	flag.StringVar(&options.programs, "programs", "", "the `folder` with the probes in C; none is run without it")
	flag.Parse()
	if options.Try {
		options.lasting, options.idle = 20*time.Millisecond, 100
	}
	err := options.Check()
	if err == nil {
		err = run(options)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "latency:", err)
		os.Exit(1)
	}
}

func run(options options) error {
	fmt.Printf("\n%s, GOMAXPROCS %d, %d rounds\n", runtime.Version(), runtime.GOMAXPROCS(0), options.Rounds)
	idle, err := idleValues(options)
	if err != nil {
		return err
	}
	all := figures.Summarize(idle)
	rates, err := highestRates(options)
	if err != nil {
		return err
	}
	highest := figures.Summarize(rates)
	all = append(all, highest...)
	slowest := slices.MinFunc(highest, func(a, b figures.Figure) int { return cmp.Compare(a.Median, b.Median) })
	paced, err := pacedValues(options, slowest.Median)
	if err != nil {
		return err
	}
	all = append(all, figures.Summarize(paced)...)
	return options.Tell(all)
}
