package main

import (
	"errors"
	"fmt"
	"path/filepath"

	"github.com/partita-stream/partita/benches/go/figures"
)

// programs are those that write figures, in the order of the page, and what they measure.
var programs = []struct{ name, title string }{
	{"latency", "Latency"},
	{"memory", "Memory, garbage collection and idle processors"},
	{"pause", "Pauses while a table grows"},
	{"callbench", "Completions and calls"},
	{"blockbench", "A step that blocks"},
	{"tcpbench", "Between sockets"},
}

// measured is what the last run measured.
type measured struct {
	// compared is the run of the comparison of keyed state, and results what it found.
	compared figures.Run
	results  []figures.Result
	// files are those of the other programs, by their names.
	files map[string]figures.File
	// missing names what was asked for and is not there.
	missing []string
}

// readAll reads the files of all programs.
func readAll(folder string, try bool) (*measured, error) {
	measured := &measured{files: make(map[string]figures.File)}
	var errs []error
	var err error
	measured.compared, measured.results, err = figures.ReadResults(filepath.Join(folder, "bench.json"))
	errs = append(errs, err)
	for _, program := range programs {
		file, err := figures.Read(filepath.Join(folder, program.name+".json"))
		measured.files[program.name] = file
		errs = append(errs, err)
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return measured, measured.check(try)
}

// check tells why the figures are not those of one run.
func (measured *measured) check(try bool) error {
	var errs []error
	for _, run := range measured.runs() {
		if run.Source != measured.compared.Source {
			errs = append(errs, fmt.Errorf("%s measured %s, and %s %s", run.Command, run.Source,
				measured.compared.Command, measured.compared.Source))
		}
		if run.Trial && !try {
			errs = append(errs, fmt.Errorf("%s was a trial", run.Command))
		}
	}
	for _, result := range measured.results {
		if len(result.RoundsNs) != measured.compared.Rounds {
			errs = append(errs, fmt.Errorf("%s of %s has %d rounds of %d", result.Bench, result.System,
				len(result.RoundsNs), measured.compared.Rounds))
		}
	}
	for _, program := range programs {
		file := measured.files[program.name]
		for _, figure := range file.Figures {
			if len(figure.Rounds) != file.Rounds {
				errs = append(errs, fmt.Errorf("%s, %s of %s has %d rounds of %d", figure.Bench, figure.Measure,
					figure.System, len(figure.Rounds), file.Rounds))
			}
		}
	}
	return errors.Join(errs...)
}

// runs are those of all programs, in the order of the page.
func (measured *measured) runs() []figures.Run {
	runs := []figures.Run{measured.compared}
	for _, program := range programs {
		runs = append(runs, measured.files[program.name].Run)
	}
	return runs
}

// result finds that of a system in a bench of keyed state.
func (measured *measured) result(bench, system string) figures.Result {
	for _, result := range measured.results {
		if result.Bench == bench && result.System == system {
			return result
		}
	}
	measured.miss("bench.json", bench, system)
	return figures.Result{}
}

// figure finds that of another program.
func (measured *measured) figure(program, bench, system, measure string) figures.Figure {
	for _, figure := range measured.files[program].Figures {
		if figure.Bench == bench && figure.System == system && figure.Measure == measure {
			return figure
		}
	}
	measured.miss(program+".json", bench, system, measure)
	return figures.Figure{}
}

func (measured *measured) miss(path ...string) {
	measured.missing = append(measured.missing, fmt.Sprintf("%q", path))
}

// complete fails if anything that was asked for is missing.
func (measured *measured) complete() error {
	var errs []error
	for _, missing := range measured.missing {
		errs = append(errs, fmt.Errorf("no figures of %s", missing))
	}
	return errors.Join(errs...)
}
