package partita_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/partita-stream/partita/go/partita"
)

// whole is an application with one of everything.
type whole struct {
	app     *partita.Application
	source  *partita.Source
	texts   *partita.Source
	queue   *partita.QueueSink
	channel chan interface{}
}

func newWhole(options ...partita.Option) *whole {
	whole := &whole{
		source:  partita.NewSource(partita.Credits(64)),
		texts:   partita.NewSource(),
		queue:   partita.NewQueueSink("queue", 16),
		channel: make(chan interface{}, 4),
	}
	whole.app = partita.NewApplication("whole", append([]partita.Option{
		partita.Workers(2), partita.DeadLetters(func(partita.DeadLetter) {}),
	}, options...)...)
	whole.app.NewPipeline("words", whole.source).
		ToStatePartition(compute(count), counters, "words", byKey, nil).
		ToSinks(whole.queue, partita.NewChannelSink("channel", whole.channel),
			partita.NewSinkFunc("func", func([]interface{}) error { return nil }))
	whole.app.NewPipeline("texts", whole.texts).
		ToStatePartitionString(compute(count), counters, "texts", keyedText(func(data interface{}) string {
			return strconv.Itoa(data.(event).key)
		}), []string{"0", "1", "2"}).Done()
	return whole
}

func TestRunStartsDrainsAndCloses(t *testing.T) {
	for name, end := range map[string]func(app *partita.Application, cancel func()){
		"stopped":   func(app *partita.Application, _ func()) { _ = app.Stop() },
		"cancelled": func(_ *partita.Application, cancel func()) { cancel() },
	} {
		t.Run(name, func(t *testing.T) {
			whole := newWhole()
			ctx, cancel := context.WithCancel(context.Background())
			defer cancel()
			var crew sync.WaitGroup
			read := 0
			crew.Add(2)
			go func() {
				defer crew.Done()
				for range whole.queue.All(context.Background()) {
					read++
				}
			}()
			go func() {
				defer crew.Done()
				for range whole.channel {
				}
			}()
			must(t, whole.app.Start())
			ran := make(chan error)
			go func() { ran <- whole.app.Run(ctx) }()
			send(t, whole.source, events(0, 1000, 10)...)
			end(whole.app, cancel)
			must(t, <-ran)
			crew.Wait()
			if metrics := whole.app.Metrics(); read != 1000 || metrics.Delivered != 3000 {
				t.Errorf("read %d, delivered %d", read, metrics.Delivered)
			}
			leavesNothing(t, whole.app)
		})
	}
}

// The workers used to start before the application was known to have: Stop in the code they run was
// then refused now and then.
func TestUserCodeFindsAStartedApplication(t *testing.T) {
	for range 300 {
		app := partita.NewApplication("early", partita.Workers(2))
		stopped := make(chan error, 1)
		app.NewPipeline("p", partita.NewSource()).ToStatePartition(compute(count), partita.Build(func() interface{} {
			stopped <- app.Stop()
			return new(counter)
		}), "s", byKey, []uint64{1}).Done()
		must(t, app.Start())
		must(t, <-stopped)
		must(t, app.Close(context.Background()))
	}
}

func TestRunReturnsTheFailure(t *testing.T) {
	source := partita.NewSource()
	app := partita.NewApplication("fails")
	app.NewPipeline("p", source).ToStateful(compute(func(_, _ interface{}) (interface{}, bool) {
		panic("boom")
	}), counters, "state").Done()
	ran := make(chan error)
	go func() { ran <- app.Run(context.Background()) }()
	await(t, "the application has started", func() bool { return !isError(source.TrySend(1), partita.ErrNotStarted) })
	err := <-ran
	if !isError(err, partita.ErrFailed) {
		t.Errorf("run: %v", err)
	}
	says(t, err, "panic: boom")
	leavesNothing(t, app)

	app = partita.NewApplication("empty")
	if err := app.Run(context.Background()); !isError(err, partita.ErrInvalidTopology) {
		t.Errorf("run of an empty application: %v", err)
	}
}

func TestRunEndsWithoutAnErrorWhenAnotherCloses(t *testing.T) {
	for _, unread := range []bool{false, true} {
		queue := partita.NewQueueSink("out", 0)
		app, source := relay(queue)
		must(t, app.Start())
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		ran := make(chan error, 1)
		go func() { ran <- app.Run(ctx) }()
		if unread {
			send(t, source, event{})
			cancel() // and it drains
		}
		must(t, app.Close(deadline(t)))
		must(t, <-ran)
		leavesNothing(t, app)
	}
}

// Run used to wait for ever behind the end of its context if a sink is not read.
func TestADrainTimeoutEndsRun(t *testing.T) {
	source, queue := partita.NewSource(), partita.NewQueueSink("out", 0)
	app := partita.NewApplication("limited", partita.DrainTimeout(time.Millisecond))
	app.NewPipeline("p", source).ToSink(queue)
	must(t, app.Start())
	send(t, source, 1, 2, 3)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	err := app.Run(ctx)
	if !isError(err, context.DeadlineExceeded) {
		t.Errorf("run: %v", err)
	}
	says(t, err, `sink "out" has 3 unread messages`)
	if dead := app.Metrics().Dead[partita.DeadClosed]; dead != 3 {
		t.Errorf("%d messages were dropped, expected 3", dead)
	}
	leavesNothing(t, app)
}

func TestTheLoggerHearsOfFailuresAndReplacedWorkers(t *testing.T) {
	var lock sync.Mutex
	var text bytes.Buffer
	logger := slog.New(slog.NewTextHandler(writer(func(line []byte) (int, error) {
		lock.Lock()
		defer lock.Unlock()
		return text.Write(line)
	}), nil))
	source := partita.NewSource()
	app := partita.NewApplication("logged", partita.Logger(logger))
	app.NewPipeline("p", source).
		ToStatePartition(compute(func(data, state interface{}) (interface{}, bool) {
			if data.(event).n == 1 {
				runtime.Goexit()
			}
			return data, true
		}), counters, "s", byKey, nil, partita.Skip()).
		ToSink(partita.NewSinkFunc("out", func([]interface{}) error { return fmt.Errorf("disk full") }))
	start(t, app)
	send(t, source, event{n: 1}, event{n: 2})
	if err := app.Wait(deadline(t)); !isError(err, partita.ErrFailed) {
		t.Errorf("wait: %v", err)
	}
	must(t, app.Close(deadline(t)))
	lock.Lock()
	defer lock.Unlock()
	for _, want := range []string{"worker replaced", "runtime.Goexit was called", "application failed", "disk full", `application \"logged\"`} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("the log lacks %q:\n%s", want, &text)
		}
	}
}

type writer func([]byte) (int, error)

func (writer writer) Write(line []byte) (int, error) { return writer(line) }

func TestCloseRacesWithEverything(t *testing.T) {
	for round := range 20 {
		whole := newWhole()
		must(t, whole.app.Start())
		var crew sync.WaitGroup
		together := func(work func() error) {
			crew.Add(1)
			go func() {
				defer crew.Done()
				for {
					if err := work(); isError(err, partita.ErrClosed) {
						return
					} else if err != nil && !isError(err, partita.ErrBusy) && !isError(err, partita.ErrWouldBlock) {
						t.Errorf("round %d: %v", round, err)
						return
					}
				}
			}()
		}
		ctx := context.Background()
		batch := events(0, 100, 10)
		for range 3 {
			together(func() error { _, err := whole.source.SendBatch(ctx, batch); return err })
		}
		together(func() error { return whole.source.TrySend(event{}) })
		together(func() error { return whole.texts.Send(ctx, event{}) })
		together(func() error { _, err := whole.queue.Poll(ctx, make([]interface{}, 10)); return err })
		together(func() error { _, err := whole.queue.TryPoll(make([]interface{}, 10)); return err })
		together(func() error {
			return whole.app.Parts("texts", func(partita.Key, interface{}) bool { return true })
		})
		together(func() error { return whole.app.Drain(ctx) })
		together(func() error { return whole.app.Wait(ctx) })
		crew.Add(2)
		go func() {
			defer crew.Done()
			for range whole.channel {
			}
		}()
		go func() {
			defer crew.Done()
			for range whole.queue.All(ctx) {
			}
		}()
		await(t, "messages flow", func() bool { return whole.app.Metrics().Delivered > uint64(100*round) })
		for range 3 {
			crew.Add(1)
			go func() {
				defer crew.Done()
				if err := whole.app.Close(ctx); err != nil {
					t.Errorf("close: %v", err)
				}
				whole.app.Metrics()
			}()
		}
		crew.Wait()
		leavesNothing(t, whole.app)
	}
}
