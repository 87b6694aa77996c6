package main

import (
	_ "embed"
	"fmt"
	"io"
	"os"
	"strings"
)

// stocksCSV is the input that is used if none is given.
//
//go:embed stocks.csv
var stocksCSV string

// input is something that can be read several times: each form reads all of it.
type input struct {
	stream io.ReadSeeker
	close  func()
}

// openInput opens a file, or standard input for "-", or the embedded prices for "". What cannot be
// read twice (standard input, a pipe) is copied to a temporary file first.
func openInput(name string, stdin io.Reader) (*input, error) {
	switch name {
	case "":
		return &input{stream: strings.NewReader(stocksCSV), close: func() {}}, nil
	case "-":
		return copyInput(stdin)
	}
	file, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	about, err := file.Stat()
	if err == nil && about.Mode().IsRegular() {
		return &input{stream: file, close: func() { file.Close() }}, nil
	}
	defer file.Close()
	if err != nil {
		return nil, err
	}
	return copyInput(file)
}

// copyInput copies a stream to a temporary file.
func copyInput(from io.Reader) (*input, error) {
	file, err := os.CreateTemp("", "stock-*.csv")
	if err != nil {
		return nil, err
	}
	remove := func() {
		file.Close()
		os.Remove(file.Name())
	}
	if _, err := io.Copy(file, from); err != nil {
		remove()
		return nil, fmt.Errorf("copy the input: %w", err)
	}
	return &input{stream: file, close: remove}, nil
}

// rewind goes back to the first line.
func (input *input) rewind() (io.Reader, error) {
	_, err := input.stream.Seek(0, io.SeekStart)
	return input.stream, err
}
