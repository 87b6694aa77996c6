// Command report writes what the last run of the benchmarks measured: the table of goals and plots into the README of
// the benchmarks, and a page of all tables. It fails if figures are missing, or are of different sources.
//
//	go run ./cmd/report
package main

import (
	"flag"
	"fmt"
	"os"
)

type options struct {
	// figures is the folder with what the programs wrote.
	figures string
	// readme has the marks of what is written into it, results is the page of all tables, and plots a folder.
	readme, results, plots string
	// try accepts figures of tiny sizes.
	try bool
}

func main() {
	var options options
	flag.StringVar(&options.figures, "figures", "../../target", "the `folder` with the figures")
	flag.StringVar(&options.readme, "readme", "../README.md", "the `file` to write the table of goals and the plots into, between its marks")
	flag.StringVar(&options.results, "results", "../RESULTS.md", "the `file` to write all tables to")
	flag.StringVar(&options.plots, "plots", "../plots", "the `folder` to write plots to")
	flag.BoolVar(&options.try, "try", false, "accept figures of tiny sizes, which mean nothing")
	flag.Parse()
	if err := write(options); err != nil {
		fmt.Fprintln(os.Stderr, "report:", err)
		os.Exit(1)
	}
}

// write writes everything, or nothing if figures are missing.
func write(options options) error {
	measured, err := readAll(options.figures, options.try)
	if err != nil {
		return err
	}
	rows := measured.rows()
	plots := measured.plots()
	if err := measured.complete(); err != nil {
		return err
	}
	machine := thisMachine()
	if err := replace(options.readme, goalsSection(machine, measured, rows), plotsSection(plots)); err != nil {
		return err
	}
	page := resultsPage(machine, measured, rows)
	if err := os.WriteFile(options.results, []byte(page), 0o644); err != nil {
		return err
	}
	return drawAll(options.plots, plots)
}
