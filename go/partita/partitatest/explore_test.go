package partitatest_test

import (
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/partita-stream/partita/go/partita"
	"github.com/partita-stream/partita/go/partita/partitatest"
)

// fake is the t of a test that is expected to fail.
type fake struct {
	testing.TB
	failure string
}

func (fake *fake) Helper() {}

func (fake *fake) Name() string { return "TestX/with a part" }

func (fake *fake) Fatalf(format string, args ...any) {
	fake.failure = fmt.Sprintf(format, args...)
	runtime.Goexit()
}

// exploration explores with a fake t, and returns how it fails.
func exploration(t *testing.T, seeds int, property func(t testing.TB, seed uint64)) string {
	fake := &fake{TB: t}
	over := make(chan struct{})
	go func() {
		defer close(over)
		partitatest.Explore(fake, seeds, property)
	}()
	<-over
	return fake.failure
}

func TestTheFirstSeedThatFailsIsToldWithHowToRunItAgain(t *testing.T) {
	t.Setenv("PARTITA_SEEDS", "50")
	var played []uint64
	failure := exploration(t, 3, func(t testing.TB, seed uint64) {
		played = append(played, seed)
		t.Logf("this is %d", seed)
		if seed == 17 {
			t.Errorf("seven%s", "teen")
		}
	})
	if len(played) != 17 || played[0] != 1 {
		t.Errorf("seeds: %v", played)
	}
	for _, part := range []string{"this is 17", "explore_test.go:", ": seventeen", "PARTITA_SEED=17 go test -run '^TestX$/^with a part$'"} {
		if !strings.Contains(failure, part) {
			t.Errorf("it says %q: expected %q in it", failure, part)
		}
	}
	if strings.Contains(failure, "this is 16") {
		t.Errorf("it says %q", failure)
	}
}

func TestOneSeedIsRunAlone(t *testing.T) {
	t.Setenv("PARTITA_SEED", "17")
	var played []uint64
	partitatest.Explore(t, 1000, func(_ testing.TB, seed uint64) { played = append(played, seed) })
	if len(played) != 1 || played[0] != 17 {
		t.Errorf("seeds: %v", played)
	}
	t.Setenv("PARTITA_SEED", "x")
	if failure := exploration(t, 1, nil); !strings.Contains(failure, "PARTITA_SEED=x: expected a number") {
		t.Errorf("it says %q", failure)
	}
}

func TestAnExplorationOfNothingFails(t *testing.T) {
	passes := func(testing.TB, uint64) {}
	for expected, failure := range map[string]string{
		"no seeds: expected 1 or more, got 0":  exploration(t, 0, passes),
		"no seeds: expected 1 or more, got -3": exploration(t, -3, passes),
		"the property is nil":                  exploration(t, 1, nil),
	} {
		if !strings.Contains(failure, expected) {
			t.Errorf("it says %q: expected %q in it", failure, expected)
		}
	}
}

func TestWhatADriverCannotDoFailsTheTest(t *testing.T) {
	for expected, mistake := range map[string]func(d *partitatest.Driver){
		"Advance: by -1ns: expected 0 or more":              func(d *partitatest.Driver) { d.Advance(-1) },
		"the sink is nil":                                   func(d *partitatest.Driver) { d.FillSink(nil) },
		"expected an integer, a string, a partita.Key or":   func(d *partitatest.Driver) { d.State("digits", 1.5) },
		`partition "digits" has no keys of the kind of one`: func(d *partitatest.Driver) { d.State("digits", "one") },
	} {
		failure := exploration(t, 1, func(t testing.TB, seed uint64) {
			numbers := newNumbers(count, partita.NewQueueSink("out", 0))
			d := partitatest.New(t, seed, numbers.app)
			d.Send(numbers.source, upTo(10)...)
			d.Rest()
			mistake(d)
		})
		if !strings.Contains(failure, expected) {
			t.Errorf("it says %q: expected %q in it", failure, expected)
		}
	}
}

func TestEveryWayToFailIsCaughtAndToldWithTheSeed(t *testing.T) {
	ways := map[string]func(t testing.TB){
		"Error":   func(t testing.TB) { t.Error("the reason") },
		"Fatal":   func(t testing.TB) { t.Fatal("the reason") },
		"Fatalf":  func(t testing.TB) { t.Fatalf("the %s", "reason") },
		"Fail":    func(t testing.TB) { t.Log("the reason"); t.Fail() },
		"FailNow": func(t testing.TB) { t.Log("the reason"); t.FailNow() },
		"panic":   func(testing.TB) { panic("the reason") },
		"cleanup": func(t testing.TB) { t.Cleanup(func() { t.Fatal("the reason") }) },
		"in a computation": func(t testing.TB) {
			numbers := newNumbers(func(any, any) (any, bool) {
				t.Fatal("the reason")
				return nil, false
			}, partita.NewQueueSink("out", 0))
			d := partitatest.New(t, 1, numbers.app)
			d.Send(numbers.source, 1)
			d.Rest()
			panic("it went on")
		},
		"in a sink": func(t testing.TB) {
			numbers := newNumbers(count, partita.NewSinkFunc("out", func([]any) error {
				t.Fatal("the reason")
				return nil
			}))
			d := partitatest.New(t, 1, numbers.app)
			d.Send(numbers.source, 1)
			d.Rest()
			panic("it went on")
		},
		"in a declaration": func(t testing.TB) { partitatest.New(t, 1, partita.NewApplication("the reason")) },
		"in a driver":      func(t testing.TB) { newDriverOf(t).PanicAt("the reason", 1) },
	}
	for way, fails := range ways {
		t.Run(way, func(t *testing.T) {
			cleaned := 0
			seed, lines := partitatest.FirstFailure(t, 10, func(t testing.TB, seed uint64) {
				t.Cleanup(func() { cleaned++ })
				if seed == 3 {
					fails(t)
				}
			})
			if seed != 3 || cleaned != 3 || !strings.Contains(strings.Join(lines, "\n"), "the reason") {
				t.Errorf("seed %d, %d cleaned, it says %q", seed, cleaned, lines)
			}
		})
	}
}

func newDriverOf(t testing.TB) *partitatest.Driver {
	return partitatest.New(t, 1, newNumbers(count, partita.NewQueueSink("out", 0)).app)
}

func TestWhatPassesOrIsSkippedDoesNotFail(t *testing.T) {
	skips := []func(t testing.TB){
		func(t testing.TB) { t.SkipNow() },
		func(t testing.TB) { t.Skip("today") },
		func(t testing.TB) { t.Skipf("%s", "today") },
		func(testing.TB) {},
	}
	for _, skip := range skips {
		ended := 0
		seed, lines := partitatest.FirstFailure(t, 5, func(t testing.TB, _ uint64) {
			defer func() { ended++ }()
			skip(t)
			if t.Skipped() || t.Failed() {
				t.Error("it went on")
			}
		})
		if seed != 0 || ended != 5 {
			t.Errorf("seed %d, %d ended, it says %q", seed, ended, lines)
		}
	}
}

func TestAnApplicationSurvivesThatItsComputationEndsTheGoroutine(t *testing.T) {
	queue := partita.NewQueueSink("out", 0)
	numbers := newNumbers(func(data, state any) (any, bool) {
		if data.(int)%7 == 3 {
			runtime.Goexit()
		}
		return count(data, state)
	}, queue, partita.Skip())
	d := partitatest.New(t, 1, numbers.app)
	rest := func() (rested bool) {
		over := make(chan struct{})
		go func() {
			defer close(over)
			d.Rest()
			rested = true
		}()
		<-over
		return rested
	}
	d.Send(numbers.source, upTo(1)...)
	for _, number := range upTo(60)[1:] {
		if err := numbers.source.TrySend(number); err != nil {
			t.Fatal(err)
		}
	}
	ended := 0
	for !rest() {
		ended++
	}
	if want := 9; ended != want || len(d.DeadLetters()) != want {
		t.Errorf("%d goroutines ended, %d dead letters: expected %d", ended, len(d.DeadLetters()), want)
	}
	if outputs := d.Outputs(queue); len(outputs) != 51 {
		t.Errorf("%d outputs", len(outputs))
	}
}

// outer is the t of a test around a property.
type outer struct {
	testing.TB
	failed bool
}

func (t *outer) Failed() bool { return t.failed }

func (t *outer) Error(...any) { t.failed = true }

func (t *outer) FailNow() {
	t.failed = true
	runtime.Goexit()
}

func TestAPropertyFailsThatEndsItsTestOrItsGoroutine(t *testing.T) {
	for name, end := range map[string]func(around *outer){
		"Goexit": func(*outer) { runtime.Goexit() },
		"Error":  func(around *outer) { around.Error() },
		"Fatal":  func(around *outer) { around.FailNow() },
	} {
		around := &outer{TB: t}
		seed, _ := partitatest.FirstFailure(around, 5, func(_ testing.TB, seed uint64) {
			if seed == 3 {
				end(around)
			}
		})
		if seed != 3 {
			t.Errorf("%s: seed %d is the first that fails", name, seed)
		}
	}
	skipped, lines := partitatest.FirstFailure(t, 5, func(t testing.TB, _ uint64) { t.SkipNow() })
	if skipped != 0 {
		t.Errorf("a seed that was skipped has failed: %q", lines)
	}
}
