package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"text/tabwriter"
)

// printTable prints the results of one bench. A column "x peer" tells how many times faster than that
// peer a system is.
func printTable(out io.Writer, keys int, results []result) {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(table, "\nkeys\tsystem\tns/message\tmin-max\tx %s\tx %s\tx %s\tallocs/message\t\n",
		referenceChannels, referenceSlices, referencePointers)
	for _, r := range results {
		fmt.Fprintf(table, "%d\t%s\t%.1f\t%.1f-%.1f\t%s\t%s\t%s\t%.4f\t\n",
			keys, r.System, r.NsPerMessage, r.nsMin, r.nsMax,
			formatRatio(r.Ratio), formatRatio(r.RatioSlices), formatRatio(r.RatioPointers), r.AllocsPerMessage)
	}
	table.Flush()
}

// formatRatio writes a ratio, or a dash where there is none.
func formatRatio(ratio *float64) string {
	if ratio == nil {
		return "-"
	}
	return fmt.Sprintf("%.2f", *ratio)
}

// writeJSON writes the results of all benches to a file.
func writeJSON(name string, results []result) error {
	text, err := json.MarshalIndent(results, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(name, append(text, '\n'), 0o644)
}
