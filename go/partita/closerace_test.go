package partita_test

import (
	"context"
	"errors"
	"io"
	"net"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/partita-stream/partita/go/partita"
)

// closable is an application of the typed API that can be used in every way at once.
type closable struct {
	app     *partita.Application
	source  *partita.SourceOf[event]
	asked   *partita.SourceOf[event]
	tcp     *partita.SourceOf[int]
	queue   *partita.QueueSinkOf[event]
	numbers *partita.QueueSinkOf[int]
	callers *partita.CallersOf[event, int]
	states  partita.PartitionOf[int, int]
	// inside is how many calls of user code run.
	inside atomic.Int64
}

// newClosable makes one, whose code ends now and then in an error, a panic or runtime.Goexit.
func newClosable() *closable {
	closable := &closable{
		source:  partita.NewSourceOf[event](partita.Credits(64)),
		asked:   partita.NewSourceOf[event](partita.Credits(64)),
		tcp:     partita.NewTCPSourceOf("127.0.0.1:0", partita.Lines(), number, partita.Credits(64)),
		queue:   partita.NewQueueSinkOf[event]("queue", 16),
		numbers: partita.NewQueueSinkOf[int]("numbers", 16),
		states:  partita.PartitionOf[int, int]{Name: "states"},
	}
	closable.callers = partita.NewCallersOf[event, int]("answers", closable.asked)
	app := partita.NewApplication("closable", partita.Workers(2), partita.DeadLetters(func(partita.DeadLetter) {
		closable.inside.Add(1)
		defer closable.inside.Add(-1)
	}))
	closable.app = app
	byKey := func(in event) int { return in.key }
	ends := func(in event) error {
		closable.inside.Add(1)
		defer closable.inside.Add(-1)
		switch in.n % 50 {
		case 7:
			return errBoom
		case 8:
			panic(errBoom)
		case 9:
			runtime.Goexit()
		}
		return nil
	}
	stream := partita.ToStatePartition(partita.NewPipelineOf(app, "p", closable.source), closable.states, byKey,
		func(_ int, in event, sum *int, out *partita.Emitter[event]) (bool, error) {
			*sum++
			out.Emit(in)
			return true, ends(in)
		}, partita.Quarantine(), partita.Retry(1, 0), partita.WithName("counts"))
	stream = partita.ToParallel(stream, func(in event) (event, bool, error) { return in, true, ends(in) }, partita.Skip())
	partita.ToStateful(stream, partita.StateOf[int]{Name: "blocking"}, func(in event, _ *int, out *partita.Emitter[event]) (bool, error) {
		out.Emit(in)
		return false, ends(in)
	}, partita.Blocking(2), partita.Reset(), partita.WithName("blocks")).ToSink(closable.queue)
	asked := partita.To(partita.NewPipelineOf(app, "asked", closable.asked), func(in event) (event, bool, error) { return in, in.n%3 > 0, nil })
	partita.ToStatePartition(asked, partita.PartitionOf[int, int]{Name: "asked"}, byKey,
		func(_ int, in event, sum *int, out *partita.Emitter[int]) (bool, error) {
			*sum++
			out.Emit(*sum)
			return true, ends(in)
		}, partita.Skip()).ToSink(closable.callers)
	passOn(app, closable.tcp, closable.numbers)
	return closable
}

// expected tells whether an error is one that a call may have while an application is used and closed.
func expected(err error) bool {
	var dead *partita.DeadError
	for _, one := range []error{partita.ErrBusy, partita.ErrWouldBlock, partita.ErrNoOutput, partita.ErrNotFound} {
		if isError(err, one) {
			return true
		}
	}
	return err == nil || errors.As(err, &dead)
}

// uses are all calls that an application can get from many goroutines at once.
func (closable *closable) uses(ctx context.Context, buffer *partita.BufferedSender[event]) []func(n int) error {
	batch := make([]event, 50)
	for n := range batch {
		batch[n] = event{key: n % 10, n: n}
	}
	last := func(_ int, err error) error { return err }
	return []func(n int) error{
		func(n int) error { return closable.source.Send(ctx, event{n % 10, 0, n}) },
		func(n int) error { return closable.source.TrySend(event{n % 10, 1, n}) },
		func(int) error { return last(closable.source.SendBatch(ctx, batch)) },
		func(n int) error { return buffer.Send(ctx, event{n % 10, 2, n}) },
		func(int) error { return buffer.Flush(ctx) },
		func(n int) error {
			ack, err := closable.source.SendAck(ctx, batch[:1+n%50])
			if err != nil {
				return err
			}
			if err := ack.Wait(ctx); err != nil {
				return err
			}
			return closable.source.WaitWatermark(ctx, ack.Position())
		},
		func(n int) error { return last(closable.callers.Call(ctx, event{key: n % 10, n: n % 7})) },
		func(int) error { return last(closable.queue.Poll(ctx, make([]event, 10))) },
		func(int) error { return last(closable.queue.TryPoll(make([]event, 10))) },
		func(int) error { return last(closable.numbers.Poll(ctx, make([]int, 10))) },
		func(int) error { return closable.states.Parts(closable.app, func(int, *int) bool { return true }) },
		func(int) error {
			keys, err := closable.states.Quarantined(closable.app)
			for _, key := range keys {
				err = closable.states.Release(closable.app, key)
			}
			return err
		},
		func(int) error { return closable.app.Drain(ctx) },
		func(int) error { return closable.app.Wait(ctx) },
		// These never fail: they end with the first that does.
		func(int) error {
			_, err := closable.app.Describe(partita.Text)
			closable.app.Metrics()
			closable.source.Watermark()
			closable.tcp.Traffic()
			if err == nil {
				err = closable.source.TrySend(event{})
			}
			return err
		},
	}
}

// feed is a client that sends until its connection ends.
func (closable *closable) feed() {
	client, err := net.Dial("tcp", closable.tcp.Addr())
	if err != nil {
		return
	}
	defer client.Close()
	for err == nil {
		_, err = io.WriteString(client, "1\n2\nskip\npanic\nexit\n3\n")
	}
}

func TestCloseRacesWithEveryCallAndWithUserCodeThatEnds(t *testing.T) {
	for round := range 6 {
		closable := newClosable()
		app, ctx := closable.app, context.Background()
		must(t, app.Start())
		buffer, err := closable.source.Buffer()
		must(t, err)
		var crew sync.WaitGroup
		for number, use := range closable.uses(ctx, buffer) {
			runIn(&crew, func() {
				for n := 0; ; n++ {
					if err := use(n); isError(err, partita.ErrClosed) {
						return
					} else if !expected(err) {
						t.Errorf("round %d, use %d: %v", round, number, err)
						return
					}
				}
			})
		}
		runIn(&crew, closable.feed)
		for _, queue := range []func(){
			func() {
				for range closable.queue.All(ctx) {
				}
			},
			func() {
				for range closable.numbers.All(ctx) {
				}
			},
		} {
			runIn(&crew, queue)
		}
		await(t, "messages flow", func() bool { return app.Metrics().Delivered > uint64(50*round) })
		for range 3 {
			runIn(&crew, func() {
				if err := app.Close(ctx); err != nil {
					t.Errorf("close: %v", err)
				}
				if inside := closable.inside.Load(); inside != 0 {
					t.Errorf("%d calls of user code run behind Close", inside)
				}
				app.Metrics()
			})
		}
		crew.Wait()
		await(t, "no slot is taken", func() bool { return partita.SlotsHeld(app) == 0 })
		leavesNothing(t, app)
	}
}

// Close waits for a computation that runs; meanwhile everybody is refused, and counters can be read.
func TestCloseWaitsForAComputationWhileAllElseIsRefused(t *testing.T) {
	for _, blocking := range []bool{false, true} {
		entered, leave := make(chan struct{}), make(chan struct{})
		source, queue := partita.NewSourceOf[int](partita.Credits(1)), partita.NewQueueSinkOf[int]("out", 0)
		app := partita.NewApplication("running", partita.Workers(2))
		var options []partita.StepOption
		if blocking {
			options = append(options, partita.Blocking(1))
		}
		partita.ToStateful(partita.NewPipelineOf(app, "p", source), partita.StateOf[int]{Name: "s"},
			func(in int, _ *int, out *partita.Emitter[int]) (bool, error) {
				close(entered)
				<-leave
				out.Emit(in)
				return true, nil
			}, options...).ToSink(queue)
		start(t, app)
		must(t, source.Send(deadline(t), 1))
		<-entered
		closed := make(chan error, 4)
		for range cap(closed) {
			go func() { closed <- app.Close(context.Background()) }()
		}
		// Its one credit is used, so nothing is sent before.
		await(t, "it is closing", func() bool { return isError(source.TrySend(2), partita.ErrClosed) })
		var crew sync.WaitGroup
		for what, call := range map[string]func() error{
			"Send":  func() error { return source.Send(deadline(t), 3) },
			"Drain": func() error { return app.Drain(deadline(t)) },
			"Wait":  func() error { return app.Wait(deadline(t)) },
			"Poll":  func() error { _, err := queue.Poll(deadline(t), make([]int, 1)); return err },
		} {
			runIn(&crew, func() {
				if err := call(); !isError(err, partita.ErrClosed) {
					t.Errorf("%s: %v", what, err)
				}
			})
		}
		crew.Wait()
		if metrics := app.Metrics(); metrics.InFlight != 1 || len(closed) != 0 {
			t.Errorf("%d messages are in flight, and Close has returned %d times", metrics.InFlight, len(closed))
		}
		close(leave)
		for range cap(closed) {
			must(t, <-closed)
		}
		if metrics := app.Metrics(); metrics.Computed != 1 || metrics.Dead[partita.DeadClosed] != 1 {
			t.Errorf("computed %d, dropped %d, expected one of each", metrics.Computed, metrics.Dead[partita.DeadClosed])
		}
	}
}
