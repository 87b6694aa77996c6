package main

import (
	"fmt"
	"io"
)

// printResult prints the table of one form, and under it the dead letters if there are any, and
// the rate unless the run is to be quiet.
func printResult(out io.Writer, title string, found result, quiet bool) {
	fmt.Fprintln(out, title)
	fmt.Fprintf(out, "%-6s %10s\n", "symbol", "price")
	for _, stock := range found.stocks {
		fmt.Fprintf(out, "%-6s %10.2f\n", stock.Symbol, stock.Price)
	}
	if len(found.dead) > 0 {
		fmt.Fprintln(out, "dead letters")
		fmt.Fprintf(out, "%-6s %10s  %s\n", "symbol", "count", "reason")
		for _, letters := range found.dead {
			fmt.Fprintf(out, "%-6s %10d  %s\n", letters.symbol, letters.count, letters.text())
		}
	}
	if !quiet {
		seconds, rate := found.elapsed.Seconds(), 0.0
		if seconds > 0 {
			rate = float64(found.messages) / seconds
		}
		fmt.Fprintf(out, "%d messages in %.3f s, %.0f messages/s\n", found.messages, seconds, rate)
	}
}
