package main

import (
	"fmt"
	"os"
	"sync"
	"time"

	"github.com/partita-stream/partita/go/partita"
)

const (
	// progressAfter is how long a run takes before its progress is shown.
	progressAfter = time.Second
	// progressEvery is how often it is shown then.
	progressEvery = 200 * time.Millisecond
	// eraseLine goes to the start of the line on a terminal and clears it.
	eraseLine = "\r\x1b[K"
)

// console is where a person is told things: standard error. The progress line is always the last
// one there, and rewritten in place.
type console struct {
	lock     sync.Mutex
	out      *os.File
	terminal bool
	progress bool // whether the progress line is there
}

func newConsole(out *os.File) *console {
	about, err := out.Stat()
	return &console{out: out, terminal: err == nil && about.Mode()&os.ModeCharDevice != 0}
}

// printf prints a line of its own.
func (console *console) printf(format string, values ...interface{}) {
	console.lock.Lock()
	defer console.lock.Unlock()
	console.erase()
	fmt.Fprintf(console.out, "stock: "+format+"\n", values...)
}

func (console *console) erase() {
	if console.progress {
		fmt.Fprint(console.out, eraseLine)
		console.progress = false
	}
}

// watch shows the progress of a run that takes long, until the function it returns is called.
// There is none if standard error is not a terminal.
func (console *console) watch(title string, metrics func() partita.Metrics) func() {
	if !console.terminal {
		return func() {}
	}
	started := time.Now()
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		for next := progressAfter; ; next = progressEvery {
			select {
			case <-stop:
				return
			case <-time.After(next):
			}
			now := metrics()
			console.lock.Lock()
			console.erase()
			fmt.Fprintf(console.out, "%s: %d sent, %d computed, %.0f s",
				title, now.Sent, now.Computed, time.Since(started).Seconds())
			console.progress = true
			console.lock.Unlock()
		}
	}()
	return func() {
		close(stop)
		<-stopped
		console.lock.Lock()
		defer console.lock.Unlock()
		console.erase()
	}
}
