package partita_test

import (
	"context"
	"log/slog"
	"runtime"
	"sync/atomic"
	"testing"

	"github.com/partita-stream/partita/go/partita"
)

// holdUp is a log handler that holds up the goroutine that tells of a worker replaced.
type holdUp struct{ reached, released chan struct{} }

func (holdUp holdUp) Enabled(context.Context, slog.Level) bool { return true }

func (holdUp holdUp) Handle(_ context.Context, record slog.Record) error {
	if record.Message == "worker replaced" {
		close(holdUp.reached)
		<-holdUp.released
	}
	return nil
}

func (holdUp holdUp) WithAttrs([]slog.Attr) slog.Handler { return holdUp }

func (holdUp holdUp) WithGroup(string) slog.Handler { return holdUp }

// A worker that was lost while it built a state left its shard in the middle of a run. Close, finding
// no worker inside, went on with the run: Compute was called on the goroutine that closes, and a
// Goexit there ended it, with the application neither open nor closed.
func TestNothingIsComputedWhileAnApplicationCloses(t *testing.T) {
	hold := holdUp{make(chan struct{}), make(chan struct{})}
	var built, computed atomic.Int64
	source := partita.NewSource()
	app := partita.NewApplication("closing", partita.Workers(1), partita.Logger(slog.New(hold)))
	app.NewPipeline("p", source).ToStatePartition(compute(func(data, state interface{}) (interface{}, bool) {
		computed.Add(1)
		runtime.Goexit()
		return nil, true
	}), partita.Build(func() interface{} {
		if built.Add(1) == 1 {
			runtime.Goexit()
		}
		return new(counter)
	}), "s", byKey, nil, partita.Skip()).Done()
	must(t, app.Start())
	_, err := source.SendBatch(deadline(t), []interface{}{event{1, 0, 0}, event{1, 0, 1}, event{1, 0, 2}})
	must(t, err)
	<-hold.reached
	closed := make(chan error, 1)
	ctx := deadline(t)
	go func() { closed <- app.Close(ctx) }()
	for app.Metrics().InFlight > 0 && ctx.Err() == nil {
		runtime.Gosched()
	}
	close(hold.released)
	select {
	case err := <-closed:
		must(t, err)
	case <-ctx.Done():
		t.Fatal("Close did not return")
	}
	if computed.Load() != 0 {
		t.Errorf("%d messages were computed while the application closed", computed.Load())
	}
	if held := app.Metrics().ValuesHeld; held != 0 {
		t.Errorf("%d values are held after Close", held)
	}
}
