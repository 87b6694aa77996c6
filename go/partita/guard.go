package partita

import (
	"bytes"
	"reflect"
	"runtime"
	"runtime/debug"
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
