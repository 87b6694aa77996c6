package main

import (
	"fmt"
	"os"
	"strconv"
	"strings"
)

// resident is the resident set of this process, in bytes.
func resident() (int, error) {
	text, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return 0, err
	}
	fields := strings.Fields(string(text))
	if len(fields) < 2 {
		return 0, fmt.Errorf("/proc/self/statm has %d fields", len(fields))
	}
	pages, err := strconv.Atoi(fields[1])
	return pages * os.Getpagesize(), err
}
