package partita_test

import (
	"context"
	"sync/atomic"
	"testing"

	"github.com/partita-stream/partita/go/partita"
)

// A loop takes many outputs at once. Drain used to return when they were out of the queue, while
// most had not reached the loop's body yet.
func TestDrainWaitsUntilTheBodyOfALoopHasSeenEverything(t *testing.T) {
	source := partita.NewSource()
	queue := partita.NewQueueSink("out", 0)
	app := partita.NewApplication("loop")
	app.NewPipeline("p", source).ToSink(queue)
	start(t, app)
	var seen atomic.Int64
	over := make(chan struct{})
	go func() {
		defer close(over)
		for range queue.All(context.Background()) {
			seen.Add(1)
		}
	}()
	for round := range int64(200) {
		send(t, source, events(0, 250, 10)...)
		must(t, app.Drain(deadline(t)))
		if got := seen.Load(); got != (round+1)*250 {
			t.Fatalf("round %d: drained, and the loop has seen %d of %d", round, got, (round+1)*250)
		}
	}
	must(t, app.Stop())
	<-over
}
