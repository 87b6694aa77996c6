package partita_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/partita-stream/partita/go/partita"
)

// votes is an application that counts messages by key: a negative number fails, and of 0 nothing follows.
func votes(sinks []partita.SinkOf[int], options ...partita.StepOption) (*partita.Application, *partita.SourceOf[int]) {
	return votesThrough(0, sinks, options...)
}

// votesThrough is votes with stateless steps that come first.
func votesThrough(steps int, sinks []partita.SinkOf[int], options ...partita.StepOption) (*partita.Application, *partita.SourceOf[int]) {
	app := partita.NewApplication("votes", partita.Workers(2))
	source := partita.NewSourceOf[int](partita.Credits(64))
	stream := passThrough(partita.NewPipelineOf(app, "numbers", source), steps)
	sums := partita.PartitionOf[int, int]{Name: "sums"}
	add := func(_ int, number int, sum *int, out *partita.Emitter[int]) (bool, error) {
		if number < 0 {
			return false, errors.New("it is negative")
		}
		*sum += number
		if number > 0 {
			out.Emit(number)
		}
		return true, nil
	}
	key := func(number int) int { return number % 7 }
	last := partita.ToStatePartition(stream, sums, key, add, options...)
	if len(sinks) == 0 {
		last.Done()
	}
	last.ToSinks(sinks...)
	return app, source
}

func TestAckTellsWhenNothingIsLeft(t *testing.T) {
	for _, steps := range []int{0, 2} {
		t.Run(fmt.Sprint(steps, " steps before"), func(t *testing.T) { awaitAcks(t, steps) })
	}
}

func awaitAcks(t *testing.T, steps int) {
	taken := 0
	sink := partita.NewSinkFuncOf("count", func(batch []int) error {
		taken += len(batch)
		return nil
	})
	app, source := votesThrough(steps, []partita.SinkOf[int]{sink}, partita.Skip())
	start(t, app)
	ctx, position := deadline(t), uint64(0)
	for round := range 100 {
		batch := make([]int, 1+round*17%150)
		for i := range batch {
			batch[i] = 1 + i
		}
		ack, err := source.SendAck(ctx, batch)
		must(t, err)
		must(t, ack.Wait(ctx))
		position += uint64(len(batch))
		// All that a worker did before is seen.
		if taken != int(position) || ack.Position() != position || ack.Sent() != len(batch) {
			t.Fatalf("%d of %d were taken, at position %d", taken, position, ack.Position())
		}
		if reached := source.Watermark(); reached != position {
			t.Fatalf("the watermark is %d: expected %d", reached, position)
		}
	}
	ack, err := source.SendAck(ctx, nil)
	must(t, err)
	<-ack.Done()
}

func TestAckCountsTheDead(t *testing.T) {
	app, source := votes(nil, partita.Skip())
	start(t, app)
	ack, err := source.SendAck(deadline(t), []int{1, -2, 3, -4})
	must(t, err)
	err = ack.Wait(deadline(t))
	var dead *partita.DeadError
	if !errors.As(err, &dead) || dead.Dead != 2 || dead.Reason != partita.DeadCompute {
		t.Fatalf("the error is %v: expected 2 dead by the computation", err)
	}
	says(t, err, `application "votes" / pipeline "numbers" / source: 2 messages died, of the first: computation failed`, "it is negative")
	if ack.Err() == nil {
		t.Error("the ack has no error")
	}
}

func TestWaitingForAnAckEndsWithItsContext(t *testing.T) {
	queue := partita.NewQueueSinkOf[int]("unread", 100)
	app, source := votes([]partita.SinkOf[int]{queue})
	start(t, app)
	ack, err := source.SendAck(deadline(t), []int{1})
	must(t, err)
	ctx, cancel := context.WithCancel(deadline(t))
	cancel()
	if err := ack.Wait(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("the error is %v", err)
	}
	if err := source.WaitWatermark(ctx, 1); !errors.Is(err, context.Canceled) {
		t.Errorf("the error is %v", err)
	}
	//lint:ignore SA1012 a nil context is what is tested
	says(t, ack.Wait(nil), "the context is nil")
}

// Every ack is done once, however the application ends.
func TestEveryAckIsDoneHoweverItEnds(t *testing.T) {
	ends := map[string]func(app *partita.Application, source *partita.SourceOf[int]){
		"close": func(app *partita.Application, _ *partita.SourceOf[int]) { app.Close(context.Background()) },
		"stop":  func(app *partita.Application, _ *partita.SourceOf[int]) { app.Stop() },
		"failure": func(_ *partita.Application, source *partita.SourceOf[int]) {
			source.Send(context.Background(), -1)
		},
	}
	for name, end := range ends {
		for _, steps := range []int{0, 2} {
			t.Run(fmt.Sprint(name, ", ", steps, " steps before"), func(t *testing.T) {
				app, source := votesThrough(steps, nil)
				start(t, app)
				var group sync.WaitGroup
				begun := make(chan struct{}, 4)
				for range 4 {
					group.Add(1)
					go func() {
						defer group.Done()
						for i := 0; ; i++ {
							ack, err := source.SendAck(context.Background(), make([]int, 1+rand.IntN(100)))
							if ack != nil {
								defer func() { <-ack.Done() }()
							}
							if i == 100 {
								begun <- struct{}{}
							}
							if err != nil {
								return
							}
						}
					}()
				}
				for range 4 {
					<-begun
				}
				end(app, source)
				group.Wait()
			})
		}
	}
}

func TestTheWatermarkIsKeptAfterTheEnd(t *testing.T) {
	app, source := votes(nil)
	if err := source.WaitWatermark(deadline(t), 1); !errors.Is(err, partita.ErrNotStarted) {
		t.Errorf("the error is %v", err)
	}
	start(t, app)
	ack, err := source.SendAck(deadline(t), make([]int, 50))
	must(t, err)
	must(t, source.WaitWatermark(deadline(t), ack.Position()))
	must(t, app.Close(deadline(t)))
	if reached := source.Watermark(); reached != 50 {
		t.Errorf("the watermark is %d", reached)
	}
	must(t, source.WaitWatermark(deadline(t), 50))
	if err := source.WaitWatermark(deadline(t), 51); !errors.Is(err, partita.ErrClosed) {
		t.Errorf("the error is %v", err)
	}
	if ack, err := source.SendAck(deadline(t), []int{1}); ack != nil || !errors.Is(err, partita.ErrClosed) {
		t.Errorf("the error is %v", err)
	}
}

func ExampleSourceOf_SendAck() {
	numbers := partita.NewSourceOf[int]()
	app := partita.NewApplication("sums", partita.Workers(1))
	total := partita.StateOf[int]{Name: "total"}
	add := func(number int, total *int, out *partita.Emitter[partita.None]) (bool, error) {
		if number > 99 {
			return false, fmt.Errorf("%d is too much", number)
		}
		*total += number
		return true, nil
	}
	partita.ToStateful(partita.NewPipelineOf(app, "numbers", numbers), total, add, partita.Skip()).Done()
	if err := app.Start(); err != nil {
		panic(err)
	}
	ctx := context.Background()
	defer app.Close(ctx)

	// As a broker that is to be acknowledged: once all that follows from a batch is done.
	for _, batch := range [][]int{{1, 2, 3}, {4, 500, 600}} {
		ack, err := numbers.SendAck(ctx, batch)
		if err != nil {
			panic(err)
		}
		var dead *partita.DeadError
		if errors.As(ack.Wait(ctx), &dead) {
			fmt.Println(dead.Dead, "are dead, by", dead.Reason)
		}
		fmt.Println("done up to", numbers.Watermark())
	}
	// Output:
	// done up to 3
	// 2 are dead, by computation failed
	// done up to 6
}
