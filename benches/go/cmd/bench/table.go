package main

import (
	"fmt"
	"io"
	"slices"
	"text/tabwriter"

	"github.com/partita-stream/partita/benches/go/figures"
)

// peers are the systems that a table has a column for, if they ran.
var peers = []string{"direct", "cores", "channels", "slices",
	"c-direct", "c-pthreads", "rust-direct", "rust-channels", "rust-timely"}

// printTable prints the results of one bench. A column "x peer" tells how many times as fast as that peer a system is.
func printTable(out io.Writer, results []figures.Result) {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(table, "\n%s\tns/message\tmin-max\t", results[0].Bench)
	var columns []string
	for _, peer := range peers {
		if _, ran := results[0].Ratios[peer]; ran {
			columns = append(columns, peer)
			fmt.Fprintf(table, "x %s\t", peer)
		}
	}
	fmt.Fprintf(table, "allocs/message\t\n")
	for _, result := range results {
		each := float64(result.Messages)
		fmt.Fprintf(table, "%s\t%.1f\t%.1f-%.1f\t", result.System, result.NsPerMessage,
			float64(slices.Min(result.RoundsNs))/each, float64(slices.Max(result.RoundsNs))/each)
		for _, peer := range columns {
			fmt.Fprintf(table, "%.2f\t", result.Ratios[peer])
		}
		fmt.Fprintf(table, "%.4f\t\n", result.AllocsPerMessage)
	}
	table.Flush()
}
