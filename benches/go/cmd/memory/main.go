// Command memory measures what a known key costs in memory, and what collecting garbage costs then: each
// system in a process of its own gets one message for each of many keys. What is counted is the growth of the
// resident set, less the states themselves; then a collection is timed.
//
//	go run ./cmd/memory -keys 10000000
package main

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"
)

// stateSize is the size of a state that is an object of its own.
const stateSize = 16

// state is that of a key.
type state struct{ last, count uint64 }

func main() {
	keys := flag.Int("keys", 10_000_000, "keys")
	name := flag.String("system", "", "measure this system only, in this process")
	flag.Parse()
	if err := run(*keys, *name); err != nil {
		fmt.Fprintln(os.Stderr, "memory:", err)
		os.Exit(1)
	}
}

func run(keys int, name string) error {
	if name != "" {
		for _, system := range systems {
			if system.name == name {
				return measure(system, keys)
			}
		}
		return fmt.Errorf("there is no system %q", name)
	}
	program, err := os.Executable()
	if err != nil {
		return err
	}
	table := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(table, "\n%d keys\tbytes a key\tresident MiB\ta collection\t\n", keys)
	for _, system := range systems {
		measured, err := exec.Command(program, "-keys", strconv.Itoa(keys), "-system", system.name).CombinedOutput()
		if err != nil {
			return fmt.Errorf("%s: %w: %s", system.name, err, measured)
		}
		fmt.Fprintf(table, "%s\t%s", system.name, measured)
	}
	return table.Flush()
}

// measure prints what a system needs.
func measure(system system, keys int) error {
	before, err := resident()
	if err != nil {
		return err
	}
	kept, err := system.fill(keys)
	if err != nil {
		return err
	}
	debug.FreeOSMemory()
	after, err := resident()
	if err != nil {
		return err
	}
	start := time.Now()
	runtime.GC()
	took := time.Since(start)
	runtime.KeepAlive(kept)
	fmt.Printf("%.1f\t%d\t%v\t\n", float64(after-before)/float64(keys)-stateSize, after>>20, took.Round(time.Millisecond/10))
	return nil
}

// resident is the resident set of this process, in bytes.
func resident() (int, error) {
	text, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return 0, err
	}
	fields := strings.Fields(string(text))
	if len(fields) < 2 {
		return 0, fmt.Errorf("/proc/self/statm has %d fields", len(fields))
	}
	pages, err := strconv.Atoi(fields[1])
	return pages * os.Getpagesize(), err
}
