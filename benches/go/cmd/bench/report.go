package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
	"text/tabwriter"
)

// peers are the systems that the table has a column for.
var peers = []string{"direct", "cores", "channels", "slices"}

// printTable prints the results of one bench. A column "x peer" tells how many times as fast as that peer a system is.
func printTable(out io.Writer, results []result) {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(table, "\n%s\tns/message\tmin-max\t", results[0].Bench)
	for _, peer := range peers {
		fmt.Fprintf(table, "x %s\t", peer)
	}
	fmt.Fprintf(table, "allocs/message\t\n")
	for _, result := range results {
		each := float64(result.Messages)
		fmt.Fprintf(table, "%s\t%.1f\t%.1f-%.1f\t", result.System, result.NsPerMessage,
			float64(slices.Min(result.RoundsNs))/each, float64(slices.Max(result.RoundsNs))/each)
		for _, peer := range peers {
			fmt.Fprintf(table, "%s\t", formatRatio(result.Ratios, peer))
		}
		fmt.Fprintf(table, "%.4f\t\n", result.AllocsPerMessage)
	}
	table.Flush()
}

// formatRatio writes a ratio, or a dash where there is none.
func formatRatio(ratios map[string]float64, peer string) string {
	if ratio, ok := ratios[peer]; ok {
		return fmt.Sprintf("%.2f", ratio)
	}
	return "-"
}

// writeJSON writes the results of all benches to a file.
func writeJSON(name string, results []result) error {
	text, err := json.MarshalIndent(results, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(name, append(text, '\n'), 0o644)
}
