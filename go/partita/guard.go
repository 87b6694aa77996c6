package partita

import (
	"bytes"
	"fmt"
	"reflect"
	"runtime"
	"runtime/debug"
	"strings"
	"unicode/utf8"
)

// ending is how user code ended that did not return.
type ending struct {
	// panicked is the value of the panic, or nil if the code called runtime.Goexit.
	panicked any
	// stack begins at the code that ended.
	stack []byte
}

// guard runs user code and returns true if it returned. If it panicked, guard calls failed and
// returns false. If it called runtime.Goexit, guard calls failed, and does not return either.
func guard(code func(), failed func(ending)) (returned bool) {
	exits := true
	defer func() {
		if exits {
			failed(ending{stack: userStack(debug.Stack())})
		}
	}()
	panicked := catch(code)
	// A runtime.Goexit does not come here, whatever panicked on its way and was recovered.
	exits = false
	if panicked != nil {
		failed(*panicked)
	}
	return panicked == nil
}

// catch runs user code, and returns how it panicked, or nil. If it called runtime.Goexit, catch does
// not return.
func catch(code func()) (panicked *ending) {
	returned := false
	defer func() {
		if returned {
			return
		}
		panicked = &ending{panicked: recover(), stack: userStack(debug.Stack())}
		if panicked.panicked == nil {
			// Programs may ask for panics with nil.
			panicked.panicked = new(runtime.PanicNilError)
		}
	}()
	code()
	returned = true
	return nil
}

// userStack leaves out what is not the user's: the frames behind the end of the code, and those
// before its beginning.
func userStack(stack []byte) []byte {
	stack, _, _ = bytes.Cut(stack, []byte("\n"+catchName+"("))
	for _, call := range []string{"\npanic(", "\nruntime.Goexit("} {
		_, behind, found := bytes.Cut(stack, []byte(call))
		if !found {
			continue
		}
		// The rest of the call's line, and the line of its file.
		for range 2 {
			_, behind, _ = bytes.Cut(behind, []byte("\n"))
		}
		return behind
	}
	return stack
}

// catchName is the name of the function catch in a stack.
var catchName = reflect.TypeFor[ending]().PkgPath() + ".catch"

// exited says whether the code called runtime.Goexit: its goroutine is about to end.
func (e ending) exited() bool { return e.panicked == nil }

// text tells what ended, how, and where.
func (e ending) text(what string) string {
	how := "runtime.Goexit was called"
	if !e.exited() {
		how = "panic: " + show(e.panicked)
	}
	return what + ": " + how + "\n\n" + string(e.stack)
}

// shownMax is how much of a value is shown, in bytes.
const shownMax = 512

// show is a value as text, cut where it is long. It runs the value's own methods, if it has any, on
// a goroutine that may end.
func show(value any) string {
	shown := make(chan string, 1)
	go func() {
		text := fmt.Sprintf("a %T", value)
		defer func() {
			_ = recover()
			shown <- text
		}()
		text = cut(fmt.Sprintf("%v", value), shownMax, "...")
	}()
	return <-shown
}

// cut is text as valid UTF-8 of at most size bytes, and the mark if that is not all.
func cut(text string, size int, mark string) string {
	text = strings.ToValidUTF8(text, string(utf8.RuneError))
	if len(text) <= size {
		return text
	}
	end := size - len(mark)
	if end <= 0 {
		return ""
	}
	for !utf8.RuneStart(text[end]) {
		end--
	}
	return text[:end] + mark
}
