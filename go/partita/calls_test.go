package partita_test

import (
	"context"
	"strings"
	"testing"

	"github.com/partita-stream/partita/go/partita"
)

func visitAll(partita.Key, interface{}) bool { return true }

func TestCallsBeforeTheStart(t *testing.T) {
	ctx := deadline(t)
	source, queue := partita.NewSource(), partita.NewQueueSink("out", 0)
	app := partita.NewApplication("a")
	app.NewPipeline("p", source).ToSink(queue)
	for what, err := range map[string]error{
		"Stop":           app.Stop(),
		"Wait":           app.Wait(ctx),
		"Drain":          app.Drain(ctx),
		"Parts":          app.Parts("s", visitAll),
		"Send":           source.Send(ctx, 1),
		"Send of no one": partita.NewSource().Send(ctx, 1),
		"Poll of no one": func() error { _, err := partita.NewQueueSink("q", 0).TryPoll(make([]interface{}, 1)); return err }(),
	} {
		if !isError(err, partita.ErrNotStarted) {
			t.Errorf("%s: %v", what, err)
		}
	}
	if metrics := app.Metrics(); metrics.Sent != 0 || metrics.Stages != nil {
		t.Errorf("metrics: %+v", metrics)
	}
	must(t, app.Close(ctx))
	closedFor(t, app, source, queue)
	for range queue.All(ctx) {
		t.Error("there is an output")
	}
}

// closedFor checks what a closed application answers.
func closedFor(t *testing.T, app *partita.Application, source *partita.Source, queue *partita.QueueSink) {
	ctx := deadline(t)
	_, polled := queue.Poll(ctx, make([]interface{}, 1))
	for what, err := range map[string]error{
		"Start":   app.Start(),
		"Stop":    app.Stop(),
		"Wait":    app.Wait(ctx),
		"Drain":   app.Drain(ctx),
		"Parts":   app.Parts("s", visitAll),
		"Send":    source.Send(ctx, 1),
		"TrySend": source.TrySend(1),
		"Poll":    polled,
	} {
		if !isError(err, partita.ErrClosed) {
			t.Errorf("%s: %v", what, err)
		}
		if !strings.HasSuffix(err.Error(), ": application closed") || strings.Count(err.Error(), "application ") != 2 {
			t.Errorf("%s says what nobody needs to know: %v", what, err)
		}
	}
	must(t, app.Close(ctx))
}

func TestCallsAfterClose(t *testing.T) {
	source, queue := partita.NewSource(), partita.NewQueueSink("out", 0)
	app := partita.NewApplication("a")
	app.NewPipeline("p", source).ToStatePartition(compute(count), counters, "s", byKey, nil).ToSink(queue)
	start(t, app)
	send(t, source, event{key: 1}, event{key: 2})
	must(t, app.Close(deadline(t))) // with messages in flight
	closedFor(t, app, source, queue)
	metrics := app.Metrics()
	if metrics.Sent != 2 || metrics.Delivered+metrics.Dead[partita.DeadClosed] != 2 || len(metrics.Stages) != 3 {
		t.Errorf("metrics after close: %+v", metrics)
	}
	metrics.Stages[0].Completed = 77
	if app.Metrics().Stages[0].Completed == 77 {
		t.Error("the caller of Metrics changed them for others")
	}
}

func TestAnErrorTellsItsPlaceOnce(t *testing.T) {
	queue := partita.NewQueueSink("out", 0)
	app, source := relay(queue)
	start(t, app)
	ended, cancel := context.WithCancel(context.Background())
	cancel()
	var busy error
	must(t, app.Parts("state", visitAll))
	send(t, source, event{})
	await(t, "the message is computed", func() bool { return app.Metrics().Computed == 1 })
	for _, test := range []struct {
		err    error
		target error
		begins string
	}{
		{app.Parts("nowhere", visitAll), partita.ErrNotFound,
			`application "relay" / partition "nowhere": not found: there is no partition`},
		{app.Parts("state", visitAll), partita.ErrBusy,
			`application "relay" / partition "state": in use: sink "out" has 1 unread`},
		{app.Drain(ended), context.Canceled,
			`application "relay": context canceled: sink "out" has 1 unread`},
	} {
		if !isError(test.err, test.target) || !strings.HasPrefix(test.err.Error(), test.begins) {
			t.Errorf("got %v, expected %s", test.err, test.begins)
		}
	}
	_, err := queue.Poll(deadline(t), make([]interface{}, 1))
	must(t, err)
	must(t, app.Drain(deadline(t)))
	must(t, app.Parts("state", func(partita.Key, interface{}) bool {
		busy = app.Parts("state", visitAll)
		return true
	}))
	if !isError(busy, partita.ErrBusy) || strings.Contains(busy.Error(), "in flight") {
		t.Errorf("a second reader: %v", busy)
	}
}

func TestWhatWouldDeadlockInUserCodeIsRefused(t *testing.T) {
	source, queue := partita.NewSource(), partita.NewQueueSink("out", 0)
	var app *partita.Application
	ctx := deadline(t)
	refused := func(where string) {
		_, polled := queue.Poll(ctx, make([]interface{}, 1))
		for what, err := range map[string]error{
			"Wait":    app.Wait(ctx),
			"Drain":   app.Drain(ctx),
			"Close":   app.Close(ctx),
			"Run":     app.Run(ctx),
			"Parts":   app.Parts("s", visitAll),
			"Send":    source.Send(ctx, event{}),
			"TrySend": source.TrySend(event{}),
			"Poll":    polled,
		} {
			if what == "Poll" && err == nil {
				continue // it had not to wait
			}
			if !isError(err, partita.ErrWouldDeadlock) {
				t.Errorf("%s in %s: %v", what, where, err)
			}
		}
		app.Metrics()
		if err := app.Check(); err != nil {
			t.Errorf("Check in %s: %v", where, err)
		}
		if err := app.Start(); !isError(err, partita.ErrAlreadyStarted) {
			t.Errorf("Start in %s: %v", where, err)
		}
	}
	app = partita.NewApplication("a", partita.DeadLetters(func(partita.DeadLetter) { refused("the dead-letter function") }))
	app.NewPipeline("p", source).
		ToStatePartition(compute(func(data, state interface{}) (interface{}, bool) {
			refused("Compute")
			return data, true
		}), partita.Build(func() interface{} {
			refused("Build")
			return new(counter)
		}), "s", byKey, nil).
		ToStatePartition(compute(count), counters, "declared", keyed(func(data interface{}) uint64 {
			refused("Partition")
			return keyOf(data)
		}), []uint64{1}, partita.WithName("second")).
		ToSinks(partita.NewSinkFunc("func", func([]interface{}) error {
			refused("the sink")
			if err := app.Stop(); err != nil { // this may be called anywhere
				t.Errorf("stop: %v", err)
			}
			return nil
		}), queue)
	start(t, app)
	send(t, source, event{key: 1}, event{key: 2})
	for range queue.All(ctx) {
	}
	must(t, app.Wait(ctx))
}

func TestNilContextsAreRefused(t *testing.T) {
	queue := partita.NewQueueSink("out", 0)
	app, source := relay(queue)
	start(t, app)
	var none context.Context
	_, polled := queue.Poll(none, make([]interface{}, 1))
	for what, err := range map[string]error{
		"Wait": app.Wait(none), "Drain": app.Drain(none), "Close": app.Close(none), "Run": app.Run(none),
		"Send": source.Send(none, 1), "Poll": polled, "WaitWatermark": source.WaitWatermark(none, 1),
		"Close of a buffer": buffered(t, source).Close(none),
	} {
		if !isError(err, partita.ErrInvalidArgument) {
			t.Errorf("%s: %v", what, err)
		}
		says(t, err, `application "relay"`, "the context is nil")
	}
}

// An iterator has no error to return; it used to dereference the nil context.
func TestAnIteratorWithoutAContextReadsAllOutputs(t *testing.T) {
	queue := partita.NewQueueSink("out", 0)
	app, source := relay(queue)
	start(t, app)
	send(t, source, events(0, 10, 1)...)
	must(t, app.Stop())
	read := 0
	var none context.Context
	for range queue.All(none) {
		read++
	}
	if read != 10 {
		t.Errorf("%d messages were read, expected 10", read)
	}
}

func TestNilFunctionsAndSourcesAreRefused(t *testing.T) {
	app, pipeline := declare()
	state(pipeline).Done()
	start(t, app)
	var none *partita.Source
	_, sent := none.SendBatch(deadline(t), []interface{}{1})
	for what, err := range map[string]error{
		"Parts":     app.Parts("s", nil),
		"Send":      none.Send(deadline(t), 1),
		"SendBatch": sent,
		"TrySend":   none.TrySend(1),
	} {
		if !isError(err, partita.ErrInvalidArgument) {
			t.Errorf("%s: %v", what, err)
		}
		says(t, err, " is nil")
	}
}
