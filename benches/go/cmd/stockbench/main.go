// Command stockbench measures how fast different systems run the stock workload.
//
// Every system of the registry runs the same messages, once per round, in turn. What is timed is one
// goroutine feeding all messages until the last of them is computed; starting the workers and making
// empty tables is not. The states a round leaves behind must be those the messages lead to, or the
// command fails. The first round warms up and is not counted.
//
//	go run ./cmd/stockbench -quick
//	go run ./cmd/stockbench -keys 1000 -systems 'slices|channels' -json figures.json
package main

import (
	"flag"
	"fmt"
	"os"
	"runtime"
)

func main() {
	options, err := parseOptions(os.Args[1:])
	if err == flag.ErrHelp {
		return
	}
	if err != nil {
		os.Exit(2)
	}
	if err := run(options); err != nil {
		fmt.Fprintln(os.Stderr, "stockbench:", err)
		os.Exit(1)
	}
}

// run measures every bench, prints its table as soon as it is done, and writes the JSON file at the end.
func run(options options) error {
	selected, err := selectSystems(options.systems)
	if err != nil {
		return err
	}
	fmt.Printf("%s, GOMAXPROCS %d, %d workers, %d messages, %d rounds, seed %d\n",
		runtime.Version(), runtime.GOMAXPROCS(0), options.workers, options.messages, options.rounds, options.seed)

	var results []result
	for _, keys := range options.keys {
		series, err := measure(selected, keys, options)
		if err != nil {
			return err
		}
		bench := summarize(keys, options.messages, series)
		printTable(os.Stdout, keys, bench)
		results = append(results, bench...)
	}
	if options.jsonFile == "" {
		return nil
	}
	return writeJSON(options.jsonFile, results)
}
