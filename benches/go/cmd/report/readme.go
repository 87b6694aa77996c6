package main

import (
	"fmt"
	"os"
	"strings"
)

// section is a part of a document that is written here, between two marks.
type section struct{ name, text string }

func (section section) begin() string { return "<!-- " + section.name + " -->\n" }
func (section section) end() string   { return "<!-- /" + section.name + " -->\n" }

// replace writes sections between their marks in a file.
func replace(name string, sections ...section) error {
	old, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	text := string(old)
	for _, section := range sections {
		before, rest, began := strings.Cut(text, section.begin())
		_, after, ended := strings.Cut(rest, section.end())
		if !began || !ended {
			return fmt.Errorf("%s: no %q and %q", name, section.begin(), section.end())
		}
		text = before + section.begin() + section.text + section.end() + after
	}
	return os.WriteFile(name, []byte(text), 0o644)
}

// goalsSection is the table of goals, and where and when it was measured.
func goalsSection(machine machine, measured *measured, rows []row) section {
	run := measured.compared
	return section{"goals", fmt.Sprintf("%s\nMeasured on %s, of %s: %s; %s, %s, %s. All tables: [RESULTS.md](RESULTS.md).\n",
		goalsTable(rows), run.Began.UTC().Format("2006-01-02"), run.Source, machine.processor, machine.golang, machine.rustc, machine.cc)}
}

// plotsSection shows the plots.
func plotsSection(charts []chart) section {
	var text strings.Builder
	for _, chart := range charts {
		fmt.Fprintf(&text, "![%s](plots/%s)\n", chart.title, chart.file)
	}
	return section{"plots", text.String()}
}
