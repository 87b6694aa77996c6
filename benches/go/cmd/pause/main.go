// Command pause measures for how long nothing is computed while a table grows: messages of ever new keys are sent to
// one worker as fast as it takes them, and the longest time between two computations some messages apart is told;
// and the same when all the messages come again, and nothing grows, which is what the machine and the collector of
// garbage add by themselves. Beside it stands a loop with a map, and with -programs the same in C.
//
//	go run ./cmd/pause -keys 1000000 -rounds 3
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"

	"github.com/partita-stream/partita/benches/go/figures"
)

type options struct {
	*figures.Options
	keys     int
	programs string
}

func main() {
	options := options{Options: figures.Define(flag.CommandLine, 7)}
	flag.IntVar(&options.keys, "keys", 10_000_000, "keys")
	flag.StringVar(&options.programs, "programs", "", "the `folder` with the probes in C; none is run without it")
	only := flag.String("only", "", "measure this `system` only, in this process, and print its values")
	flag.Parse()
	if options.Try {
		options.keys = 3_000
	}
	err := options.Check()
	switch {
	case err != nil:
	case *only != "":
		err = measureOnly(*only, options.keys)
	default:
		err = run(options)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "pause:", err)
		os.Exit(1)
	}
}

// measureOnly is what a process does that run has started.
func measureOnly(name string, keys int) error {
	for _, system := range systems {
		if system.name != name {
			continue
		}
		values, err := measure(system, keys)
		if err != nil {
			return err
		}
		return figures.Print(values)
	}
	return fmt.Errorf("there is no system %q", name)
}

func run(options options) error {
	program, err := os.Executable()
	if err != nil {
		return err
	}
	fmt.Printf("\n%s, %d keys, %d rounds\n", runtime.Version(), options.keys, options.Rounds)
	keys := strconv.Itoa(options.keys)
	var commands [][]string
	for _, system := range systems {
		commands = append(commands, []string{program, "-keys", keys, "-only", system.name})
	}
	if options.programs != "" {
		commands = append(commands, []string{filepath.Join(options.programs, "pause"), keys})
	}
	return options.AskInTurn(commands)
}
