package partitatest

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/partita-stream/partita/go/partita"
	"github.com/partita-stream/partita/go/partita/internal/stepped"
)

// ErrStalled is an application that has messages in flight and nothing that it could do; the text says
// what it waits for.
var ErrStalled = errors.New("stalled")

// Driver runs one application, in the order of its seed. One goroutine at a time may use it.
type Driver struct {
	t      testing.TB
	seed   uint64
	app    *partita.Application
	run    started
	random *rand.Rand
	// full counts the sinks that were made full.
	full map[Sink]bool
}

// started is an application that was started to be run step by step.
type started interface {
	Step() (ran bool, idle time.Duration)
	Idle() time.Duration
	Advance(by time.Duration)
	Now() time.Duration
	Waiting() string
	Failure() error
	DeadLetters() []partita.DeadLetter
	Outputs(sink any) ([]any, error)
	Fill(sink any, full bool) error
	Fault(place string, n int, panics bool) error
}

// Sink is a sink of any type.
type Sink interface{ Name() string }

// New starts an application that was declared and not started, to be run step by step. It is closed when
// the test is over. Mistakes in the declaration fail the test.
func New(t testing.TB, seed uint64, app *partita.Application) *Driver {
	t.Helper()
	run, err := stepped.Start(app, seed)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := app.Close(context.Background()); err != nil {
			t.Errorf("closing: %v", err)
		}
	})
	return &Driver{
		t:      t,
		seed:   seed,
		app:    app,
		run:    run.(started),
		random: rand.New(rand.NewPCG(seed, 0x70617274)),
		full:   make(map[Sink]bool),
	}
}

// Seed is the seed that decides the order.
func (d *Driver) Seed() uint64 { return d.seed }

// Application is what the driver runs.
func (d *Driver) Application() *partita.Application { return d.app }

// Send sends messages, in pieces, and may run the application in between: the seed decides. While there
// is no room it runs. That a message is refused, for another reason or because nothing is left to run,
// fails the test; [partita.SourceOf.SendBatch] returns the error instead.
func (d *Driver) Send(source *partita.Source, messages ...any) {
	d.t.Helper()
	Send(d, source, messages...)
}

// Send is [Driver.Send] for messages of type T.
func Send[T any](d *Driver, source *partita.SourceOf[T], messages ...T) {
	d.t.Helper()
	for len(messages) > 0 {
		d.dawdle()
		piece := messages[:1+d.random.IntN(len(messages))]
		sent, err := source.SendBatch(context.Background(), piece)
		if err != nil {
			d.t.Fatalf("message %d of %d was refused: %v", sent+1, len(piece), err)
		}
		messages = messages[len(piece):]
	}
	d.dawdle()
}

// dawdle runs some steps, or none.
func (d *Driver) dawdle() {
	for d.random.IntN(3) > 0 && d.Step() {
	}
}

// Step runs one turn: some messages at one step, or of one sink. It tells whether there was one.
func (d *Driver) Step() bool {
	ran, _ := d.run.Step()
	return ran
}

// Rest runs the application until nothing is left to run without time going on. The test fails if the
// application fails, or if messages are in flight that wait neither for time nor for a sink that was
// made full.
func (d *Driver) Rest() {
	d.t.Helper()
	err := d.TryRest()
	if err == nil || len(d.full) > 0 && errors.Is(err, ErrStalled) {
		return
	}
	d.t.Fatal(err)
}

// TryRest runs the application until nothing is left to run without time going on. It returns why the
// application failed, or [ErrStalled] if messages are in flight that do not wait for time.
func (d *Driver) TryRest() error {
	idle := d.rest()
	if err := d.run.Failure(); err != nil {
		return err
	}
	if waiting := d.run.Waiting(); waiting != "" && idle < 0 {
		return fmt.Errorf("%w: %s", ErrStalled, waiting)
	}
	return nil
}

// rest runs until nothing is left to run, and returns how long until there will be, or less than 0.
func (d *Driver) rest() time.Duration {
	for {
		if ran, idle := d.run.Step(); !ran {
			return idle
		}
	}
}

// Advance lets the clock go on, and then runs the application to rest, as [Driver.Rest] does. What is in
// flight now is run before, meanwhile or only afterwards: the seed decides, since time does not wait for
// messages. What becomes due is run when it does, or later.
func (d *Driver) Advance(by time.Duration) {
	d.t.Helper()
	if by < 0 {
		d.t.Fatalf("Advance: by %v: expected 0 or more", by)
	}
	for end := d.Now() + by; d.Now() < end; {
		if d.random.IntN(2) == 0 {
			d.rest()
		} else {
			d.dawdle()
		}
		d.run.Advance(d.next(end - d.Now()))
	}
	d.Rest()
}

// next is how far the clock goes on at once, of what is left.
func (d *Driver) next(left time.Duration) time.Duration {
	switch idle := d.run.Idle(); {
	case idle == 0:
		// Something could run now, but time does not wait for it.
		return 1 + time.Duration(d.random.Int64N(int64(left)))
	case idle > 0:
		return min(idle, left)
	}
	return left
}

// Now is how long the clock has gone on since the start.
func (d *Driver) Now() time.Duration { return d.run.Now() }

// Waiting tells what the application waits for, as in `sink "out" has 12 unread messages`, or nothing if
// nothing is in flight.
func (d *Driver) Waiting() string { return d.run.Waiting() }

// Failure is why the application failed ([partita.ErrFailed]), or nil.
func (d *Driver) Failure() error { return d.run.Failure() }
