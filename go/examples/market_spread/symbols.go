package main

import (
	"fmt"
	"os"
	"strings"
)

// symbolCount is how many symbols there are if no file tells.
const symbolCount = 350

// readSymbols reads the symbols there are from a file, or makes some up.
func readSymbols(file string) ([]symbol, error) {
	if file == "" {
		return generatedSymbols(), nil
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("-symbols: %w", err)
	}
	var symbols []symbol
	seen := make(map[symbol]bool)
	for i, line := range strings.Split(string(text), "\n") {
		line = strings.TrimSpace(line)
		if line == "" {
			continue
		}
		if len(line) > 4 {
			return nil, fmt.Errorf("-symbols: %s:%d: %q has %d bytes: expected 4 at most", file, i+1, line, len(line))
		}
		symbol := symbolOf([4]byte([]byte(fmt.Sprintf("%-4s", line))))
		if seen[symbol] {
			return nil, fmt.Errorf("-symbols: %s:%d: %q is there twice: expected it once", file, i+1, line)
		}
		seen[symbol] = true
		symbols = append(symbols, symbol)
	}
	if len(symbols) == 0 {
		return nil, fmt.Errorf("-symbols: %s has no symbol: expected one on each line", file)
	}
	return symbols, nil
}

// generatedSymbols are AAA, AAB and so on.
func generatedSymbols() []symbol {
	var symbols []symbol
	for i := range symbolCount {
		symbols = append(symbols, symbolOf([4]byte{'A' + byte(i/676), 'A' + byte(i/26%26), 'A' + byte(i%26), ' '}))
	}
	return symbols
}
