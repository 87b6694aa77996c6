package partita_test

import (
	"context"
	"runtime"
	"testing"

	"github.com/partita-stream/partita/go/partita"
)

// deserted is an application without workers and with a dead letter, which is therefore handed over
// by whoever closes the application.
func deserted(t *testing.T, bury func(app *partita.Application)) *partita.Application {
	source := partita.NewSource()
	var app *partita.Application
	app = partita.NewApplication("deserted", partita.DeadLetters(func(partita.DeadLetter) { bury(app) }))
	app.NewPipeline("p", source).ToStatePartition(compute(count), counters, "s",
		keyed(func(interface{}) uint64 { panic("no key") }), nil, partita.Skip()).Done()
	must(t, partita.StartWithoutWorkers(app))
	must(t, source.TrySend(event{}))
	return app
}

// A dead-letter function that called runtime.Goexit ended the goroutine that closed, in the middle of
// it: a second Close then waited for ever.
func TestCloseSurvivesGoexitInWhatItHandsOver(t *testing.T) {
	called := false
	app := deserted(t, func(*partita.Application) { called = true; runtime.Goexit() })
	returned := make(chan bool, 1)
	go func() {
		ok := false
		defer func() { returned <- ok }()
		must(t, app.Close(context.Background()))
		ok = true
	}()
	if !<-returned {
		t.Error("Close did not return")
	}
	must(t, app.Close(deadline(t)))
	if !called {
		t.Error("the dead letter was not handed over")
	}
	leavesNothing(t, app)
}

func TestWhatCloseHandsOverMayNotCloseTheApplication(t *testing.T) {
	ctx := deadline(t)
	var refused error
	app := deserted(t, func(app *partita.Application) { refused = app.Close(ctx) })
	must(t, app.Close(ctx))
	if !isError(refused, partita.ErrWouldDeadlock) {
		t.Errorf("Close in the dead-letter function: %v", refused)
	}
}

// What one application hands over while a worker of another closes it was taken for a call on its own
// worker of the same number.
func TestAWorkerMayCloseAnotherApplication(t *testing.T) {
	source := partita.NewSource()
	app := partita.NewApplication("outer", partita.Workers(4))
	handed := 0
	app.NewPipeline("p", source).ToStateful(compute(func(interface{}, interface{}) (interface{}, bool) {
		inner := deserted(t, func(*partita.Application) { handed++ })
		if err := inner.Close(deadline(t)); err != nil {
			t.Errorf("close: %v", err)
		}
		leavesNothing(t, inner)
		return nil, false
	}), counters, "state").Done()
	start(t, app)
	send(t, source, 1, 2, 3)
	must(t, app.Drain(deadline(t)))
	if handed != 3 {
		t.Errorf("%d dead letters were handed over, expected 3", handed)
	}
}
