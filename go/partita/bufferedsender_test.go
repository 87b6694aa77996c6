package partita_test

import (
	"context"
	"runtime"
	"sync"
	"testing"

	"github.com/partita-stream/partita/go/partita"
)

// buffered makes a buffer in front of a source.
func buffered(t testing.TB, source *partita.Source, options ...partita.BufferOption) *partita.BufferedSender[interface{}] {
	t.Helper()
	buffer, err := source.Buffer(options...)
	must(t, err)
	return buffer
}

func TestEachGoroutineKeepsItsOrderThroughABuffer(t *testing.T) {
	const goroutines, each = 8, 5_000
	for _, size := range []int{1, 3, 1024} {
		source := partita.NewSource(partita.Credits(500))
		app := partita.NewApplication("order")
		app.NewPipeline("p", source).ToStatePartition(compute(func(data, state interface{}) (interface{}, bool) {
			event, counter := data.(event), state.(*counter)
			if counter.count != event.n {
				t.Errorf("message %d of %d came as number %d", event.n, event.key, counter.count)
			}
			counter.count++
			return nil, true
		}), counters, "state", byKey, nil).Done()
		start(t, app)
		buffer := buffered(t, source, partita.BufferSize(size))
		var group sync.WaitGroup
		for key := range goroutines {
			group.Add(1)
			go func() {
				defer group.Done()
				for n := range each {
					if err := buffer.Send(context.Background(), event{key: key, n: n}); err != nil {
						t.Error(err)
					}
				}
			}()
		}
		group.Wait()
		must(t, app.Drain(deadline(t)))
		if computed := app.Metrics().Computed; computed != goroutines*each {
			t.Errorf("%d messages were computed", computed)
		}
		must(t, buffer.Close(deadline(t)))
		must(t, buffer.Close(deadline(t)))
		if err := buffer.Send(deadline(t), event{}); !isError(err, partita.ErrClosed) {
			t.Errorf("a send into a closed buffer: %v", err)
		}
		must(t, app.Close(deadline(t)))
	}
}

func TestALoneMessageIsNotDelayedInABuffer(t *testing.T) {
	source := partita.NewSource()
	app := partita.NewApplication("lone")
	computed := make(chan struct{})
	app.NewPipeline("p", source).ToStateful(compute(func(_, _ interface{}) (interface{}, bool) {
		computed <- struct{}{}
		return nil, false
	}), counters, "state").Done()
	start(t, app)
	buffer := buffered(t, source)
	for range 100 {
		must(t, buffer.Send(deadline(t), 1))
		<-computed
	}
	must(t, app.Close(deadline(t)))
}

func TestAFullBufferWaitsAndACancelledSendLeavesNothing(t *testing.T) {
	source := partita.NewSource(partita.Credits(1))
	app := partita.NewApplication("full")
	gate := make(chan struct{})
	var seen []interface{}
	app.NewPipeline("p", source).ToStateful(compute(func(data, _ interface{}) (interface{}, bool) {
		<-gate
		seen = append(seen, data)
		return nil, false
	}), counters, "state").Done()
	start(t, app)
	buffer := buffered(t, source, partita.BufferSize(1))
	ctx, cancel := context.WithCancel(context.Background())
	// One is computed, one waits for its credit, and one for that.
	for _, data := range []int{1, 2, 3} {
		must(t, buffer.Send(deadline(t), data))
	}
	refused := make(chan error)
	go func() { refused <- buffer.Send(ctx, 4) }()
	cancel()
	if err := <-refused; !isError(err, context.Canceled) {
		t.Errorf("a cancelled send: %v", err)
	}
	if err := buffer.Flush(ctx); !isError(err, context.Canceled) {
		t.Errorf("a cancelled flush: %v", err)
	}
	close(gate)
	must(t, buffer.Send(deadline(t), 5))
	must(t, app.Drain(deadline(t)))
	if len(seen) != 4 || seen[3] != 5 {
		t.Errorf("computed: %v", seen)
	}
	must(t, app.Close(deadline(t)))
}

func TestWhatTheEngineRefusesStaysInTheBuffer(t *testing.T) {
	source := partita.NewSource(partita.Credits(1))
	app := partita.NewApplication("refused")
	gate := make(chan struct{})
	app.NewPipeline("p", source).ToStateful(compute(func(_, _ interface{}) (interface{}, bool) {
		<-gate
		return nil, false
	}), counters, "state").Done()
	start(t, app)
	buffer := buffered(t, source)
	for data := range 4 {
		must(t, buffer.Send(deadline(t), data))
	}
	if unsent := buffer.Unsent(); unsent != nil {
		t.Errorf("unsent before anything was refused: %v", unsent)
	}
	must(t, app.Stop())
	if err := buffer.Flush(deadline(t)); !isError(err, partita.ErrStopped) {
		t.Errorf("a flush after a stop: %v", err)
	}
	if err := buffer.Send(deadline(t), 9); !isError(err, partita.ErrStopped) {
		t.Errorf("a send after a stop: %v", err)
	}
	close(gate)
	must(t, app.Drain(deadline(t)))
	sent := int(app.Metrics().Sent)
	if unsent := buffer.Unsent(); len(unsent) != 4-sent || unsent[0] != sent {
		t.Errorf("%d were sent, and unsent are %v", sent, unsent)
	}
	must(t, app.Close(deadline(t)))
}

func TestRunFlushesBuffers(t *testing.T) {
	source := partita.NewSource(partita.Credits(2))
	app := partita.NewApplication("run")
	app.NewPipeline("p", source).ToStateful(compute(count), counters, "state").Done()
	start(t, app)
	buffer := buffered(t, source)
	for data := range 1000 {
		must(t, buffer.Send(deadline(t), data))
	}
	over, cancel := context.WithCancel(context.Background())
	cancel()
	must(t, app.Run(over))
	if computed := app.Metrics().Computed; computed != 1000 {
		t.Errorf("%d of 1000 messages were computed", computed)
	}
}

func TestUserCodeThatEndsTheGoroutineOfABufferIsTold(t *testing.T) {
	source := partita.NewSource()
	app := partita.NewApplication("goexit")
	app.NewPipeline("p", source).ToStatePartition(compute(count), counters, "state", keyed(func(data interface{}) uint64 {
		if data == 3 {
			runtime.Goexit()
		}
		return 0
	}), nil).Done()
	start(t, app)
	buffer := buffered(t, source)
	must(t, buffer.Send(deadline(t), 3))
	err := buffer.Flush(deadline(t))
	says(t, err, "runtime.Goexit")
	if unsent := buffer.Unsent(); len(unsent) != 1 || unsent[0] != 3 {
		t.Errorf("unsent: %v", unsent)
	}
	must(t, app.Close(deadline(t)))
}

func TestBuffersThatAreWrongAreRefused(t *testing.T) {
	source := partita.NewSource()
	for _, size := range []int{0, -1, 1025} {
		if _, err := source.Buffer(partita.BufferSize(size)); !isError(err, partita.ErrInvalidArgument) {
			t.Errorf("a buffer of %d: %v", size, err)
		}
	}
	if _, err := source.Buffer(nil); !isError(err, partita.ErrInvalidArgument) {
		t.Errorf("a buffer with an option that is nil: %v", err)
	}
	if _, err := (*partita.Source)(nil).Buffer(); !isError(err, partita.ErrInvalidArgument) {
		t.Errorf("a buffer of a source that is nil: %v", err)
	}
	buffer := buffered(t, source)
	if err := buffer.Send(context.Background(), 1); !isError(err, partita.ErrNotStarted) {
		t.Errorf("a send before the start: %v", err)
	}
	app := partita.NewApplication("nil")
	app.NewPipeline("p", source).ToStateful(compute(count), counters, "state").Done()
	start(t, app)
	if err := buffer.Send(context.Background(), nil); !isError(err, partita.ErrInvalidArgument) {
		t.Errorf("a nil message: %v", err)
	}
	must(t, buffer.Flush(deadline(t)))
	must(t, app.Close(deadline(t)))
}

func TestABufferAllocatesNothingForAMessage(t *testing.T) {
	source := partita.NewSource()
	app := partita.NewApplication("allocations")
	app.NewPipeline("p", source).ToStatePartition(compute(func(_, _ interface{}) (interface{}, bool) {
		return nil, false
	}), counters, "state", keyed(func(interface{}) uint64 { return 1 }), nil).Done()
	start(t, app)
	buffer, err := source.Buffer()
	must(t, err)
	ctx, message := context.Background(), new(counter)
	send := func() {
		for range 100_000 {
			_ = buffer.Send(ctx, message)
		}
		_ = buffer.Flush(ctx)
	}
	send()
	each := testing.AllocsPerRun(5, send) / 100_000
	if each > 0.001 && !instrumented {
		t.Errorf("%.4f allocations a message", each)
	}
	must(t, app.Close(deadline(t)))
}

func BenchmarkSendOneAtATime(b *testing.B) {
	for _, goroutines := range []int{1, 4, 64} {
		for _, way := range []string{"direct", "buffered", "batches"} {
			b.Run(way+"/"+string(rune('0'+goroutines/10))+string(rune('0'+goroutines%10)), func(b *testing.B) {
				sendFrom(b, goroutines, way)
			})
		}
	}
}

// sendFrom sends b.N messages in one of the ways.
func sendFrom(b *testing.B, goroutines int, way string) {
	source := partita.NewSource()
	app := partita.NewApplication("bench")
	app.NewPipeline("p", source).ToStatePartition(compute(func(_, _ interface{}) (interface{}, bool) {
		return nil, false
	}), counters, "state", keyed(func(interface{}) uint64 { return 1 }), nil).Done()
	start(b, app)
	buffer, err := source.Buffer()
	must(b, err)
	ctx, message := context.Background(), new(counter)
	batch := make([]interface{}, 1024)
	for i := range batch {
		batch[i] = message
	}
	b.ResetTimer()
	var group sync.WaitGroup
	for range goroutines {
		group.Add(1)
		go func() {
			defer group.Done()
			for left := b.N / goroutines; left > 0; left-- {
				switch way {
				case "direct":
					_ = source.Send(ctx, message)
				case "buffered":
					_ = buffer.Send(ctx, message)
				default:
					count := min(left, len(batch))
					_, _ = source.SendBatch(ctx, batch[:count])
					left -= count - 1
				}
			}
		}()
	}
	group.Wait()
	must(b, app.Drain(deadline(b)))
	b.StopTimer()
	must(b, app.Close(deadline(b)))
}
