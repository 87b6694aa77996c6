package partita_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/partita-stream/partita/go/partita"
)

func isError(err, target error) bool { return errors.Is(err, target) }

func TestSendingWaitsForCredits(t *testing.T) {
	source := partita.NewSource(partita.Credits(4))
	app := partita.NewApplication("credits")
	gate := make(chan struct{})
	app.NewPipeline("p", source).ToStateful(compute(func(_, _ interface{}) (interface{}, bool) {
		<-gate
		return nil, false
	}), counters, "state").Done()
	start(t, app)
	send(t, source, 1, 2, 3, 4)
	if err := source.TrySend(5); !isError(err, partita.ErrWouldBlock) {
		t.Errorf("TrySend without credits: %v", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	returned := make(chan error)
	go func() {
		sent, err := source.SendBatch(ctx, []interface{}{5, 6})
		if sent != 0 {
			t.Errorf("%d messages were sent without credits", sent)
		}
		returned <- err
	}()
	cancel()
	err := <-returned
	if !isError(err, context.Canceled) {
		t.Errorf("a cancelled send: %v", err)
	}
	says(t, err, `application "credits" / pipeline "p" / source`)
	go func() { returned <- source.Send(context.Background(), 7) }()
	close(gate) // credits come back, and a send that waits goes on
	must(t, <-returned)
}

// stuck is an application with no credits left, whose computation waits until the test is over.
func stuck(t *testing.T) (*partita.Application, *partita.Source) {
	source := partita.NewSource(partita.Credits(2))
	app := partita.NewApplication("stuck")
	over, entered := make(chan struct{}), make(chan struct{}, 2)
	app.NewPipeline("p", source).ToStateful(compute(func(_, _ interface{}) (interface{}, bool) {
		entered <- struct{}{}
		<-over
		return nil, false
	}), counters, "state").Done()
	start(t, app)
	t.Cleanup(func() { close(over) })
	send(t, source, 1, 2)
	<-entered
	return app, source
}

func TestAContextEndsASendThatWaits(t *testing.T) {
	_, source := stuck(t)
	cause := errors.New("the cause")
	for name, make := range map[string]func() (context.Context, func()){
		"cancelled": func() (context.Context, func()) { return context.WithCancel(context.Background()) },
		"with a cause": func() (context.Context, func()) {
			ctx, cancel := context.WithCancelCause(context.Background())
			return ctx, func() { cancel(cause) }
		},
		"of a kind of its own": func() (context.Context, func()) {
			ctx, cancel := context.WithCancel(context.Background())
			return ownContext{ctx, nil}, cancel
		},
	} {
		ctx, cancel := make()
		returned := goSend(source, ctx)
		cancel()
		err := <-returned
		if !isError(err, context.Canceled) {
			t.Errorf("%s: %v", name, err)
		}
		if name == "with a cause" && !isError(err, cause) {
			t.Errorf("the cause is lost: %v", err)
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Millisecond)
	defer cancel()
	if err := source.Send(ctx, 3); !isError(err, context.DeadlineExceeded) {
		t.Errorf("at the deadline: %v", err)
	}
	if err := source.Send(ctx, 3); !isError(err, context.DeadlineExceeded) {
		t.Errorf("behind the deadline: %v", err)
	}
}

// ownContext is a context that the package context does not know, and that cannot be compared.
type ownContext struct {
	context.Context
	_ []int
}

func goSend(source *partita.Source, ctx context.Context) <-chan error {
	returned := make(chan error, 1)
	go func() { returned <- source.Send(ctx, 3) }()
	return returned
}

func TestStopAndCloseEndASendThatWaits(t *testing.T) {
	app, source := stuck(t)
	returned := goSend(source, context.Background())
	must(t, app.Stop())
	if err := <-returned; !isError(err, partita.ErrStopped) {
		t.Errorf("a send that waited while the application was stopped: %v", err)
	}
	if err := source.TrySend(3); !isError(err, partita.ErrStopped) {
		t.Errorf("a send after the stop: %v", err)
	}

	app, source = stuck(t)
	returned = goSend(source, context.Background())
	ended, cancel := context.WithTimeout(context.Background(), time.Millisecond)
	defer cancel()
	err := app.Close(ended)
	if !isError(err, context.DeadlineExceeded) {
		t.Errorf("closing while user code runs: %v", err)
	}
	if err := <-returned; !isError(err, partita.ErrClosed) {
		t.Errorf("a send that waited while the application was closed: %v", err)
	}
	if err := source.TrySend(3); !isError(err, partita.ErrClosed) {
		t.Errorf("a send while the application closes: %v", err)
	}
}

func TestAnEndedContextSendsNothing(t *testing.T) {
	source := partita.NewSource()
	app := partita.NewApplication("ended")
	app.NewPipeline("p", source).ToStateful(compute(count), counters, "state").Done()
	start(t, app)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if sent, err := source.SendBatch(ctx, []interface{}{1}); sent != 0 || !isError(err, context.Canceled) {
		t.Errorf("sent %d: %v", sent, err)
	}
	if sent := app.Metrics().Sent; sent != 0 {
		t.Errorf("%d messages were sent", sent)
	}
}

func TestANilMessageIsRefused(t *testing.T) {
	source := partita.NewSource()
	app := partita.NewApplication("nil")
	app.NewPipeline("p", source).ToStateful(compute(count), counters, "state").Done()
	start(t, app)
	sent, err := source.SendBatch(deadline(t), []interface{}{1, 2, nil, 4})
	if sent != 2 || !isError(err, partita.ErrInvalidArgument) {
		t.Errorf("sent %d: %v", sent, err)
	}
	says(t, err, "message 2 is nil", `pipeline "p" / source`)
	if err := source.TrySend(nil); !isError(err, partita.ErrInvalidArgument) {
		t.Errorf("nil: %v", err)
	}
	var none context.Context
	if err := source.Send(none, 1); !isError(err, partita.ErrInvalidArgument) {
		t.Errorf("a nil context: %v", err)
	}
	if sent, err := source.SendBatch(deadline(t), nil); sent != 0 || err != nil {
		t.Errorf("an empty batch: %d, %v", sent, err)
	}
}

func TestALargeBatchIsSentWhole(t *testing.T) {
	source := partita.NewSource(partita.Credits(10))
	app := partita.NewApplication("large")
	app.NewPipeline("p", source).ToStatePartition(compute(count), counters, "state", byKey, nil).Done()
	start(t, app)
	send(t, source, events(0, 50_000, 1000)...)
	must(t, app.Drain(deadline(t)))
	if metrics := app.Metrics(); metrics.Sent != 50_000 || metrics.Computed != 50_000 || metrics.Parts != 1000 {
		t.Errorf("sent %d, computed %d, %d parts", metrics.Sent, metrics.Computed, metrics.Parts)
	}
}
