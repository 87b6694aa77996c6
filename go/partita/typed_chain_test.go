package partita_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/partita-stream/partita/go/partita"
)

// stateless declares a step without a state that makes copies of each message, on a goroutine that sends or
// on a worker, spread over all workers or not; what fails in it is skipped.
var stateless = map[string]func(from partita.Stream[reading], compute func(in reading, out *partita.Emitter[copied]) error) partita.Stream[copied]{
	"first": func(from partita.Stream[reading], compute func(reading, *partita.Emitter[copied]) error) partita.Stream[copied] {
		return partita.ToMulti(from, compute, partita.Skip())
	},
	"behind a state": func(from partita.Stream[reading], compute func(reading, *partita.Emitter[copied]) error) partita.Stream[copied] {
		return partita.ToMulti(keptFirst(from), compute, partita.Skip())
	},
	"parallel": func(from partita.Stream[reading], compute func(reading, *partita.Emitter[copied]) error) partita.Stream[copied] {
		return partita.ToParallelMulti(from, compute, partita.Skip())
	},
	"parallel behind a state": func(from partita.Stream[reading], compute func(reading, *partita.Emitter[copied]) error) partita.Stream[copied] {
		return partita.ToParallelMulti(keptFirst(from), compute, partita.Skip())
	},
}

// keptFirst has a step with a state come first.
func keptFirst(from partita.Stream[reading]) partita.Stream[reading] {
	return partita.ToStatePartition(from, partita.PartitionOf[string, meter]{Name: "first"}, meterOf, pass)
}

// copied is a copy of a message.
type copied struct {
	reading
	nth int
}

func byCopy(a, b copied) int { return 100*(a.n-b.n) + a.nth - b.nth }

func TestStatelessTypedStepsLetMessagesThrough(t *testing.T) {
	for where, to := range stateless {
		for how, fail := range failures {
			t.Run(where+" "+how, func(t *testing.T) {
				const count = 2000
				bury, letters := buried()
				source := partita.NewSourceOf[reading](partita.Credits(700))
				app := partita.NewApplication("stateless", partita.Workers(2), bury)
				copies := to(partita.NewPipelineOf(app, "p", source), func(in reading, out *partita.Emitter[copied]) error {
					for nth := range in.n % 7 {
						out.Emit(copied{in, nth})
					}
					if in.n%50 == 6 {
						return fail(in.n)
					}
					return nil
				})
				odds := partita.To(copies, func(in copied) (copied, bool, error) { return in, in.nth%2 == 1, nil })
				sink, taken := collect[copied]("out")
				partita.ToStatePartition(odds, partita.PartitionOf[string, int]{Name: "s"},
					func(in copied) string { return in.meter },
					func(_ string, in copied, count *int, out *partita.Emitter[copied]) (bool, error) {
						*count++
						out.Emit(in)
						return true, nil
					}).ToSink(sink)
				start(t, app)
				sent := readings(0, count, 1)
				if where == "first" && how == "Goexit" {
					sendEachApart(t, source, sent)
				} else {
					sendAll(t, source, sent...)
				}
				must(t, app.Drain(deadline(t)))
				var want []copied
				var wantDead, dead []reading
				for _, reading := range sent {
					if reading.n%50 == 6 {
						wantDead = append(wantDead, reading)
						continue
					}
					for nth := 1; nth < reading.n%7; nth += 2 {
						want = append(want, copied{reading, nth})
					}
				}
				for _, letter := range *letters {
					dead = append(dead, letter.Data.(reading))
					if letter.Reason != partita.DeadCompute || !strings.Contains(letter.Text, "is odd") && how != "Goexit" {
						t.Errorf("a dead letter: %+v", letter)
					}
				}
				if strings.HasPrefix(where, "parallel") {
					slices.SortFunc(dead, func(a, b reading) int { return a.n - b.n })
					slices.SortFunc(*taken, byCopy)
				}
				if !slices.Equal(dead, wantDead) {
					t.Errorf("%d are dead, expected %d: each as it was sent, in order", len(dead), len(wantDead))
				}
				if !slices.Equal(*taken, want) {
					t.Errorf("%d came through, expected %d, in order", len(*taken), len(want))
				}
			})
		}
	}
}

// sendEachApart sends messages in order, each on a goroutine of its own: a step may end that.
func sendEachApart(t *testing.T, source *partita.SourceOf[reading], messages []reading) {
	t.Helper()
	ctx := deadline(t)
	for _, message := range messages {
		over := make(chan error)
		go func() {
			defer close(over)
			if err := source.Send(ctx, message); err != nil {
				over <- err
			}
		}()
		must(t, <-over)
	}
}

func TestAnErrorOfAStatelessTypedStepIsInTheFailure(t *testing.T) {
	for where, first := range map[string]bool{"first": true, "behind a state": false} {
		t.Run(where, func(t *testing.T) {
			source := partita.NewSourceOf[reading]()
			app := partita.NewApplication("fails")
			stream := partita.NewPipelineOf(app, "p", source)
			if !first {
				stream = keptFirst(stream)
			}
			partita.To(stream, func(in reading) (out reading, emit bool, err error) {
				if in.n == 3 {
					return in, true, &odd{in.n}
				}
				return in, true, nil
			}, partita.WithName("fails")).Done()
			start(t, app)
			_, err := source.SendBatch(deadline(t), readings(0, 10, 1))
			if err != nil && !errors.Is(err, partita.ErrFailed) {
				t.Errorf("SendBatch: %v", err)
			}
			err = app.Wait(deadline(t))
			var cause *odd
			if !errors.As(err, &cause) || cause.n != 3 {
				t.Errorf("%v: expected the computation's error in it", err)
			}
			says(t, err, `"fails"`, `computation "fails", message {m0 0 3 3}: 3 is odd`)
		})
	}
}

func TestAStatelessTypedStepLeavesNilInterfacesOut(t *testing.T) {
	source := partita.NewSourceOf[int]()
	app := partita.NewApplication("nil")
	sink, taken := collect[error]("out")
	numbers := partita.ToMulti(partita.NewPipelineOf(app, "p", source), func(in int, out *partita.Emitter[error]) error {
		out.Emit(nil)
		if in%2 == 1 {
			out.Emit(&odd{in})
		}
		out.Emit(nil)
		return nil
	})
	partita.To(numbers, func(in error) (error, bool, error) {
		if errors.As(in, new(*odd)) && in.Error() == "3 is odd" {
			return nil, true, nil
		}
		return in, true, nil
	}).ToSink(sink)
	start(t, app)
	sendAll(t, source, 1, 2, 3, 4, 5)
	must(t, app.Drain(deadline(t)))
	if text := fmt.Sprint(*taken); text != "[1 is odd 5 is odd]" {
		t.Errorf("the outputs are %s", text)
	}
}

func TestAnEmitterOfAStatelessStepIsOfNoUseBehindItsCall(t *testing.T) {
	var kept *partita.Emitter[int]
	source := partita.NewSourceOf[int]()
	app := partita.NewApplication("behind")
	partita.ToMulti(partita.NewPipelineOf(app, "p", source), func(n int, out *partita.Emitter[int]) error {
		kept = out
		out.Emit(n)
		return nil
	}).Done()
	start(t, app)
	sendAll(t, source, 1)
	must(t, app.Drain(deadline(t)))
	defer func() {
		if text := fmt.Sprint(recover()); !strings.Contains(text, "Emit was called when") {
			t.Errorf("Emit behind the call: %s", text)
		}
	}()
	kept.Emit(2)
}
