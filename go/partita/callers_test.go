package partita_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/partita-stream/partita/go/partita"
)

// ask is what callers of the tests send.
type ask struct {
	key  int
	what string
	// hold, if it is not nil, is what the computation waits for.
	hold chan struct{}
}

// called is an application that answers callers: with what they ask and how many asked before.
func called(step partita.StepOption, others ...partita.SinkOf[string]) (*partita.Application, *partita.SourceOf[ask], *partita.CallersOf[ask, string]) {
	return calledThrough(0, step, others...)
}

// passThrough puts stateless steps behind a stream that pass messages on.
func passThrough[T any](stream partita.Stream[T], steps int) partita.Stream[T] {
	for step := range steps {
		pass := func(in T) (T, bool, error) { return in, true, nil }
		stream = partita.To(stream, pass, partita.WithName(fmt.Sprint("pass", step)))
	}
	return stream
}

// calledThrough is called with stateless steps that come first.
func calledThrough(steps int, step partita.StepOption, others ...partita.SinkOf[string]) (*partita.Application, *partita.SourceOf[ask], *partita.CallersOf[ask, string]) {
	app := partita.NewApplication("called", partita.Workers(2))
	asks := partita.NewSourceOf[ask](partita.Credits(100))
	callers := partita.NewCallersOf[ask, string]("answers", asks)
	stream := passThrough(partita.NewPipelineOf(app, "asks", asks), steps)
	counts := partita.PartitionOf[int, int]{Name: "counts"}
	reply := func(key int, ask ask, count *int, out *partita.Emitter[string]) (bool, error) {
		if ask.hold != nil {
			<-ask.hold
		}
		switch ask.what {
		case "nothing":
			return false, nil
		case "fail":
			return false, errors.New("that cannot be answered")
		case "twice":
			out.Emit("first")
		}
		*count++
		out.Emit(ask.what)
		return true, nil
	}
	partita.ToStatePartition(stream, counts, func(ask ask) int { return ask.key }, reply, step).
		ToSink(callers).ToSinks(others...)
	return app, asks, callers
}

func TestEachCallGetsItsOwnAnswer(t *testing.T) {
	seen := 0
	others := partita.NewSinkFuncOf("others", func(batch []string) error {
		seen += len(batch)
		return nil
	})
	app, asks, callers := called(partita.Skip(), others)
	start(t, app)
	ctx := deadline(t)
	var group sync.WaitGroup
	for caller := range 64 {
		group.Add(1)
		go func() {
			defer group.Done()
			for i := range 200 {
				what := fmt.Sprint(caller, i)
				answer, err := callers.Call(ctx, ask{key: rand.IntN(9), what: what})
				if err != nil || answer != what {
					t.Errorf("the answer to %q is %q, %v", what, answer, err)
					return
				}
			}
		}()
	}
	// Who only sends gets no answer, and disturbs nobody.
	for range 500 {
		must(t, asks.Send(ctx, ask{what: "sent"}))
	}
	group.Wait()
	must(t, app.Drain(ctx))
	metrics := app.Metrics()
	if seen != 64*200+500 || metrics.Discarded != 500 {
		t.Errorf("%d were seen and %d discarded", seen, metrics.Discarded)
	}
}

func TestACallSaysWhyThereIsNoAnswer(t *testing.T) {
	app, _, callers := called(partita.Skip())
	start(t, app)
	ctx := deadline(t)
	if answer, err := callers.Call(ctx, ask{what: "twice"}); answer != "first" || err != nil {
		t.Errorf("the answer is %q, %v", answer, err)
	}
	_, err := callers.Call(ctx, ask{what: "nothing"})
	if !errors.Is(err, partita.ErrNoOutput) {
		t.Errorf("the error is %v", err)
	}
	says(t, err, `pipeline "asks" / source: no output`)
	_, err = callers.Call(ctx, ask{what: "fail"})
	var dead *partita.DeadError
	if !errors.As(err, &dead) || dead.Reason != partita.DeadCompute {
		t.Errorf("the error is %v", err)
	}
	says(t, err, "that cannot be answered")
}

func TestACancelledCallReturnsAtOnce(t *testing.T) {
	for _, steps := range []int{0, 2} {
		t.Run(fmt.Sprint(steps, " steps before"), func(t *testing.T) { cancelCalls(t, steps) })
	}
}

func cancelCalls(t *testing.T, steps int) {
	app, _, callers := calledThrough(steps, partita.Skip())
	start(t, app)
	hold := make(chan struct{})
	ctx, cancel := context.WithCancel(deadline(t))
	var group sync.WaitGroup
	// More than there are credits: some lead, some wait to be sent, and some are sent.
	for range 300 {
		group.Add(1)
		go func() {
			defer group.Done()
			if _, err := callers.Call(ctx, ask{hold: hold}); !errors.Is(err, context.Canceled) {
				t.Errorf("the error is %v", err)
			}
		}()
	}
	await(t, "the credits are used up", func() bool { return app.Metrics().InFlight >= 100 })
	cancel()
	group.Wait()
	close(hold)
	// Late answers go to nobody, and who calls now gets his own.
	for i := range 200 {
		if answer, err := callers.Call(deadline(t), ask{what: fmt.Sprint(i)}); answer != fmt.Sprint(i) || err != nil {
			t.Fatalf("the answer to %d is %q, %v", i, answer, err)
		}
	}
}

func TestCallsEndWithAFailureAndWithClose(t *testing.T) {
	ends := map[string]struct {
		end  func(app *partita.Application, callers *partita.CallersOf[ask, string])
		want error
	}{
		"close": {func(app *partita.Application, _ *partita.CallersOf[ask, string]) {
			app.Close(context.Background())
		}, partita.ErrClosed},
		"failure": {func(_ *partita.Application, callers *partita.CallersOf[ask, string]) {
			callers.Call(context.Background(), ask{what: "fail"})
		}, partita.ErrFailed},
		"stop": {func(app *partita.Application, _ *partita.CallersOf[ask, string]) { app.Stop() }, partita.ErrStopped},
	}
	for name, end := range ends {
		for _, steps := range []int{0, 2} {
			t.Run(fmt.Sprint(name, ", ", steps, " steps before"), func(t *testing.T) {
				app, _, callers := calledThrough(steps, partita.WithName("reply"))
				start(t, app)
				var answered atomic.Int64
				var group sync.WaitGroup
				for caller := range 100 {
					group.Add(1)
					go func() {
						defer group.Done()
						for i := range 1_000_000 {
							ctx, cancel := context.WithCancel(context.Background())
							if i%8 == 0 {
								cancel()
							}
							answer, err := callers.Call(ctx, ask{key: caller, what: fmt.Sprint(caller)})
							cancel()
							switch {
							case err == nil && answer == fmt.Sprint(caller):
								answered.Add(1)
							case errors.Is(err, context.Canceled):
							case errors.Is(err, end.want):
								return
							default:
								t.Errorf("the answer is %q, %v", answer, err)
								return
							}
						}
					}()
				}
				await(t, "calls are answered", func() bool { return answered.Load() > 2000 })
				end.end(app, callers)
				group.Wait()
			})
		}
	}
}

func TestMisuseOfCallersIsTold(t *testing.T) {
	app, asks, callers := called(partita.Skip())
	ctx := deadline(t)
	if _, err := callers.Call(ctx, ask{}); !errors.Is(err, partita.ErrNotStarted) {
		t.Errorf("the error is %v", err)
	}
	unused := partita.NewCallersOf[ask, string]("unused", asks)
	_, err := unused.Call(ctx, ask{})
	if !errors.Is(err, partita.ErrInvalidArgument) {
		t.Errorf("the error is %v", err)
	}
	says(t, err, `sink "unused"`, "declare it with ToSink")
	other := partita.NewSourceOf[string]()
	stream := partita.NewPipelineOf(app, "others", other)
	stream.ToSink(partita.NewCallersOf[ask, string]("strange", asks))
	stream.ToSink(partita.NewCallersOf[string, string]("one", other))
	stream.ToSink(partita.NewCallersOf[string, string]("more", other))
	says(t, app.Check(),
		`pipeline "others" / sink "strange": its source is not that of its pipeline`,
		`pipeline "others": two sinks answer callers: expected one at most`)
	var none *partita.CallersOf[ask, string]
	if _, err := none.Call(ctx, ask{}); !errors.Is(err, partita.ErrInvalidArgument) {
		t.Errorf("the error is %v", err)
	}
}

func ExampleCallersOf_Call() {
	ballots := partita.NewSourceOf[Ballot]()
	app := partita.NewApplication("alphabet")
	answers := partita.NewCallersOf[Ballot, string]("answers", ballots)
	tallies := partita.PartitionOf[rune, Tally]{Name: "tallies"}
	stream := partita.NewPipelineOf(app, "ballots", ballots)
	partita.ToStatePartition(stream, tallies, byLetter, addVotes, partita.Skip()).ToSink(answers)
	if err := app.Start(); err != nil {
		panic(err)
	}
	ctx := context.Background()
	defer app.Close(ctx)

	// As an HTTP handler does it: very many may call at once.
	for _, ballot := range []Ballot{{'a', 2}, {'b', 1}, {'a', 3}} {
		answer, err := answers.Call(ctx, ballot)
		fmt.Println(answer, err)
	}
	// Output:
	// a has 2 <nil>
	// b has 1 <nil>
	// a has 5 <nil>
}

// Once the calls that were sent before a goroutine ended were taken for refused, and answered again to
// others.
func TestACallerWhoseGoroutineEndsLeavesTheOthersTheirAnswers(t *testing.T) {
	app := partita.NewApplication("ends", partita.Workers(2))
	const many = 1500
	const last, first = -2, -1
	asks := partita.NewSourceOf[int](partita.Credits(2 * many))
	answers := partita.NewCallersOf[int, int]("answers", asks)
	sends, goesOn := make(chan struct{}), make(chan struct{})
	parts := partita.PartitionOf[int, int]{Name: "parts"}
	key := func(n int) int {
		switch n {
		case first:
			close(sends)
			<-goesOn
		case last:
			runtime.Goexit()
		}
		return n % 7
	}
	same := func(_ int, n int, _ *int, out *partita.Emitter[int]) (bool, error) {
		out.Emit(n)
		return false, nil
	}
	partita.ToStatePartition(partita.NewPipelineOf(app, "asks", asks), parts, key, same).ToSink(answers)
	start(t, app)
	ctx := deadline(t)
	var group sync.WaitGroup
	var refused atomic.Int64
	call := func(n int) {
		group.Add(1)
		go func() {
			defer group.Done()
			switch answer, err := answers.Call(ctx, n); {
			case errors.Is(err, partita.ErrInternal):
				refused.Add(1)
			case err != nil || answer != n:
				t.Errorf("the answer to %d is %d, %v", n, answer, err)
			}
		}()
	}
	// While the first one finds its key, the others come to wait: more than are sent at once, and the
	// one who will end among the last.
	call(first)
	<-sends
	for n := range many {
		call(n)
	}
	for partita.CallsWaiting(answers) < many {
		runtime.Gosched()
	}
	call(last)
	for partita.CallsWaiting(answers) < many+1 {
		runtime.Gosched()
	}
	close(goesOn)
	group.Wait()
	if most := int64(many + 1 - 1024); refused.Load() > most {
		t.Errorf("%d calls were refused: expected %d at most", refused.Load(), most)
	}
	for n := range 10_000 {
		call(n)
		if n%100 == 99 {
			group.Wait()
		}
	}
	group.Wait()
}
