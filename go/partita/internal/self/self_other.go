//go:build !amd64 && !arm64

// Package self tells goroutines apart.
package self

import (
	"bytes"
	"runtime"
	"strconv"
)

// Number is the number that a stack trace of the calling goroutine begins with.
func Number() uintptr {
	var room [64]byte
	text := bytes.TrimPrefix(room[:runtime.Stack(room[:], false)], []byte("goroutine "))
	digits, _, _ := bytes.Cut(text, []byte(" "))
	number, err := strconv.ParseUint(string(digits), 10, 0)
	if err != nil {
		panic("no number in the stack of a goroutine: " + string(room[:]))
	}
	return uintptr(number)
}
