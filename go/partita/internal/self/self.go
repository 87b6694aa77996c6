//go:build amd64 || arm64

// Package self tells goroutines apart.
package self

// Number tells the calling goroutine from all others that live: where the runtime keeps it. Once it has ended,
// another may have the same.
func Number() uintptr
