package partita_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/partita-stream/partita/go/partita"
)

// byItself runs code on a goroutine of its own, however that ends, and waits for it.
func byItself(code func()) {
	aside(func() {
		defer func() { _ = recover() }()
		code()
	})
}

// eachWay runs a test with each way in which code without an error result can end.
func eachWay(t *testing.T, test func(t *testing.T, way way)) {
	for how, way := range ways {
		if !way.returns {
			t.Run(how, func(t *testing.T) { test(t, way) })
		}
	}
}

func TestHoweverTheDeadLetterFunctionEndsTheApplicationFails(t *testing.T) {
	eachWay(t, func(t *testing.T, way way) {
		source := partita.NewSource()
		app := partita.NewApplication("letters", partita.DeadLetters(func(letter partita.DeadLetter) {
			if letter.Data == wrong {
				_ = way.end()
			}
		}))
		app.NewPipeline("p", source).ToStatePartition(compute(count), counters, "s", byKey, []uint64{0}).Done()
		start(t, app)
		send(t, source, event{}, event{key: 1}, wrong, event{key: 2})
		err := app.Wait(deadline(t))
		if !isError(err, partita.ErrFailed) {
			t.Errorf("wait: %v", err)
		}
		says(t, err, `application "letters" / dead letters`, way.says)
	})
}

// What a program calls itself with code of its own, which may end on the program's goroutine, goes on for others.
func TestHoweverCodeEndsThatVisitsStatesOrReadsOutputsOthersGoOn(t *testing.T) {
	eachWay(t, func(t *testing.T, way way) {
		source := partita.NewSourceOf[event]()
		states := partita.PartitionOf[int, int]{Name: "states"}
		only := partita.StateOf[int]{Name: "only"}
		queue := partita.NewQueueSinkOf[event]("out", 0)
		app := partita.NewApplication("visits")
		stream := partita.ToStatePartition(partita.NewPipelineOf(app, "p", source), states, func(in event) int { return in.key },
			func(_ int, in event, n *int, out *partita.Emitter[event]) (bool, error) {
				*n++
				out.Emit(in)
				return true, nil
			},
			partita.WithName("of key"))
		partita.ToStateful(stream, only,
			func(in event, n *int, out *partita.Emitter[event]) (bool, error) {
				*n++
				out.Emit(in)
				return true, nil
			},
			partita.WithName("of all")).ToSink(queue)
		start(t, app)
		_, err := source.SendBatch(deadline(t), []event{{1, 0, 0}, {2, 0, 1}, {3, 0, 2}})
		must(t, err)

		read := 0
		byItself(func() {
			for range queue.All(context.Background()) {
				read++
				_ = way.end()
			}
		})
		batch := make([]event, 3)
		for read < 3 {
			count, err := queue.Poll(deadline(t), batch)
			must(t, err)
			read += count
		}
		must(t, app.Drain(deadline(t)))

		byItself(func() {
			_ = app.Parts("states", func(partita.Key, interface{}) bool { _ = way.end(); return true })
		})
		byItself(func() { _ = states.Parts(app, func(int, *int) bool { _ = way.end(); return true }) })
		byItself(func() { _ = only.Parts(app, func(*int) bool { _ = way.end(); return true }) })
		sum := 0
		must(t, states.Parts(app, func(_ int, n *int) bool { sum += *n; return true }))
		must(t, only.Parts(app, func(n *int) bool { sum += *n; return true }))
		if sum != 6 {
			t.Errorf("the states count %d, expected 6", sum)
		}
		must(t, source.Send(deadline(t), event{4, 0, 3}))
		count, err := queue.Poll(deadline(t), batch)
		if count != 1 || err != nil {
			t.Errorf("read %d: %v", count, err)
		}
	})
}

func TestHoweverCodeEndsWhoCalledIsTold(t *testing.T) {
	for _, leads := range []bool{false, true} {
		for how, way := range ways {
			t.Run(how, func(t *testing.T) {
				source := partita.NewSourceOf[event]()
				callers := partita.NewCallersOf[event, int]("answers", source)
				app := partita.NewApplication("calls")
				end := func(in event) error {
					if in == wrong {
						return way.end()
					}
					return nil
				}
				stream := partita.NewPipelineOf(app, "p", source)
				if leads {
					stream = partita.To(stream, func(in event) (event, bool, error) { return in, true, end(in) }, partita.Skip())
				}
				partita.ToStateful(stream, partita.StateOf[int]{Name: "s"}, func(in event, n *int, out *partita.Emitter[int]) (bool, error) {
					*n++
					out.Emit(*n)
					return true, end(in)
				}, partita.Skip()).ToSink(callers)
				start(t, app)
				answer := func(in event) (answer int, err error) {
					byItself(func() { answer, err = callers.Call(deadline(t), in) })
					return
				}
				if n, err := answer(event{}); n != 1 || err != nil {
					t.Errorf("before: %d, %v", n, err)
				}
				_, err := answer(wrong)
				var dead *partita.DeadError
				told := errors.As(err, &dead) && dead.Reason == partita.DeadCompute && strings.Contains(dead.Text, way.says)
				// Who calls on a goroutine that ends hears nothing.
				if silent := leads && way.exits; told == silent {
					t.Errorf("a call whose code ends: %v", err)
				}
				if n, err := answer(event{}); n < 2 || err != nil {
					t.Errorf("afterwards: %d, %v", n, err)
				}
			})
		}
	}
}
