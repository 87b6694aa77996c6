package partitatest_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/partita-stream/partita/go/partita"
	"github.com/partita-stream/partita/go/partita/partitatest"
)

// pass is a typed computation that hands its message on.
func pass(_ int, n int, count *int, out *partita.Emitter[int]) (bool, error) {
	*count++
	out.Emit(n)
	return true, nil
}

// lastDigit is the key of an int.
func lastDigit(n int) int { return n % 10 }

func TestAMessageIsTriedAgainWhenItsTimeHasCome(t *testing.T) {
	partitatest.Explore(t, 200, func(t testing.TB, seed uint64) {
		app := partita.NewApplication("retry")
		source, out := partita.NewSourceOf[int](), partita.NewQueueSinkOf[int]("out", 0)
		partita.ToStatePartition(partita.NewPipelineOf(app, "numbers", source),
			partita.PartitionOf[int, int]{Name: "digits"}, lastDigit, pass,
			partita.WithName("pass"), partita.Retry(2, time.Minute), partita.Skip()).ToSink(out)
		d := partitatest.New(t, seed, app)
		d.FailAt("pass", 1)
		d.FailAt("pass", 4)
		// One key: the first message fails, and the others wait behind it.
		partitatest.Send(d, source, 10, 20, 30)
		d.Rest()
		if outputs := partitatest.Outputs(d, out); len(outputs) != 0 {
			t.Errorf("outputs: %v", outputs)
		}
		// Another key does not wait. It is the second message that comes to the step.
		partitatest.Send(d, source, 11)
		d.Rest()
		if outputs := partitatest.Outputs(d, out); !slices.Equal(outputs, []int{11}) {
			t.Errorf("outputs: %v", outputs)
		}
		d.Advance(59 * time.Second)
		if outputs := partitatest.Outputs(d, out); len(outputs) != 0 {
			t.Errorf("outputs: %v", outputs)
		}
		// 10 comes again, then 20 for the first time, which is the fourth message that comes to the step.
		d.Advance(time.Second)
		if outputs := partitatest.Outputs(d, out); !slices.Equal(outputs, []int{10}) {
			t.Errorf("outputs: %v", outputs)
		}
		d.Advance(time.Hour)
		if outputs := partitatest.Outputs(d, out); !slices.Equal(outputs, []int{20, 30}) {
			t.Errorf("outputs: %v", outputs)
		}
		if letters := d.DeadLetters(); len(letters) != 0 {
			t.Errorf("dead letters: %v", letters)
		}
	})
}

func TestAWaitLetsTheClockGoOnToTheNextTry(t *testing.T) {
	app := partita.NewApplication("retry")
	source := partita.NewSourceOf[int]()
	partita.ToStatePartition(partita.NewPipelineOf(app, "numbers", source),
		partita.PartitionOf[int, int]{Name: "digits"}, lastDigit, pass,
		partita.WithName("pass"), partita.Retry(1, time.Hour)).Done()
	d := partitatest.New(t, 1, app)
	d.FailAt("pass", 1)
	partitatest.Send(d, source, 10)
	if err := app.Drain(context.Background()); err != nil || d.Now() != time.Hour {
		t.Errorf("drain: %v, after %v", err, d.Now())
	}
}

func TestStepsThatBlockAreRunByTheDriver(t *testing.T) {
	orders := make(map[string]bool)
	partitatest.Explore(t, 100, func(t testing.TB, seed uint64) {
		app := partita.NewApplication("blocking")
		source, out := partita.NewSourceOf[int](), partita.NewQueueSinkOf[int]("out", 0)
		partita.ToStatePartition(partita.NewPipelineOf(app, "numbers", source),
			partita.PartitionOf[int, int]{Name: "digits"}, lastDigit, pass,
			partita.WithName("pass"), partita.Blocking(3), partita.Skip()).ToSink(out)
		d := partitatest.New(t, seed, app)
		d.PanicAt("pass", 2)
		partitatest.Send(d, source, 1, 2, 3, 4, 5)
		d.Rest()
		outputs := partitatest.Outputs(d, out)
		if len(outputs) != 4 || len(d.DeadLetters()) != 1 {
			t.Errorf("outputs: %v, dead letters: %v", outputs, d.DeadLetters())
		}
		orders[fmt.Sprint(outputs)] = true
	})
	if len(orders) < 10 {
		t.Errorf("100 seeds are %d orders", len(orders))
	}
}

func TestAnAckIsDoneWhenTheApplicationWasRun(t *testing.T) {
	partitatest.Explore(t, 100, func(t testing.TB, seed uint64) {
		app := partita.NewApplication("acks")
		source, out := partita.NewSourceOf[int](), partita.NewQueueSinkOf[int]("out", 0)
		partita.ToStatePartition(partita.NewPipelineOf(app, "numbers", source),
			partita.PartitionOf[int, int]{Name: "digits"}, lastDigit, pass,
			partita.WithName("pass"), partita.Skip()).ToSink(out)
		d := partitatest.New(t, seed, app)
		d.PanicAt("pass", 2)
		ack, err := source.SendAck(context.Background(), []int{1, 2, 3})
		if err != nil {
			t.Fatal(err)
		}
		select {
		case <-ack.Done():
			t.Error("it is done before anything was run")
		default:
		}
		if seed%2 == 0 {
			d.Rest()
		}
		var dead *partita.DeadError
		if err := ack.Wait(context.Background()); !errors.As(err, &dead) || dead.Dead != 1 {
			t.Errorf("ack: %v", err)
		}
		if outputs := partitatest.Outputs(d, out); len(outputs) != 2 {
			t.Errorf("outputs: %v", outputs)
		}
	})
}

func TestACallRunsTheApplicationUntilItIsAnswered(t *testing.T) {
	partitatest.Explore(t, 100, func(t testing.TB, seed uint64) {
		app := partita.NewApplication("calls")
		source := partita.NewSourceOf[int]()
		callers := partita.NewCallersOf[int, int]("answers", source)
		partita.ToStatePartition(partita.NewPipelineOf(app, "numbers", source),
			partita.PartitionOf[int, int]{Name: "digits"}, lastDigit, pass,
			partita.WithName("pass"), partita.Skip()).ToSink(callers)
		d := partitatest.New(t, seed, app)
		d.FailAt("pass", 2)
		for n := range 3 {
			answer, err := callers.Call(context.Background(), n)
			var dead *partita.DeadError
			if died := errors.As(err, &dead); died != (n == 1) || !died && answer != n {
				t.Errorf("call %d: %d, %v", n, answer, err)
			}
		}
	})
}

// transform is a computation without a state made of a function.
type transform func(data any) any

func (transform transform) Compute(data any) any { return transform(data) }

func TestStepsWithoutAStateCanFailToo(t *testing.T) {
	partitatest.Explore(t, 100, func(t testing.TB, seed uint64) {
		app := partita.NewApplication("stateless")
		source, out := partita.NewSource(), partita.NewQueueSink("out", 0)
		more := transform(func(data any) any { return data.(int) + 1 })
		// The first is run by who sends, the others behind a step with a state.
		app.NewPipeline("numbers", source).
			To(more, partita.WithName("first"), partita.Skip()).
			ToStatePartition(compute(count), counts, "digits", byTen, nil, partita.WithName("count")).
			To(more, partita.WithName("second"), partita.Skip()).
			ToParallel(more, partita.WithName("third"), partita.Skip()).
			ToSink(out)
		d := partitatest.New(t, seed, app)
		d.PanicAt("first", 2)
		d.FailAt("second", 3)
		d.FailAt("third", 4)
		d.Send(source, upTo(8)...)
		d.Rest()
		if letters := d.DeadLetters(); len(letters) != 3 || letters[0].Data != 1 {
			t.Errorf("dead letters: %v", letters)
		}
		if outputs := d.Outputs(out); len(outputs) != 5 {
			t.Errorf("outputs: %v", outputs)
		}
	})
}
