package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/partita-stream/partita/benches/go/figures"
)

// resultsPage is the page of all tables.
func resultsPage(machine machine, measured *measured, rows []row) string {
	var page strings.Builder
	page.WriteString("# Results of the last run\n\n")
	if measured.compared.Trial {
		page.WriteString("A trial with tiny sizes: the figures mean nothing.\n\n")
	}
	page.WriteString("`make bench` writes this page. [README.md](README.md) says how to read it.\n\n")
	page.WriteString(machineTable(machine) + "\n" + runsTable(measured.runs()) + "\n")
	page.WriteString("## Goals\n\n" + goalsTable(rows) + "\n## Keyed state\n\n")
	page.WriteString("Nanoseconds a message: the median of the rounds, the fastest and the slowest one. `x peer` is how many times as\n" +
		"fast as the peer a system is.\n")
	for results := range chunks(measured.results, func(result figures.Result) string { return result.Bench }) {
		page.WriteString("\n### " + results[0].Bench + "\n\n" + resultsTable(results))
	}
	for _, program := range programs {
		page.WriteString("\n## " + program.title + "\n\nMedians of the rounds, the least and the most. `of peer` is what part of the peer's median that is.\n")
		for all := range chunks(measured.files[program.name].Figures, func(figure figures.Figure) string { return figure.Bench }) {
			page.WriteString("\n### " + program.name + ": " + all[0].Bench + "\n\n" + figuresTable(all))
		}
	}
	return page.String()
}

// chunks yields all with the same key together, in the order in which keys come first.
func chunks[T any](all []T, key func(T) string) func(yield func([]T) bool) {
	return func(yield func([]T) bool) {
		var keys []string
		for _, one := range all {
			if !slices.Contains(keys, key(one)) {
				keys = append(keys, key(one))
			}
		}
		for _, wanted := range keys {
			var chunk []T
			for _, one := range all {
				if key(one) == wanted {
					chunk = append(chunk, one)
				}
			}
			if !yield(chunk) {
				return
			}
		}
	}
}

func machineTable(machine machine) string {
	table := markdown{head: []string{"machine", ""}}
	table.add("processors", machine.processor)
	table.add("memory", machine.memory)
	table.add("kernel", machine.kernel)
	table.add("Go", machine.golang)
	table.add("Rust", machine.rustc)
	table.add("C", machine.cc)
	return table.String()
}

// runsTable tells what was run, when, and on what source.
func runsTable(runs []figures.Run) string {
	table := markdown{head: []string{"in `benches/go`", "rounds", "began", "took", "source"}}
	for _, run := range runs {
		table.add("`"+strings.ReplaceAll(run.Command, "|", `\|`)+"`", fmt.Sprint(run.Rounds),
			run.Began.UTC().Format("2006-01-02 15:04 MST"), run.Ended.Sub(run.Began).Round(time.Second).String(), run.Source)
	}
	return table.String()
}

// ours says that a system is no peer.
func ours(system string) bool { return strings.HasPrefix(system, "partita") }

func resultsTable(results []figures.Result) string {
	table := markdown{head: []string{"system", "ns", "min", "max"}}
	var peers []string
	for _, result := range results {
		if !ours(result.System) {
			peers = append(peers, result.System)
			table.head = append(table.head, "x "+result.System)
		}
	}
	table.head = append(table.head, "allocations", "collecting")
	for _, result := range results {
		each := float64(result.Messages)
		cells := []string{
			result.System, figures.Short(result.NsPerMessage),
			figures.Short(float64(slices.Min(result.RoundsNs)) / each), figures.Short(float64(slices.Max(result.RoundsNs)) / each),
		}
		for _, peer := range peers {
			cells = append(cells, fmt.Sprintf("%.2f", result.Ratios[peer]))
		}
		table.add(append(cells, fmt.Sprintf("%.4f", result.AllocsPerMessage), fmt.Sprintf("%.0f %%", 100*result.GCShare))...)
	}
	return table.String()
}

func figuresTable(all []figures.Figure) string {
	table := markdown{head: []string{"measure", "system", "median", "min", "max", "unit"}}
	var peers []string
	for _, figure := range all {
		for _, peer := range slices.Sorted(maps.Keys(figure.Ratios)) {
			if !ours(peer) && !slices.Contains(peers, peer) {
				peers = append(peers, peer)
				table.head = append(table.head, "of "+peer)
			}
		}
	}
	for same := range chunks(all, func(figure figures.Figure) string { return figure.Measure }) {
		for _, figure := range same {
			cells := []string{figure.Measure, figure.System, figures.Short(figure.Median), figures.Short(figure.Min), figures.Short(figure.Max), figure.Unit}
			for _, peer := range peers {
				cells = append(cells, part(figure, peer))
			}
			table.add(cells...)
		}
	}
	return table.String()
}

// part is what part of a peer's median a figure is, if there is such a peer.
func part(figure figures.Figure, peer string) string {
	if ratio, compared := figure.Ratios[peer]; compared {
		return fmt.Sprintf("%.2f", ratio)
	}
	return ""
}
