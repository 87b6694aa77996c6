package partita_test

import (
	"context"
	"os"
	"os/signal"
	"strconv"
	"sync"
	"syscall"
	"testing"

	"github.com/partita-stream/partita/go/partita"
)

// underLoad runs an application that goroutines send into without end, while something is done; then it drains,
// and all that was sent must have come out.
func underLoad(t *testing.T, do func(app *partita.Application)) {
	t.Helper()
	source := partita.NewSourceOf[int](partita.Credits(1000))
	queue := partita.NewQueueSinkOf[int]("out", 100)
	app := partita.NewApplication("load", partita.Workers(2))
	stream := partita.ToStatePartition(partita.NewPipelineOf(app, "p", source), partita.PartitionOf[int, int]{Name: "s"},
		func(n int) int { return n % 100 },
		func(_, n int, sum *int, out *partita.Emitter[int]) (bool, error) {
			*sum += n
			out.Emit(n)
			return true, nil
		})
	partita.ToStateful(stream, partita.StateOf[int]{Name: "blocking"}, func(n int, _ *int, out *partita.Emitter[int]) (bool, error) {
		out.Emit(n)
		return false, nil
	}, partita.Blocking(2)).ToSink(queue)
	start(t, app)
	ended, end := context.WithCancel(context.Background())
	var crew sync.WaitGroup
	var lock sync.Mutex
	sent, received := 0, 0
	for range 3 {
		runIn(&crew, func() {
			batch := make([]int, 100)
			for i := range batch {
				batch[i] = i
			}
			for ended.Err() == nil {
				count, err := source.SendBatch(context.Background(), batch)
				must(t, err)
				lock.Lock()
				sent += count
				lock.Unlock()
			}
		})
	}
	reader := make(chan struct{})
	go func() {
		defer close(reader)
		for range queue.All(context.Background()) {
			received++
		}
	}()
	do(app)
	end()
	crew.Wait()
	must(t, app.Drain(deadline(t)))
	must(t, app.Stop())
	<-reader
	if sent == 0 || received != sent {
		t.Errorf("%d messages came out, of %d that were sent", received, sent)
	}
}

// signalAll sends a signal to each thread of the process: also to those that are inside the engine.
func signalAll(t *testing.T, number syscall.Signal) {
	t.Helper()
	tasks, err := os.ReadDir("/proc/self/task")
	must(t, err)
	for _, task := range tasks {
		thread, err := strconv.Atoi(task.Name())
		must(t, err)
		// A thread may be gone meanwhile.
		if err := syscall.Tgkill(syscall.Getpid(), thread, number); err != nil && err != syscall.ESRCH {
			t.Fatal(err)
		}
	}
}

func TestSignalsUnderLoadArriveAndDisturbNothing(t *testing.T) {
	// Go preempts goroutines with SIGURG, and samples with SIGPROF.
	for _, number := range []syscall.Signal{syscall.SIGURG, syscall.SIGPROF, syscall.SIGINT} {
		t.Run(number.String(), func(t *testing.T) {
			heard := make(chan os.Signal, 1)
			signal.Notify(heard, number)
			defer signal.Stop(heard)
			underLoad(t, func(app *partita.Application) {
				for round := range 200 {
					signalAll(t, number)
					if number != syscall.SIGPROF { // that one is Go's alone
						if got := <-heard; got != number {
							t.Fatalf("round %d: heard %v", round, got)
						}
					}
				}
				// It goes on between signals.
				before := app.Metrics().Computed
				await(t, "more is computed", func() bool { return app.Metrics().Computed > before+10_000 })
			})
		})
	}
}

func TestAnInterruptEndsRun(t *testing.T) {
	app, source := relay(taken())
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	must(t, app.Start())
	ran := make(chan error, 1)
	go func() { ran <- app.Run(ctx) }()
	send(t, source, events(0, 1000, 10)...)
	must(t, syscall.Kill(syscall.Getpid(), syscall.SIGINT))
	must(t, <-ran)
	if delivered := app.Metrics().Delivered; delivered != 1000 {
		t.Errorf("%d messages were delivered, expected 1000", delivered)
	}
	leavesNothing(t, app)
}
