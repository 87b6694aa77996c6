package partitatest_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/partita-stream/partita/go/partita"
	"github.com/partita-stream/partita/go/partita/partitatest"
)

// bufferable is an application whose only step is told "pass", and tries again after a minute.
func bufferable(credits int, leading bool) (*partita.Application, *partita.SourceOf[int], *partita.QueueSinkOf[int]) {
	app := partita.NewApplication("numbers")
	source := partita.NewSourceOf[int](partita.Credits(credits))
	out := partita.NewQueueSinkOf[int]("out", 0)
	pipeline := partita.NewPipelineOf(app, "numbers", source)
	if leading {
		pipeline = partita.To(pipeline, func(n int) (int, bool, error) { return n, true, nil })
	}
	partita.ToStatePartition(pipeline, partita.PartitionOf[int, int]{Name: "digits"}, lastDigit, pass,
		partita.WithName("pass"), partita.Retry(3, time.Minute)).ToSink(out)
	return app, source, out
}

func buffered(t testing.TB, source *partita.SourceOf[int], options ...partita.BufferOption) *partita.BufferedSender[int] {
	t.Helper()
	buffer, err := source.Buffer(options...)
	if err != nil {
		t.Fatal(err)
	}
	return buffer
}

func put(t testing.TB, buffer *partita.BufferedSender[int], messages ...int) {
	t.Helper()
	for _, n := range messages {
		if err := buffer.Send(context.Background(), n); err != nil {
			t.Fatal(err)
		}
	}
}

func expect(t testing.TB, d *partitatest.Driver, out *partita.QueueSinkOf[int], expected ...int) {
	t.Helper()
	outputs := partitatest.Outputs(d, out)
	slices.Sort(outputs)
	if !slices.Equal(outputs, expected) {
		t.Fatalf("outputs: %v, expected %v", outputs, expected)
	}
}

func TestABufferHandsOnWhenNothingIsUnderWay(t *testing.T) {
	partitatest.Explore(t, 200, func(t testing.TB, seed uint64) {
		app, source, out := bufferable(100, seed%2 == 0)
		d := partitatest.New(t, seed, app)
		buffer := buffered(t, source, partita.BufferDelay(-1))
		put(t, buffer, 1)
		// The others wait for the first, and for nothing else.
		put(t, buffer, 2, 3, 4)
		if sent := app.Metrics().Sent; sent != 1 {
			t.Errorf("%d messages were handed on at once", sent)
		}
		d.Rest()
		expect(t, d, out, 1, 2, 3, 4)
	})
}

func TestABufferHandsOnWhenItsTimeHasComeWhileOthersAreUnderWay(t *testing.T) {
	partitatest.Explore(t, 200, func(t testing.TB, seed uint64) {
		app, source, out := bufferable(100, seed%2 == 0)
		d := partitatest.New(t, seed, app)
		d.FailAt("pass", 1)
		buffer := buffered(t, source, partita.BufferDelay(time.Second))
		put(t, buffer, 1)
		put(t, buffer, 2)
		d.Rest()
		expect(t, d, out)
		d.Advance(999 * time.Millisecond)
		expect(t, d, out)
		d.Advance(time.Millisecond)
		expect(t, d, out, 2)
		d.Advance(time.Minute)
		expect(t, d, out, 1)
	})
}

func TestABufferHandsOnWhenItIsFullAndWhenItIsFlushed(t *testing.T) {
	partitatest.Explore(t, 200, func(t testing.TB, seed uint64) {
		app, source, out := bufferable(100, seed%2 == 0)
		d := partitatest.New(t, seed, app)
		d.FailAt("pass", 1)
		buffer := buffered(t, source, partita.BufferDelay(-1), partita.BufferSize(3))
		put(t, buffer, 1)
		d.Rest()
		put(t, buffer, 2, 3, 4, 5)
		d.Rest()
		expect(t, d, out, 2, 3, 4)
		if err := buffer.Flush(context.Background()); err != nil {
			t.Fatal(err)
		}
		d.Rest()
		expect(t, d, out, 5)
		d.Advance(time.Minute)
		expect(t, d, out, 1)
	})
}

func TestABufferIsFullWhileNothingCanBeHandedOn(t *testing.T) {
	partitatest.Explore(t, 200, func(t testing.TB, seed uint64) {
		app, source, out := bufferable(1, seed%2 == 0)
		d := partitatest.New(t, seed, app)
		d.FillSink(out)
		buffer := buffered(t, source, partita.BufferSize(2))
		next := 1
		for ; next < 10; next++ {
			if err := buffer.Send(context.Background(), next); err != nil {
				if !errors.Is(err, partita.ErrWouldBlock) {
					t.Fatal(err)
				}
				break
			}
		}
		// One has the credit, and two wait in the buffer. What was refused was not taken.
		if next != 4 {
			t.Fatalf("message %d was refused", next)
		}
		d.EmptySink(out)
		d.Rest()
		expect(t, d, out, 1, 2, 3)
		put(t, buffer, 4)
		d.Rest()
		expect(t, d, out, 4)
	})
}

// Whenever a timer fires, the pipeline falls idle or somebody flushes: nothing is lost, doubled or out of
// order, with any size, delay and number of credits.
func TestABufferKeepsOrderWheneverItsTimerFires(t *testing.T) {
	partitatest.Explore(t, 1000, func(t testing.TB, seed uint64) {
		random := rand.New(rand.NewPCG(seed, 1))
		app, source, out := bufferable(1+random.IntN(20), random.IntN(2) == 0)
		d := partitatest.New(t, seed, app)
		for range random.IntN(4) {
			d.FailAt("pass", 1+random.IntN(10))
		}
		delays := []time.Duration{-1, 0, 1, time.Second}
		buffer := buffered(t, source, partita.BufferSize(1+random.IntN(5)), partita.BufferDelay(delays[random.IntN(4)]))
		const count = 40
		var outputs []int
		for n := range count {
			put(t, buffer, n)
			switch random.IntN(8) {
			case 0:
				d.Advance(time.Duration(1 + random.Int64N(int64(2*time.Second))))
			case 1:
				if err := buffer.Flush(context.Background()); err != nil {
					t.Fatal(err)
				}
			case 2, 3, 4:
				for random.IntN(4) > 0 && d.Step() {
				}
			}
			outputs = append(outputs, partitatest.Outputs(d, out)...)
		}
		if err := buffer.Close(context.Background()); err != nil {
			t.Fatal(err)
		}
		d.Advance(time.Hour)
		outputs = append(outputs, partitatest.Outputs(d, out)...)
		if len(outputs) != count {
			t.Fatalf("%d outputs: %v", len(outputs), outputs)
		}
		last := make(map[int]int)
		for _, n := range outputs {
			if before, is := last[lastDigit(n)]; is && before >= n {
				t.Fatalf("%d came behind %d: %v", n, before, outputs)
			}
			last[lastDigit(n)] = n
		}
	})
}
