package main

import "strings"

// markdown is a table.
type markdown struct {
	head []string
	rows [][]string
}

func (table *markdown) add(cells ...string) { table.rows = append(table.rows, cells) }

func (table *markdown) String() string {
	var text strings.Builder
	line := func(cells []string) {
		text.WriteString("| " + strings.Join(cells, " | ") + " |\n")
	}
	line(table.head)
	text.WriteString(strings.Repeat("| --- ", len(table.head)) + "|\n")
	for _, row := range table.rows {
		line(row)
	}
	return text.String()
}
