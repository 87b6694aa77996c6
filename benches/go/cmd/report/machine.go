package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
)

// machine is what the figures were measured on.
type machine struct{ processor, memory, kernel, golang, rustc, cc string }

func thisMachine() machine {
	return machine{
		processor: fmt.Sprintf("%s, %d of them", field("/proc/cpuinfo", "model name"), runtime.NumCPU()),
		memory:    field("/proc/meminfo", "MemTotal"),
		kernel:    strings.TrimSpace(firstLine("uname", "-srm")),
		golang:    runtime.Version() + " " + runtime.GOOS + "/" + runtime.GOARCH,
		rustc:     firstLine("rustc", "--version"),
		cc:        firstLine(compiler(), "--version"),
	}
}

// compiler is the one that make takes.
func compiler() string {
	if named := os.Getenv("CC"); named != "" {
		return named
	}
	return "cc"
}

const unknown = "unknown"

// field finds the first value of that name in a file of names and values.
func field(file, name string) string {
	text, _ := os.ReadFile(file)
	for line := range bytes.Lines(text) {
		found, value, _ := strings.Cut(string(line), ":")
		if strings.TrimSpace(found) == name {
			return strings.TrimSpace(value)
		}
	}
	return unknown
}

// firstLine is what a command prints first.
func firstLine(command string, arguments ...string) string {
	printed, err := exec.Command(command, arguments...).Output()
	line, _, _ := strings.Cut(string(printed), "\n")
	if err != nil || line == "" {
		return unknown
	}
	return line
}
