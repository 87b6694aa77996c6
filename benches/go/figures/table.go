package figures

import (
	"fmt"
	"io"
	"strconv"
	"text/tabwriter"
)

// PrintTable prints figures for people.
func PrintTable(out io.Writer, all []Figure) error {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(table, "\nbench\tsystem\tmeasure\tmedian\tmin\tmax\tunit\t\n")
	for _, figure := range all {
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t\n", figure.Bench, figure.System, figure.Measure,
			Short(figure.Median), Short(figure.Min), Short(figure.Max), figure.Unit)
	}
	return table.Flush()
}

// Short writes a number with three digits that count, or all those before the point.
func Short(value float64) string {
	switch size := max(value, -value); {
	case size == 0:
		return "0"
	case size >= 100:
		return strconv.FormatFloat(value, 'f', 0, 64)
	case size >= 10:
		return strconv.FormatFloat(value, 'f', 1, 64)
	case size >= 1:
		return strconv.FormatFloat(value, 'f', 2, 64)
	case size >= 0.1:
		return strconv.FormatFloat(value, 'f', 3, 64)
	default:
		return strconv.FormatFloat(value, 'g', 3, 64)
	}
}
