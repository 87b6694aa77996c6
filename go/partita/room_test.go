package partita_test

import (
	"sync"
	"sync/atomic"
	"testing"

	"github.com/partita-stream/partita/go/partita"
)

// A worker that came out of the engine with each run forgot how many actors it had run since it looked for senders to
// wake: while another pipeline kept it busy, one for which there was little room was never told of it.
func TestASenderIsToldOfLittleRoomThoughTheWorkerIsKeptBusy(t *testing.T) {
	const credits = 100
	source, other := partita.NewSourceOf[int](partita.Credits(credits)), partita.NewSourceOf[int](partita.Credits(4000))
	app := partita.NewApplication("busy", partita.Workers(1))
	held, one := make(chan struct{}), func(int) int { return 0 }
	// Some messages have no output; the others lie in the queue, and keep their credits.
	partita.ToStatePartition(partita.NewPipelineOf(app, "few", source), partita.PartitionOf[int, int]{Name: "few"}, one,
		func(_, n int, _ *int, out *partita.Emitter[int]) (bool, error) {
			if n == 0 {
				<-held
			}
			if n%5 != 0 {
				out.Emit(n)
			}
			return true, nil
		}).ToSink(partita.NewQueueSinkOf[int]("queue", 2*credits))
	var ended atomic.Bool
	partita.ToStatePartition(partita.NewPipelineOf(app, "many", other), partita.PartitionOf[int, int]{Name: "many"},
		func(n int) int { return n },
		func(_, n int, sum *int, _ *partita.Emitter[partita.None]) (bool, error) {
			// It takes longer than to send.
			for range 200 {
				*sum += spin(n)
			}
			return true, nil
		}).Done()
	start(t, app)
	sent, numbers := make(chan error, 1), make([]int, credits+1)
	for i := range numbers {
		numbers[i] = i
	}
	ctx := deadline(t)
	go func() {
		_, err := source.SendBatch(ctx, numbers)
		sent <- err
	}()
	await(t, "the sender waits", func() bool { return goroutinesIn("]).await(") > 0 })
	var feeders sync.WaitGroup
	for range 3 {
		feeders.Add(1)
		go func() {
			defer feeders.Done()
			batch := make([]int, credits)
			for i := range batch {
				batch[i] = i
			}
			for !ended.Load() {
				if _, err := other.SendBatch(ctx, batch); err != nil {
					t.Error(err)
					return
				}
			}
		}()
	}
	await(t, "the others wait, too", func() bool { return goroutinesIn("]).await(") > 1 })
	close(held)
	must(t, <-sent)
	ended.Store(true)
	feeders.Wait()
	must(t, app.Stop())
	must(t, app.Close(deadline(t)))
}
