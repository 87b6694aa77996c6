//go:build race || asan

package partita_test

// instrumented says that the race detector or the address sanitizer is on, which allocate on their own.
const instrumented = true
