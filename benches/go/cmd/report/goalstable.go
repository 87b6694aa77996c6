package main

import (
	"fmt"
	"strings"

	"github.com/partita-stream/partita/benches/go/figures"
)

// goalsTable is the table of goals.
func goalsTable(rows []row) string {
	table := markdown{head: append(append([]string{"measure", "floor", "goal"}, columns[:]...), "met")}
	for _, row := range rows {
		cells := []string{row.measure, row.bound(row.floor), row.bound(row.aim)}
		for _, value := range row.values {
			cells = append(cells, value.cell())
		}
		table.add(append(cells, row.verdict())...)
	}
	return table.String()
}

// bound shows a floor or a goal.
func (goal goal) bound(bound float64) string {
	if bound == nothing {
		return "0"
	}
	return fmt.Sprint(bound)
}

// cell shows a value, and where it was the worst.
func (value *value) cell() string {
	switch {
	case value == nil:
		return ""
	case value.at == "":
		return figures.Short(value.number)
	}
	return fmt.Sprintf("%s (`%s`)", figures.Short(value.number), value.at)
}

// verdict tells what is met, for each API where they differ.
func (row row) verdict() string {
	var each []string
	judged := make(map[int]bool)
	for api, value := range row.values {
		if value == nil {
			continue
		}
		verdict := row.judge(value.number)
		judged[verdict] = true
		each = append(each, columns[api]+" "+verdicts[verdict])
	}
	if len(judged) == 1 {
		for verdict := range judged {
			return verdicts[verdict]
		}
	}
	return strings.Join(each, ", ")
}
