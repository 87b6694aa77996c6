package partitatest

import "github.com/partita-stream/partita/go/partita/internal/stepped"

// ErrFault is the error of a fault that was asked for with [Driver.FailAt].
var ErrFault = stepped.ErrFault

// PanicAt lets a step, or a sink function, panic in place of taking the n-th message that comes to it from
// now on; n counts from 1, and a message that comes again counts again. The place is named by its name, or
// by its path if several have that name. What becomes of the message is up to the step's policy.
func (d *Driver) PanicAt(place string, n int) {
	d.t.Helper()
	d.fault(place, n, true)
}

// FailAt is PanicAt with an error, [ErrFault], in place of a panic.
func (d *Driver) FailAt(place string, n int) {
	d.t.Helper()
	d.fault(place, n, false)
}

func (d *Driver) fault(place string, n int, panics bool) {
	d.t.Helper()
	if err := d.run.Fault(place, n, panics); err != nil {
		d.t.Fatal(err)
	}
}

// FillSink makes a queue or a channel full, but for one message: the next one stalls whatever emits it,
// until [Driver.EmptySink]. In the meantime [Driver.Rest] lets messages be in flight.
func (d *Driver) FillSink(sink Sink) {
	d.t.Helper()
	d.fill(sink, true)
	d.full[sink] = true
}

// EmptySink ends what [Driver.FillSink] began.
func (d *Driver) EmptySink(sink Sink) {
	d.t.Helper()
	d.fill(sink, false)
	delete(d.full, sink)
}

func (d *Driver) fill(sink Sink, full bool) {
	d.t.Helper()
	if sink == nil {
		d.t.Fatalf("the sink is nil: expected one of the application")
	}
	if err := d.run.Fill(sink, full); err != nil {
		d.t.Fatalf("sink %q: %v", sink.Name(), err)
	}
}
