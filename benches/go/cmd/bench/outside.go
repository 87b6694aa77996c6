package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// outsidePlan are the benches that programs in other languages run, which do as this one does: every system in turn,
// the first round not counted, all states compared.
func outsidePlan() (benches []bench) {
	for _, program := range []string{"c", "rust"} {
		for _, keys := range []int{1, 1_000, 10_000, 1_000_000, 10_000_000} {
			benches = append(benches, bench{
				name: fmt.Sprintf("%s,keys=%d", program, keys), program: program, keys: keys, messages: 4_000_000,
				quick: keys == 1_000 || keys == 1_000_000,
			})
		}
	}
	return benches
}

// measureOutside has a program run a bench.
func measureOutside(bench bench, programs string, rounds int) ([]series, error) {
	command := exec.Command(filepath.Join(programs, bench.program),
		strconv.Itoa(bench.keys), strconv.Itoa(bench.messages), strconv.Itoa(rounds))
	command.Stderr = os.Stderr
	output, err := command.Output()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", command, err)
	}
	return parseSeries(output, rounds)
}

// parseSeries reads a line for each system: its name, and the nanoseconds of each round.
func parseSeries(output []byte, rounds int) (all []series, err error) {
	for line := range bytes.Lines(output) {
		fields := strings.Fields(string(line))
		if len(fields) != rounds+1 {
			return nil, fmt.Errorf("the line %q: expected a name and %d numbers", line, rounds)
		}
		series := series{system: fields[0]}
		for _, field := range fields[1:] {
			took, err := strconv.ParseInt(field, 10, 64)
			if err != nil || took <= 0 {
				return nil, fmt.Errorf("the line %q: expected nanoseconds, got %q", line, field)
			}
			series.rounds = append(series.rounds, sample{elapsed: time.Duration(took)})
		}
		all = append(all, series)
	}
	return all, nil
}
