package partita_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"runtime/pprof"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/partita-stream/partita/go/partita"
)

// leading is an application that begins with a step without a state, and answers callers with what comes of
// it, through a step with one.
func leading(t *testing.T, compute func(n int, out *partita.Emitter[string]) error, options ...partita.SourceOption) (*partita.Application, *partita.SourceOf[int], *partita.CallersOf[int, string]) {
	app := partita.NewApplication("leading", partita.Workers(2))
	source := partita.NewSourceOf[int](options...)
	callers := partita.NewCallersOf[int, string]("answers", source)
	first := partita.ToMulti(partita.NewPipelineOf(app, "numbers", source), compute, partita.Skip(), partita.WithName("first"))
	pass := func(_ string, text string, _ *int, out *partita.Emitter[string]) (bool, error) {
		out.Emit(text)
		return true, nil
	}
	texts := partita.PartitionOf[string, int]{Name: "texts"}
	partita.ToStatePartition(first, texts, func(text string) string { return text }, pass, partita.WithName("last")).ToSink(callers)
	start(t, app)
	return app, source, callers
}

// The steps once ran for many callers on one goroutine: one that ended left the others without an answer.
func TestCallsGoThroughStatelessSteps(t *testing.T) {
	const ends, panics = 100, 300
	_, source, callers := leading(t, func(n int, out *partita.Emitter[string]) error {
		switch {
		case n%2 == 1:
			return fmt.Errorf("%d is odd", n)
		case n == ends:
			runtime.Goexit()
		case n == panics:
			panic("too much")
		case n%10 == 4:
			return nil
		case n%10 == 6:
			out.Emit(fmt.Sprint(n))
			out.Emit(fmt.Sprint(n))
		default:
			out.Emit(fmt.Sprint(n))
		}
		return nil
	})
	ctx := deadline(t)
	var group sync.WaitGroup
	var ended atomic.Int64
	for caller := range 20 {
		group.Add(1)
		go func() {
			calling := 0
			defer group.Done()
			defer func() {
				if calling == ends {
					ended.Add(1)
				} else if calling != caller*100+99 {
					t.Errorf("the goroutine that calls with %d has ended", calling)
				}
			}()
			for i := range 100 {
				calling = caller*100 + i
				answer, err := callers.Call(ctx, calling)
				var dead *partita.DeadError
				switch {
				case calling%2 == 1 || calling == panics:
					if !errors.As(err, &dead) || dead.Reason != partita.DeadCompute {
						t.Errorf("the answer to %d is %q, %v", calling, answer, err)
					}
				case calling%10 == 4:
					if !errors.Is(err, partita.ErrNoOutput) {
						t.Errorf("the answer to %d is %q, %v", calling, answer, err)
					}
				case err != nil || answer != fmt.Sprint(calling):
					t.Errorf("the answer to %d is %q, %v", calling, answer, err)
				}
			}
		}()
	}
	group.Wait()
	if ended.Load() != 1 {
		t.Errorf("%d goroutines have ended", ended.Load())
	}
	ack, err := source.SendAck(ctx, []int{2, 3, 4, 5, 7})
	must(t, err)
	var dead *partita.DeadError
	if err := ack.Wait(ctx); !errors.As(err, &dead) || dead.Dead != 3 {
		t.Errorf("the error is %v", err)
	}
}

func TestAGoroutineThatEndsInALeadingStepLeavesNoCompletionOpen(t *testing.T) {
	app, source, _ := leading(t, func(n int, out *partita.Emitter[string]) error {
		if n == 40 {
			runtime.Goexit()
		}
		out.Emit("")
		return nil
	})
	ctx := deadline(t)
	batch := make([]int, 1000)
	for i := range batch {
		batch[i] = i
	}
	over := make(chan struct{})
	go func() {
		defer close(over)
		source.SendAck(ctx, batch)
		t.Error("the goroutine goes on")
	}()
	<-over
	must(t, app.Drain(ctx))
	// All that was admitted is done with, and so is what comes behind it.
	ack, err := source.SendAck(ctx, batch[:30])
	must(t, err)
	must(t, ack.Wait(ctx))
	must(t, source.WaitWatermark(ctx, ack.Position()))
	metrics := app.Metrics()
	if metrics.Dead[partita.DeadCompute] != 1 || metrics.Delivered+1 != metrics.Sent || metrics.Sent < 70 {
		t.Errorf("%d were sent, %d delivered, and %d are dead", metrics.Sent, metrics.Delivered, metrics.Dead[partita.DeadCompute])
	}
}

// One sender at a time once had the steps: a step that sent with a completion waited for itself.
func TestALeadingStepMayCallItsOwnPipeline(t *testing.T) {
	var source *partita.SourceOf[int]
	var callers *partita.CallersOf[int, string]
	ctx := deadline(t)
	_, source, callers = leading(t, func(n int, out *partita.Emitter[string]) error {
		text := "0"
		if n > 0 {
			ack, err := source.SendAck(ctx, []int{0})
			if err == nil {
				err = ack.Wait(ctx)
			}
			if err != nil {
				return err
			}
			if text, err = callers.Call(ctx, n-1); err != nil {
				return err
			}
			text += fmt.Sprint(n)
		}
		out.Emit(text)
		return nil
	})
	var group sync.WaitGroup
	for range 8 {
		group.Add(1)
		go func() {
			defer group.Done()
			if answer, err := callers.Call(ctx, 5); answer != "012345" || err != nil {
				t.Errorf("the answer is %q, %v", answer, err)
			}
		}()
	}
	group.Wait()
}

func TestALeadingStepThatTakesLongHoldsUpItsOwnCallerAlone(t *testing.T) {
	begun, goOn := make(chan struct{}), make(chan struct{})
	_, source, callers := leading(t, func(n int, out *partita.Emitter[string]) error {
		if n == 0 {
			close(begun)
			<-goOn
		}
		out.Emit(fmt.Sprint(n))
		return nil
	})
	ctx := deadline(t)
	answered := make(chan string)
	go func() {
		answer, _ := callers.Call(ctx, 0)
		answered <- answer
	}()
	<-begun
	for n := 1; n < 100; n++ {
		if answer, err := callers.Call(ctx, n); answer != fmt.Sprint(n) || err != nil {
			t.Fatalf("the answer to %d is %q, %v", n, answer, err)
		}
		ack, err := source.SendAck(ctx, []int{n})
		must(t, err)
		must(t, ack.Wait(ctx))
	}
	close(goOn)
	if answer := <-answered; answer != "0" {
		t.Errorf("the answer is %q", answer)
	}
}

// goroutinesIn counts the goroutines that a function has not returned for.
func goroutinesIn(function string) int {
	stacks := make([]byte, 16<<20)
	return strings.Count(string(stacks[:runtime.Stack(stacks, true)]), function)
}

// A goroutine that waits inside the engine takes a thread, and a process may not have many.
func TestCallersWaitForCreditsWithoutThreads(t *testing.T) {
	const many = 500
	begun, goOn := make(chan struct{}), make(chan struct{})
	_, _, callers := leading(t, func(n int, out *partita.Emitter[string]) error {
		if n == 0 {
			close(begun)
			<-goOn
		}
		out.Emit(fmt.Sprint(n))
		return nil
	}, partita.Credits(1))
	var group, waiting sync.WaitGroup
	call := func(ctx context.Context, n int) error {
		answer, err := callers.Call(ctx, n)
		if err == nil && answer != fmt.Sprint(n) {
			t.Errorf("the answer to %d is %q", n, answer)
		}
		return err
	}
	group.Add(1)
	go func() {
		defer group.Done()
		must(t, call(deadline(t), 0))
	}()
	<-begun
	before := pprof.Lookup("threadcreate").Count()
	ctx, cancel := context.WithCancel(deadline(t))
	for n := 1; n <= many; n++ {
		group.Add(1)
		waiting.Add(1)
		cancels := n%2 == 0
		go func() {
			defer group.Done()
			if cancels {
				defer waiting.Done()
				if err := call(ctx, n); !errors.Is(err, context.Canceled) {
					t.Errorf("the error is %v", err)
				}
				return
			}
			waiting.Done()
			must(t, call(deadline(t), n))
		}()
	}
	await(t, "those who call wait", func() bool { return goroutinesIn("partita.turn.wait(") >= many-1 }) // the last has its turn
	if created := pprof.Lookup("threadcreate").Count() - before; created > many/10 {
		t.Errorf("%d threads were made for %d who wait", created, many)
	}
	cancel()
	waiting.Wait()
	close(goOn)
	group.Wait()
}
