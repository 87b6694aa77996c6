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
	if about.IsDir() {
		return nil, fmt.Errorf("%s: expected a file, got a directory", name)
	}
	return copyInput(file)
}

// copyInput copies a stream to a temporary file, whose name is gone at once: however the program
// ends, nothing is left.
func copyInput(from io.Reader) (*input, error) {
	file, err := os.CreateTemp("", "stock-*.csv")
	if err != nil {
		return nil, err
	}
	err = os.Remove(file.Name())
	if err == nil {
		_, err = io.Copy(file, from)
	}
	if err != nil {
		file.Close()
		return nil, fmt.Errorf("copy the input: %w", err)
	}
	return &input{stream: file, close: func() { file.Close() }}, nil
}

// rewind goes back to the first line.
func (input *input) rewind() (io.Reader, error) {
	_, err := input.stream.Seek(0, io.SeekStart)
	return input.stream, err
}
