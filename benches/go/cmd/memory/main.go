// Command memory measures what systems need in memory, and what that costs. Each is measured by a process of its own:
//
//   - known keys: after one message for each of many keys, the growth of the resident set, less the states
//     themselves; a collection of garbage; what is allocated for messages of known keys; the processor time of the
//     process while nothing comes;
//   - in flight: the growth of the resident set by messages that none is computed of yet, less the messages.
//
// With -programs, the same of the C API.
//
//	go run ./cmd/memory -keys 1000000 -rounds 3
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"time"

	"github.com/partita-stream/partita/benches/go/figures"
)

type options struct {
	*figures.Options
	keys     int
	idle     time.Duration
	programs string
}

func main() {
	options := options{Options: figures.Define(flag.CommandLine, 7)}
	flag.IntVar(&options.keys, "keys", 10_000_000, "keys")
	flag.DurationVar(&options.idle, "idle", time.Second, "how long nothing comes")
	flag.StringVar(&options.programs, "programs", "", "the `folder` with the probes in C; none is run without it")
	only := flag.String("only", "", "measure this `part` only, in this process, and print its values")
	flag.Parse()
	if options.Try {
		options.keys, options.idle = 3_000, 20*time.Millisecond
	}
	err := options.Check()
	switch {
	case err != nil:
	case *only != "":
		err = measureOnly(*only, options)
	default:
		err = run(options)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "memory:", err)
		os.Exit(1)
	}
}

// measureOnly is what a process does that run has started.
func measureOnly(name string, options options) error {
	for _, part := range parts {
		if part.name != name {
			continue
		}
		values, err := part.measure(options)
		if err != nil {
			return err
		}
		return figures.Print(values)
	}
	return fmt.Errorf("there is no part %q", name)
}

func run(options options) error {
	program, err := os.Executable()
	if err != nil {
		return err
	}
	fmt.Printf("\n%s, %d keys, %d rounds\n", runtime.Version(), options.keys, options.Rounds)
	keys, idle := strconv.Itoa(options.keys), strconv.Itoa(int(options.idle.Milliseconds()))
	var commands [][]string
	for _, part := range parts {
		commands = append(commands, []string{program, "-keys", keys, "-idle", options.idle.String(), "-only", part.name})
	}
	if options.programs != "" {
		probe := filepath.Join(options.programs, "memory")
		commands = append(commands, []string{probe, "c-table", keys, idle}, []string{probe, "partita-c", keys, idle})
	}
	return options.AskInTurn(commands)
}
