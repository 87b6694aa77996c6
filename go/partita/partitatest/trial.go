package partitatest

import (
	"fmt"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strings"
	"sync"
	"testing"
)

// trial is a property that is run with one seed, and the t that it gets.
type trial struct {
	testing.TB
	seed uint64

	lock            sync.Mutex
	failed, skipped bool
	lines           []string
	cleanups        []func()
	helpers         map[string]bool
}

func newTrial(t testing.TB, seed uint64) *trial {
	return &trial{TB: t, seed: seed, helpers: make(map[string]bool)}
}

// passes runs a property, then what it left to clean up. The property fails, too, if the test does
// meanwhile.
func (trial *trial) passes(property func(t testing.TB, seed uint64)) bool {
	failedBefore := trial.TB.Failed()
	trial.run(func() { property(trial, trial.seed) })
	for {
		cleanup := trial.nextCleanup()
		if cleanup == nil {
			return !trial.Failed() && trial.TB.Failed() == failedBefore
		}
		trial.run(cleanup)
	}
}

// run runs code that may call FailNow, or panic.
func (trial *trial) run(code func()) {
	over := make(chan struct{})
	go func() {
		defer close(over)
		returned := false
		defer func() { trial.ended(returned, recover()) }()
		code()
		returned = true
	}()
	<-over
}

// ended notes what the code did in place of returning, unless it has failed or was skipped.
func (trial *trial) ended(returned bool, panicked any) {
	switch {
	case panicked != nil:
		trial.note("panic: " + fmt.Sprint(panicked) + "\n" + string(debug.Stack()))
		trial.Fail()
	case !returned && !trial.Failed() && !trial.Skipped():
		trial.note("the goroutine was ended by other means than those of the t that the property gets")
		trial.Fail()
	}
}

func (trial *trial) nextCleanup() func() {
	trial.lock.Lock()
	defer trial.lock.Unlock()
	last := len(trial.cleanups) - 1
	if last < 0 {
		return nil
	}
	cleanup := trial.cleanups[last]
	trial.cleanups = trial.cleanups[:last]
	return cleanup
}

func (trial *trial) note(line string) {
	trial.lock.Lock()
	defer trial.lock.Unlock()
	trial.lines = append(trial.lines, line)
}

// log notes what is said, and where.
func (trial *trial) log(text string) {
	trial.note(trial.caller() + ": " + strings.TrimSuffix(text, "\n"))
}

// caller is the line that calls a method of the trial, but for helpers.
func (trial *trial) caller() string {
	var counters [32]uintptr
	// Not Callers, caller, log, nor the method.
	frames := runtime.CallersFrames(counters[:runtime.Callers(4, counters[:])])
	first, more := frames.Next()
	frame := first
	for more && trial.isHelper(frame.Function) {
		frame, more = frames.Next()
	}
	return fmt.Sprintf("%s:%d", filepath.Base(frame.File), frame.Line)
}

func (trial *trial) isHelper(function string) bool {
	trial.lock.Lock()
	defer trial.lock.Unlock()
	return trial.helpers[function]
}

// Helper marks its caller, as that of a test does.
func (trial *trial) Helper() {
	var counter [1]uintptr
	runtime.Callers(2, counter[:])
	frame, _ := runtime.CallersFrames(counter[:]).Next()
	trial.lock.Lock()
	defer trial.lock.Unlock()
	trial.helpers[frame.Function] = true
}

// Cleanup calls the function when the seed is over.
func (trial *trial) Cleanup(cleanup func()) {
	trial.lock.Lock()
	defer trial.lock.Unlock()
	trial.cleanups = append(trial.cleanups, cleanup)
}

// Log notes a line, which is told if the property fails.
func (trial *trial) Log(args ...any) { trial.log(fmt.Sprintln(args...)) }

// Logf is Log with a format.
func (trial *trial) Logf(format string, args ...any) { trial.log(fmt.Sprintf(format, args...)) }

// Fail makes the property fail, and go on.
func (trial *trial) Fail() {
	trial.lock.Lock()
	defer trial.lock.Unlock()
	trial.failed = true
}

// FailNow makes the property fail, and end.
func (trial *trial) FailNow() {
	trial.Fail()
	runtime.Goexit()
}

// Failed tells whether the property has failed.
func (trial *trial) Failed() bool {
	trial.lock.Lock()
	defer trial.lock.Unlock()
	return trial.failed
}

// Error is Log and Fail.
func (trial *trial) Error(args ...any) {
	trial.log(fmt.Sprintln(args...))
	trial.Fail()
}

// Errorf is Logf and Fail.
func (trial *trial) Errorf(format string, args ...any) {
	trial.log(fmt.Sprintf(format, args...))
	trial.Fail()
}

// Fatal is Log and FailNow.
func (trial *trial) Fatal(args ...any) {
	trial.log(fmt.Sprintln(args...))
	trial.FailNow()
}

// Fatalf is Logf and FailNow.
func (trial *trial) Fatalf(format string, args ...any) {
	trial.log(fmt.Sprintf(format, args...))
	trial.FailNow()
}

// Skip is Log and SkipNow.
func (trial *trial) Skip(args ...any) {
	trial.log(fmt.Sprintln(args...))
	trial.SkipNow()
}

// Skipf is Logf and SkipNow.
func (trial *trial) Skipf(format string, args ...any) {
	trial.log(fmt.Sprintf(format, args...))
	trial.SkipNow()
}

// SkipNow ends the property for this seed.
func (trial *trial) SkipNow() {
	trial.lock.Lock()
	trial.skipped = true
	trial.lock.Unlock()
	runtime.Goexit()
}

// Skipped tells whether the property was ended for this seed.
func (trial *trial) Skipped() bool {
	trial.lock.Lock()
	defer trial.lock.Unlock()
	return trial.skipped
}
