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
	"slices"
	"time"
)

// options are those of the command line.
type options struct {
	threads, rounds, processors int
	duration                    time.Duration
	sleep                       string
}

func parseOptions(arguments []string) (options, error) {
	var options options
	flags := flag.NewFlagSet("blockbench", flag.ContinueOnError)
	flags.IntVar(&options.threads, "threads", 64, "how many threads the step that sleeps has")
	flags.IntVar(&options.rounds, "rounds", 5, "how often each is measured")
	flags.DurationVar(&options.duration, "duration", 2*time.Second, "how long one measurement takes")
	flags.StringVar(&options.sleep, "sleep", "go", "how it sleeps: go (time.Sleep) or system (a call that keeps its thread)")
	flags.IntVar(&options.processors, "processors", 4*workers, "GOMAXPROCS, of which two are busy with the other pipeline")
	quick := flags.Bool("quick", false, "measure one second, once")
	if err := flags.Parse(arguments); err != nil {
		return options, err
	}
	if *quick {
		options.rounds, options.duration = 1, time.Second
	}
	if _, known := sleeps[options.sleep]; !known {
		return options, errors.New("-sleep: expected go or system")
	}
	if min(options.threads, options.rounds, options.processors) < 1 || options.duration <= 0 {
		return options, errors.New("-threads, -rounds, -processors, -duration: expected more than 0")
	}
	return options, nil
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

// run measures all of it in turn, round by round, and tells the medians.
func run(options options) error {
	runtime.GOMAXPROCS(options.processors)
	fmt.Printf("%s, GOMAXPROCS %d, %d workers, %d threads that sleep %v in each message of %d keys (%s)\n",
		runtime.Version(), runtime.GOMAXPROCS(0), workers, options.threads, nap, keys, options.sleep)
	var sleepers, sleepersBeside []float64
	var alone, beside, other []rates
	for range options.rounds {
		sleepers = append(sleepers, onlySleep(options, 0))
		sleepersBeside = append(sleepersBeside, onlySleep(options, workers))
		for _, part := range []struct {
			fed  fed
			into *[]rates
		}{
			{fed{slow: true}, &alone},
			{fed{fast: true}, &other},
			{fed{slow: true, fast: true}, &beside},
		} {
			rates, err := measure(options, part.fed)
			if err != nil {
				return err
			}
			*part.into = append(*part.into, rates)
		}
	}
	limit := float64(options.threads) / nap.Seconds()
	slow := func(rates rates) float64 { return rates.slow / limit }
	asleep := func(rates rates) float64 { return rates.asleep / float64(options.threads) }
	fast := func(rates rates) float64 { return rates.fast }
	fmt.Printf("  of %.0f messages a second: %.2f alone, %.2f beside the other pipeline\n",
		limit, medianOf(alone, slow), medianOf(beside, slow))
	fmt.Printf("  goroutines that only sleep: %.2f alone, %.2f beside %d that never do\n",
		median(sleepers)/limit, median(sleepersBeside)/limit, workers)
	fmt.Printf("  the threads are asleep in a message for %.3f of the time alone, %.3f beside the other pipeline\n",
		medianOf(alone, asleep), medianOf(beside, asleep))
	fmt.Printf("  each message takes %.1f microseconds of processor time\n",
		medianOf(alone, func(rates rates) float64 { return rates.processors / rates.slow * 1e6 }))
	fmt.Printf("  the other pipeline: %.1f million messages a second alone, %.2f of that beside the step that sleeps\n",
		medianOf(other, fast)/1e6, medianOf(beside, fast)/medianOf(other, fast))
	return nil
}

func medianOf(all []rates, of func(rates) float64) float64 {
	var values []float64
	for _, rates := range all {
		values = append(values, of(rates))
	}
	return median(values)
}

func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	return sorted[len(sorted)/2]
}
