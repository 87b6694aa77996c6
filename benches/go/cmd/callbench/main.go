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
	"slices"
	"time"
)

// options is what the command line asks for.
type options struct {
	rounds, messages, calls, callers, keys, workers int
}

// system does some operations, and tells how long they took.
type system struct {
	name string
	run  func(options options) (time.Duration, error)
}

// bench compares systems with the first of them.
type bench struct {
	title   string
	count   func(options options) int
	systems []system
}

var benches = []bench{
	{"batches of 64, a message", func(o options) int { return o.messages }, []system{
		{"without completions", sendPlain},
		{"with completions", sendTracked},
	}},
	{"calls", func(o options) int { return o.calls }, []system{
		{"mutex and channels by hand", callByHand},
		{"Call", callPartita},
	}},
}

func main() {
	var options options
	flag.IntVar(&options.rounds, "rounds", 7, "rounds to count, after one to warm up")
	flag.IntVar(&options.messages, "messages", 4_000_000, "messages a round")
	flag.IntVar(&options.calls, "calls", 400_000, "calls a round")
	flag.IntVar(&options.callers, "callers", 64, "goroutines that call")
	flag.IntVar(&options.keys, "keys", 1_000, "keys")
	flag.IntVar(&options.workers, "workers", 2, "workers")
	flag.Parse()
	fmt.Printf("%s, GOMAXPROCS %d, %d workers, %d keys, %d callers, %d rounds\n", runtime.Version(),
		runtime.GOMAXPROCS(0), options.workers, options.keys, options.callers, options.rounds)
	for _, bench := range benches {
		if err := bench.measure(options); err != nil {
			fmt.Fprintln(os.Stderr, "callbench:", err)
			os.Exit(1)
		}
	}
}

// measure runs the systems in turn, and prints the median and the spread of each.
func (bench bench) measure(options options) error {
	taken := make([][]float64, len(bench.systems))
	for round := 0; round <= options.rounds; round++ {
		for turn := range bench.systems {
			i := (round + turn) % len(bench.systems)
			runtime.GC()
			elapsed, err := bench.systems[i].run(options)
			if err != nil {
				return fmt.Errorf("%s: %w", bench.systems[i].name, err)
			}
			if round > 0 {
				taken[i] = append(taken[i], float64(elapsed.Nanoseconds())/float64(bench.count(options)))
			}
		}
	}
	fmt.Printf("\n%s\n", bench.title)
	first := 0.0
	for i, system := range bench.systems {
		slices.Sort(taken[i])
		median := taken[i][(len(taken[i])-1)/2]
		if i == 0 {
			first = median
		}
		fmt.Printf("%28s %9.1f ns (%.1f to %.1f), %.2f times as fast as the first\n",
			system.name, median, taken[i][0], taken[i][len(taken[i])-1], first/median)
	}
	return nil
}
