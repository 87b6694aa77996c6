package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// checkReached tells which files of a folder no document of these links to.
func checkReached(folder string, documents ...string) (failures []error) {
	var linked []string
	for _, document := range documents {
		text, err := os.ReadFile(document)
		if err != nil {
			return []error{err}
		}
		for _, found := range link.FindAllStringSubmatch(fenced.ReplaceAllString(string(text), ""), -1) {
			target, _, _ := strings.Cut(found[1], "#")
			linked = append(linked, filepath.Join(filepath.Dir(document), target))
		}
	}
	files, err := os.ReadDir(folder)
	if err != nil {
		return []error{err}
	}
	for _, file := range files {
		if name := filepath.Join(folder, file.Name()); !slices.Contains(linked, name) {
			failures = append(failures, fmt.Errorf("%s: nothing leads there: expected a link in %s", name, strings.Join(documents, " or ")))
		}
	}
	return failures
}
