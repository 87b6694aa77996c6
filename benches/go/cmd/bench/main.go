// Command bench measures how fast keyed state runs on Partita and by hand.
//
// In each bench every system runs the same messages, once a round, in turn. What is timed goes from the first send
// until all is computed and all outputs are taken. The states and outputs a round leaves behind must be those the
// messages lead to, or the command fails. The first round warms up and is not counted.
//
//	go run ./cmd/bench -run 'keys=1000$'
package main

import (
	"flag"
	"fmt"
	"os"
	"regexp"
	"runtime"

	"github.com/partita-stream/partita/benches/go/figures"
)

type options struct {
	*figures.Options
	run   *regexp.Regexp
	quick bool
	// programs is the folder with the benches in other languages, or empty.
	programs string
}

func main() {
	options := options{Options: figures.Define(flag.CommandLine, 0)}
	run := flag.String("run", "", "run only the benches whose names match this regular `expression`")
	flag.BoolVar(&options.quick, "quick", false, "fewer benches and messages, and 3 rounds instead of 7")
	flag.StringVar(&options.programs, "programs", "", "the `folder` with the benches in other languages; none without it")
	flag.Parse()
	err := options.complete(*run)
	if err == nil {
		err = measureAll(options)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func (options *options) complete(run string) (err error) {
	if options.run, err = regexp.Compile(run); err != nil {
		return fmt.Errorf("-run: %w", err)
	}
	if options.Rounds == 0 {
		options.Rounds = 7
		if options.quick {
			options.Rounds = 3
		}
	}
	return options.Check()
}

// measureAll measures every bench, and prints its table as soon as it is done.
func measureAll(options options) error {
	benches := selected(options)
	if len(benches) == 0 {
		return fmt.Errorf("no bench matches %q", options.run)
	}
	fmt.Printf("%s, %d processors, GOMAXPROCS %d, %d rounds\n",
		runtime.Version(), runtime.NumCPU(), runtime.GOMAXPROCS(0), options.Rounds)
	var results []figures.Result
	for _, bench := range benches {
		all, err := bench.measure(options)
		if err != nil {
			return fmt.Errorf("%s: %w", bench.name, err)
		}
		measured := summarize(bench, all)
		printTable(os.Stdout, measured)
		results = append(results, measured...)
	}
	return options.WriteResults(results)
}
