package figures

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
)

// File is what a program writes.
type File struct {
	Run
	Figures []Figure `json:"figures"`
}

// Read reads what Write wrote. A file without figures is an error.
func Read(name string) (File, error) {
	var file File
	if err := read(name, &file); err != nil {
		return file, err
	}
	if len(file.Figures) == 0 {
		return file, fmt.Errorf("%s: no figures", name)
	}
	return file, nil
}

// ReadResults reads what WriteResults wrote. A file without results is an error.
func ReadResults(name string) (Run, []Result, error) {
	var run Run
	var all []Result
	if err := read(name, &all); err != nil {
		return run, nil, err
	}
	if len(all) == 0 {
		return run, nil, fmt.Errorf("%s: no results", name)
	}
	return run, all, read(runFile(name), &run)
}

// runFile stands beside a file of results: bench.run.json beside bench.json.
func runFile(name string) string { return strings.TrimSuffix(name, ".json") + ".run.json" }

func read(name string, into any) error {
	text, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(text, into); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

func write(name string, what any) error {
	text, err := json.MarshalIndent(what, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(name, append(text, '\n'), 0o644)
}
