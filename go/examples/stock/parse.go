package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
)

const (
	// header may be the first line of the input.
	header = "symbol,date,price"
	// longestLine is how many bytes a line may have.
	longestLine = 4096
	// longestSymbol is how many letters a symbol may have.
	longestSymbol = 4
	// longestQuote is how many bytes of a wrong field are shown.
	longestQuote = 24
)

var errLongLine = fmt.Errorf("expected a line of at most %d bytes, got more", longestLine)

// readStocks reads lines until the input ends. It gives each message to take, and each line that
// is none to malformed, with its number counted from 1. It ends early with the error of take.
func readStocks(input io.Reader, take func(*Stock) error, malformed func(line int, err error)) error {
	lines := bufio.NewReaderSize(input, 16*longestLine)
	for number := 1; ; number++ {
		line, err := readLine(lines)
		if err == io.EOF {
			return nil
		}
		if err != nil && err != errLongLine {
			return fmt.Errorf("read the input: %w", err)
		}
		if number == 1 && string(line) == header {
			continue
		}
		var stock *Stock
		if err == nil {
			stock, err = parseLine(line)
		}
		if err != nil {
			malformed(number, err)
			continue
		}
		if err := take(stock); err != nil {
			return err
		}
	}
}

// readLine reads one line, without its end: LF, CR LF, or the end of the input. The line is valid
// until the next call. A line that is too long is read up to its end, and answered errLongLine.
func readLine(lines *bufio.Reader) ([]byte, error) {
	line, err := lines.ReadSlice('\n')
	long := false
	for err == bufio.ErrBufferFull {
		long = true
		_, err = lines.ReadSlice('\n')
	}
	if err == io.EOF && (len(line) > 0 || long) {
		err = nil // the last line has no LF
	}
	if err != nil {
		return nil, err
	}
	line = bytes.TrimSuffix(line, []byte("\n"))
	if long || len(line) > longestLine {
		return nil, errLongLine
	}
	return bytes.TrimSuffix(line, []byte("\r")), nil
}

// parseLine makes a message of a line. The error says what was expected.
func parseLine(line []byte) (*Stock, error) {
	fields := bytes.Split(line, []byte(","))
	if len(fields) != 3 {
		return nil, fmt.Errorf("expected 3 fields (%s), got %d", header, len(fields))
	}
	symbol, date := fields[0], fields[1]
	if !isSymbol(symbol) {
		return nil, fmt.Errorf("expected a symbol of one to four ASCII letters, got %s", quote(symbol))
	}
	if len(date) == 0 {
		return nil, errors.New("expected a date, got nothing")
	}
	price, ok := parsePrice(fields[2])
	if !ok {
		return nil, fmt.Errorf("expected a price, as 39.81, not negative, got %s", quote(fields[2]))
	}
	return &Stock{Symbol: string(symbol), Price: price}, nil
}

// isSymbol tells whether a field is a symbol: one to four ASCII letters.
func isSymbol(field []byte) bool {
	for _, c := range field {
		if (c < 'A' || c > 'Z') && (c < 'a' || c > 'z') {
			return false
		}
	}
	return len(field) >= 1 && len(field) <= longestSymbol
}

// parsePrice makes a price of a field: a decimal number, also with an exponent, that has no minus
// sign and is finite.
func parsePrice(field []byte) (float64, bool) {
	for i, c := range field {
		if i == 0 && c == '-' || bytes.IndexByte([]byte("0123456789.eE+-"), c) < 0 {
			return 0, false
		}
	}
	price, err := strconv.ParseFloat(string(field), 64)
	return price, err == nil
}

// quote shows a field: not all of a long one, and `?` for what cannot be printed.
func quote(field []byte) string {
	end := ""
	if len(field) > longestQuote {
		field, end = field[:longestQuote], "..."
	}
	shown := bytes.Clone(field)
	for i, c := range shown {
		if c < ' ' || c > '~' {
			shown[i] = '?'
		}
	}
	return `"` + string(shown) + `"` + end
}
