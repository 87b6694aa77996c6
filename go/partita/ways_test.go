package partita_test

import (
	"errors"
	"runtime"
	"testing"

	"github.com/partita-stream/partita/go/partita"
)

// way is a way in which user code ends without a result.
type way struct {
	// end ends the code, or gives the error that it is to return.
	end func() error
	// says is in what is told of it.
	says string
	// returns says that it is an error that the code returns, and exits that its goroutine ends.
	returns, exits bool
}

// mute is an error and a text whose methods end as it says.
type mute struct{ end func() }

func (mute mute) Error() string { mute.end(); return "" }

// unspoken is a [fmt.Stringer] that is no error.
type unspoken struct{ end func() }

func (unspoken unspoken) String() string { unspoken.end(); return "" }

// faulty is an error whose nil pointer cannot say what it is.
type faulty struct{ text string }

func (faulty *faulty) Error() string { return faulty.text }

var (
	noMap      map[string]int
	noEvent    *event
	errBoom    = errors.New("boom")
	someEvents []event
)

// ways are all of them.
var ways = map[string]way{
	"panic with a text":             {end: func() error { panic("boom") }, says: "panic: boom"},
	"panic with an error":           {end: func() error { panic(errBoom) }, says: "panic: boom"},
	"panic with nil":                {end: func() error { panic(nil) }, says: "panic called with nil argument"}, //nolint
	"panic while it panics":         {end: func() error { defer func() { panic("worse") }(); panic("boom") }, says: "panic: worse"},
	"panic with a nil error":        {end: func() error { panic((*faulty)(nil)) }, says: "panic: a *partita_test.faulty"},
	"panic with a mute error":       {end: func() error { panic(mute{func() { panic("no") }}) }, says: "panic: a partita_test.mute"},
	"panic with an exiting error":   {end: func() error { panic(mute{runtime.Goexit}) }, says: "panic: a partita_test.mute"},
	"panic with a mute text":        {end: func() error { panic(unspoken{func() { panic("no") }}) }, says: "panic: a partita_test.unspoken"},
	"write to a nil map":            {end: func() error { noMap["x"] = 1; return nil }, says: "assignment to entry in nil map"},
	"use of a nil pointer":          {end: func() error { noEvent.n++; return nil }, says: "nil pointer dereference"},
	"index that is none":            {end: func() error { someEvents[len(noMap)].n++; return nil }, says: "index out of range"},
	"runtime.Goexit":                {end: func() error { runtime.Goexit(); return nil }, says: "runtime.Goexit was called", exits: true},
	"FailNow of a test":             {end: func() error { new(testing.T).FailNow(); return nil }, says: "runtime.Goexit was called", exits: true},
	"panic while it exits":          {end: func() error { defer func() { panic("boom") }(); runtime.Goexit(); return nil }, says: "runtime.Goexit was called", exits: true},
	"an error":                      {end: func() error { return errBoom }, says: "boom", returns: true},
	"a nil error that is not nil":   {end: func() error { return (*faulty)(nil) }, says: "nil pointer dereference", returns: true},
	"an error that cannot speak":    {end: func() error { return mute{func() { panic("boom") }} }, says: "panic: boom", returns: true},
	"an error that exits":           {end: func() error { return mute{runtime.Goexit} }, says: "runtime.Goexit was called", returns: true, exits: true},
	"a sink's error without a text": {end: func() error { return &partita.SinkError{} }, says: "the sink failed", returns: true},
}
