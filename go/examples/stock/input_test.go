package main

import (
	"io"
	"os"
	"strings"
	"testing"
)

// The copy of standard input used to stay behind when the program was interrupted.
func TestACopiedInputHasNoNameThatCouldStay(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	input, err := openInput("-", strings.NewReader("IBM,Jan 1 2000,1\n"))
	if err != nil {
		t.Fatal(err)
	}
	defer input.close()
	if left, err := os.ReadDir(os.TempDir()); err != nil || len(left) != 0 {
		t.Errorf("while it is open there is %v, %v", left, err)
	}
	for range 2 {
		stream, err := input.rewind()
		if err != nil {
			t.Fatal(err)
		}
		if text, err := io.ReadAll(stream); string(text) != "IBM,Jan 1 2000,1\n" || err != nil {
			t.Errorf("read %q, %v", text, err)
		}
	}
}

func TestADirectoryIsNoInput(t *testing.T) {
	directory := t.TempDir()
	_, err := openInput(directory, nil)
	if err == nil || err.Error() != directory+": expected a file, got a directory" {
		t.Errorf("got %v", err)
	}
}
