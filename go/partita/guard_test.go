package partita

import (
	"errors"
	"runtime"
	"strings"
	"testing"
)

func TestAGuardTellsHowCodeEnded(t *testing.T) {
	var last ending
	run := func(code func()) bool { return guard(code, func(end ending) { last = end }) }
	if !run(func() {}) {
		t.Error("code that returned is said not to have")
	}
	cause := errors.New("cause")
	if run(func() { panic(cause) }) || last.panicked != cause {
		t.Errorf("a panic was told as %v", last.panicked)
	}
	if !strings.HasPrefix(string(last.stack), "github.com/partita-stream/partita/go/partita.TestAGuard") {
		t.Errorf("the stack does not begin at the panic:\n%s", last.stack)
	}
	if run(func() { panic(nil) }) || last.exited() { //nolint
		t.Error("a panic with nil is not told from runtime.Goexit")
	}
	gone := make(chan bool)
	go func() {
		defer close(gone)
		run(func() { runtime.Goexit() })
		t.Error("the goroutine went on after runtime.Goexit")
	}()
	<-gone
	if !last.exited() || !strings.Contains(last.text("it"), "it: runtime.Goexit was called") {
		t.Errorf("runtime.Goexit was told as %q", last.text("it"))
	}
	if !strings.HasPrefix(string(last.stack), "github.com/partita-stream/partita/go/partita.TestAGuard") {
		t.Errorf("the stack does not begin at runtime.Goexit:\n%s", last.stack)
	}
}

// A deferred function that panics while runtime.Goexit runs it is recovered, and the goroutine ends
// all the same. The guard used to take that for a panic: nobody was told that the goroutine ended.
func TestAGuardTellsAnExitFromAPanicOnItsWay(t *testing.T) {
	var ends []ending
	gone := make(chan bool)
	go func() {
		defer close(gone)
		guard(func() {
			defer func() { panic("on the way out") }()
			runtime.Goexit()
		}, func(end ending) { ends = append(ends, end) })
		t.Error("the goroutine went on after runtime.Goexit")
	}()
	<-gone
	if len(ends) != 1 || !ends[0].exited() {
		t.Errorf("it was told as %v", ends)
	}
}

// With this setting a panic with nil recovers as nil. The guard used to take that for an exit: the
// engine gave the worker's place to another while this one went on.
func TestAGuardTellsAPanicWithNilFromAnExit(t *testing.T) {
	t.Setenv("GODEBUG", "panicnil=1")
	var ends []ending
	if guard(func() { panic(nil) }, func(end ending) { ends = append(ends, end) }) { //nolint
		t.Error("code that panicked is said to have returned")
	}
	if len(ends) != 1 || ends[0].exited() {
		t.Errorf("it was told as %v", ends)
	}
}
