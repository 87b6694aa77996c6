package partita_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/partita-stream/partita/go/partita"
)

// trying is a computation with an error result, made of a function.
type trying func(data, state interface{}) (interface{}, bool, error)

func (trying) Compute(interface{}, interface{}) (interface{}, bool) {
	panic("Compute was called in place of TryCompute")
}

func (trying trying) TryCompute(data, state interface{}) (interface{}, bool, error) {
	return trying(data, state)
}

// tryingMulti is one with any number of outputs.
type tryingMulti func(data, state interface{}) ([]interface{}, bool, error)

func (tryingMulti) Compute(interface{}, interface{}) ([]interface{}, bool) {
	panic("Compute was called in place of TryCompute")
}

func (trying tryingMulti) TryCompute(data, state interface{}) ([]interface{}, bool, error) {
	return trying(data, state)
}

// odd is the error of a message on which a computation of these tests fails.
type odd struct{ n int }

func (e *odd) Error() string { return fmt.Sprintf("%d is odd", e.n) }

// tried is an application with a sink, and what became of its messages.
type tried struct {
	app     *partita.Application
	source  *partita.Source
	letters []partita.DeadLetter
	outputs []interface{}
}

// newTried starts an application with the steps that declare adds.
func newTried(t *testing.T, declare func(pipeline *partita.Pipeline)) *tried {
	tried := &tried{source: partita.NewSource()}
	tried.app = partita.NewApplication("tried", partita.Workers(2),
		partita.DeadLetters(func(letter partita.DeadLetter) { tried.letters = append(tried.letters, letter) }))
	pipeline := tried.app.NewPipeline("p", tried.source)
	declare(pipeline)
	pipeline.ToSink(partita.NewSinkFunc("out", func(batch []interface{}) error {
		tried.outputs = append(tried.outputs, batch...)
		return nil
	}))
	start(t, tried.app)
	return tried
}

// dead checks that the messages of events on which fails is true are dead letters in order, by key.
func (tried *tried) dead(t *testing.T, sent []interface{}, fails func(event) bool) {
	t.Helper()
	want, got := make(map[int][]event), make(map[int][]event)
	for _, data := range sent {
		if event := data.(event); fails(event) {
			want[event.key] = append(want[event.key], event)
		}
	}
	for _, letter := range tried.letters {
		event := letter.Data.(event)
		got[event.key] = append(got[event.key], event)
		text := fmt.Sprintf(`computation "trying", key %d, message %v: %d is odd`, event.key, event, event.n)
		if letter.Text != text {
			t.Fatalf("the text is %q, expected %q", letter.Text, text)
		}
		if letter.Reason != partita.DeadCompute || letter.Key.Number != uint64(event.key) {
			t.Fatalf("the dead letter is %+v", letter)
		}
	}
	if fmt.Sprint(want) != fmt.Sprint(got) {
		t.Errorf("the dead letters are %v, expected %v", got, want)
	}
}

func failsOnOdd(event event) bool { return event.n%2 == 1 }

func failsNever(event) bool { return false }

func TestAnErrorFailsItsMessageAndNoOther(t *testing.T) {
	for name, fails := range map[string]func(event) bool{
		"never": failsNever, "every other": failsOnOdd,
		"all":               func(event) bool { return true },
		"the first of many": func(event event) bool { return event.n%100 < 3 },
	} {
		t.Run(name, func(t *testing.T) {
			tried := newTried(t, func(pipeline *partita.Pipeline) {
				pipeline.ToStatePartition(trying(func(data, state interface{}) (interface{}, bool, error) {
					state.(*counter).count++
					event := data.(event)
					if fails(event) {
						return "ignored", true, &odd{event.n}
					}
					if event.n%3 == 0 {
						return nil, true, nil
					}
					return data, true, nil
				}), counters, "s", byKey, nil, partita.Skip())
			})
			sent := events(0, 3000, 2)
			send(t, tried.source, sent...)
			must(t, tried.app.Drain(deadline(t)))
			tried.dead(t, sent, fails)
			for key := range 2 {
				var want, got []interface{}
				for _, data := range sent {
					if event := data.(event); event.key == key && !fails(event) && event.n%3 != 0 {
						want = append(want, data)
					}
				}
				for _, data := range tried.outputs {
					if data.(event).key == key {
						got = append(got, data)
					}
				}
				if !slices.Equal(want, got) {
					t.Errorf("key %d: the outputs are %v, expected %v", key, got, want)
				}
			}
			count := 0
			must(t, tried.app.Parts("s", func(_ partita.Key, state interface{}) bool {
				count += state.(*counter).count
				return true
			}))
			if count != len(sent) {
				t.Errorf("the states have counted %d, expected all %d messages", count, len(sent))
			}
		})
	}
}

func TestAnErrorKeepsTheOutputsBeforeAndBehindIt(t *testing.T) {
	for name, fails := range map[string]func(event) bool{"never": failsNever, "every other": failsOnOdd} {
		t.Run(name, func(t *testing.T) {
			tried := newTried(t, func(pipeline *partita.Pipeline) {
				pipeline.ToStatePartitionMulti(tryingMulti(func(data, _ interface{}) ([]interface{}, bool, error) {
					event := data.(event)
					var outputs []interface{}
					for i := range event.n % 9 {
						outputs = append(outputs, 10*event.n+i, nil)
					}
					if fails(event) {
						return append(outputs, "ignored"), true, &odd{event.n}
					}
					return outputs, true, nil
				}), counters, "s", byKey, nil, partita.Skip(), partita.WithName("trying"))
			})
			sent := events(0, 2000, 1)
			send(t, tried.source, sent...)
			must(t, tried.app.Drain(deadline(t)))
			tried.dead(t, sent, fails)
			var want []interface{}
			for n := range sent {
				for i := range n % 9 {
					if !fails(event{n: n}) {
						want = append(want, 10*n+i)
					}
				}
			}
			if !slices.Equal(want, tried.outputs) {
				t.Errorf("the outputs are %v, expected %v", tried.outputs, want)
			}
		})
	}
}

func TestAnErrorResetsItsKey(t *testing.T) {
	tried := newTried(t, func(pipeline *partita.Pipeline) {
		pipeline.ToStateful(trying(func(data, state interface{}) (interface{}, bool, error) {
			state.(*counter).count++
			if n := data.(event).n; n == 5 {
				return nil, true, &odd{n}
			}
			return state.(*counter).count, true, nil
		}), counters, "s", partita.Reset())
	})
	send(t, tried.source, events(0, 8, 1)...)
	must(t, tried.app.Drain(deadline(t)))
	if want := []interface{}{1, 2, 3, 4, 5, 1, 2}; !slices.Equal(want, tried.outputs) {
		t.Errorf("the outputs are %v, expected %v", tried.outputs, want)
	}
	if text := `computation "trying", message {0 0 5}: 5 is odd`; len(tried.letters) != 1 || tried.letters[0].Text != text {
		t.Errorf("the dead letters are %v, expected one with %q", tried.letters, text)
	}
}

// speechless is an error whose method fails.
type speechless struct{ end func() }

func (e speechless) Error() string {
	e.end()
	return ""
}

func TestAnErrorThatCannotSayWhatItIsFailsItsMessage(t *testing.T) {
	tried := newTried(t, func(pipeline *partita.Pipeline) {
		pipeline.ToStateful(trying(func(data, state interface{}) (interface{}, bool, error) {
			if data.(event).n == 2 {
				return nil, false, speechless{func() { panic("boom") }}
			}
			return data, true, nil
		}), counters, "s", partita.Skip())
	})
	send(t, tried.source, events(0, 5, 1)...)
	must(t, tried.app.Drain(deadline(t)))
	if len(tried.letters) != 1 || !strings.Contains(tried.letters[0].Text, "message {0 0 2}: panic: boom") || len(tried.outputs) != 4 {
		t.Errorf("the dead letters are %v, and the outputs %v", tried.letters, tried.outputs)
	}
}

// The method of an error was called outside of what recovers panics where the goroutine that sends computes:
// Send panicked, and its messages stayed in flight for ever.
func TestAnErrorThatCannotSayWhatItIsFailsItsMessageWhereItIsSent(t *testing.T) {
	for how, end := range map[string]func(){"panic": func() { panic("boom") }, "Goexit": runtime.Goexit} {
		t.Run(how, func(t *testing.T) {
			tried := newTried(t, func(pipeline *partita.Pipeline) {
				pipeline.To(tryTransform(func(data interface{}) (interface{}, error) {
					if data.(event).n == 2 {
						return nil, speechless{end}
					}
					return data, nil
				}), partita.Skip())
			})
			done := make(chan bool)
			go func() {
				defer close(done)
				_, _ = tried.source.SendBatch(deadline(t), events(0, 5, 1))
			}()
			<-done
			must(t, tried.app.Drain(deadline(t)))
			if len(tried.letters) != 1 || !strings.Contains(tried.letters[0].Text, "message {0 0 2}: ") || len(tried.outputs) != 4 {
				t.Errorf("the dead letters are %v, and the outputs %v", tried.letters, tried.outputs)
			}
		})
	}
}

func TestWithoutSkipAnErrorFailsTheApplication(t *testing.T) {
	tried := newTried(t, func(pipeline *partita.Pipeline) {
		pipeline.ToStatePartition(trying(func(data, state interface{}) (interface{}, bool, error) {
			if n := data.(event).n; n >= 5 {
				return "ignored", true, &odd{n}
			}
			return data, true, nil
		}), counters, "s", byKey, nil)
	})
	ctx := deadline(t)
	_, err := tried.source.SendBatch(ctx, events(0, 10, 1))
	if err != nil && !errors.Is(err, partita.ErrFailed) {
		t.Errorf("SendBatch: %v", err)
	}
	for what, err := range map[string]error{
		"Wait":  tried.app.Wait(ctx),
		"Drain": tried.app.Drain(ctx),
		"Send":  tried.source.Send(ctx, event{}),
	} {
		var cause *odd
		if !isError(err, partita.ErrFailed) || !errors.As(err, &cause) || cause.n != 5 {
			t.Errorf("%s: %v, expected the error of the computation in it", what, err)
			continue
		}
		if text := `computation "trying", key 0, message {0 0 5}: 5 is odd`; !strings.HasSuffix(err.Error(), text) {
			t.Errorf("%s: %v, expected it to end with %q", what, err, text)
		}
	}
	must(t, tried.app.Close(context.Background()))
	if len(tried.letters) != 1 || tried.letters[0].Data != (event{n: 5}) {
		t.Errorf("the dead letters are %v, expected the message that failed", tried.letters)
	}
}

func TestTheErrorOfAFailureIsTheOneThatItsTextNames(t *testing.T) {
	for range 50 {
		tried := newTried(t, func(pipeline *partita.Pipeline) {
			pipeline.ToStatePartition(trying(func(data, state interface{}) (interface{}, bool, error) {
				return nil, false, fmt.Errorf("\xff%s: %w", strings.Repeat("long ", data.(event).n*2000), &odd{data.(event).key})
			}), counters, "s", byKey, nil)
		})
		_, _ = tried.source.SendBatch(deadline(t), append(events(0, 64, 64), event{n: 1}))
		err := tried.app.Wait(deadline(t))
		var cause *odd
		if !isError(err, partita.ErrFailed) || !errors.As(err, &cause) {
			t.Fatalf("%v, expected an error of the computation", err)
		}
		says(t, err, fmt.Sprintf("key %d, message {%d ", cause.n, cause.n))
	}
}

func TestAClosedApplicationDoesNotKeepTheErrorItFailedWith(t *testing.T) {
	for name, options := range map[string][]partita.StepOption{"stop": nil, "skip": {partita.Skip()}} {
		t.Run(name, func(t *testing.T) {
			gone := make(chan bool)
			app := partita.NewApplication("pins")
			source := partita.NewSource()
			app.NewPipeline("p", source).ToStateful(trying(func(interface{}, interface{}) (interface{}, bool, error) {
				err := &odd{1}
				runtime.SetFinalizer(err, func(*odd) { close(gone) })
				return nil, false, err
			}), counters, "s", options...).Done()
			start(t, app)
			send(t, source, event{})
			if err := app.Drain(deadline(t)); (err == nil) != (options != nil) {
				t.Errorf("Drain: %v", err)
			}
			if options == nil {
				must(t, app.Close(deadline(t)))
			}
			await(t, "the error is gone", func() bool {
				runtime.GC()
				select {
				case <-gone:
					return true
				default:
					return false
				}
			})
			runtime.KeepAlive(app)
		})
	}
}

// mixed has one output in one form, and any number in the other.
type mixed struct{ compute }

func (mixed) TryCompute(interface{}, interface{}) ([]interface{}, bool, error) {
	return nil, false, nil
}

type mixedMulti struct{ computeMulti }

func (mixedMulti) TryCompute(interface{}, interface{}) (interface{}, bool, error) {
	return nil, false, nil
}

func TestTwoFormsOfAComputationMustHaveTheSameOutputs(t *testing.T) {
	app := partita.NewApplication("mixed")
	app.NewPipeline("one", partita.NewSource()).ToStateful(mixed{}, counters, "s").Done()
	app.NewPipeline("many", partita.NewSource()).ToStatefulMulti(mixedMulti{}, counters, "s").Done()
	says(t, app.Check(),
		`pipeline "one" / step 1 "mixed": one of Compute and TryCompute has one output`,
		`pipeline "many" / step 1 "mixedMulti": one of Compute and TryCompute has one output`)
}
