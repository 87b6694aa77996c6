package partita_test

import (
	"strings"
	"testing"

	"github.com/partita-stream/partita/go/partita"
)

// titled is a partition function and a builder with a name, which may end its caller.
type titled struct {
	name func() string
	work func()
}

func (titled titled) Name() string { return titled.name() }

func (titled titled) Partition(data interface{}) uint64 {
	if data == wrong {
		titled.work()
	}
	return keyOf(data)
}

func (titled titled) Build() interface{} {
	titled.work()
	return new(counter)
}

// The name of a partition function was asked for each time that it had failed, outside of what recovers
// panics: one that panicked ended the process.
func TestANameIsAskedForOnceWhenItIsDeclared(t *testing.T) {
	for _, behind := range []bool{false, true} {
		var letters []partita.DeadLetter
		app := partita.NewApplication("names", partita.DeadLetters(func(letter partita.DeadLetter) { letters = append(letters, letter) }))
		declared := false
		name := func() string {
			if declared {
				panic("no name any more")
			}
			return "the key"
		}
		source := partita.NewSource()
		pipeline := app.NewPipeline("p", source)
		if behind {
			pipeline.ToStateful(compute(count), counters, "before", partita.WithName("before"))
		}
		pipeline.ToStatePartition(compute(count), counters, "s", titled{name, func() { panic("boom") }}, nil, partita.Skip()).Done()
		declared = true
		start(t, app)
		send(t, source, event{}, wrong, event{})
		must(t, app.Drain(deadline(t)))
		if len(letters) != 1 || !strings.HasPrefix(letters[0].Text, `partition function "the key", message `) {
			t.Errorf("the dead letters are %v, expected one of the partition function", letters)
		}
	}
}

// A builder was called by the name of its type, although it had another.
func TestABuilderIsCalledByItsName(t *testing.T) {
	app := partita.NewApplication("names")
	source := partita.NewSource()
	app.NewPipeline("p", source).ToStatePartition(compute(count),
		titled{func() string { return "the state" }, func() { panic("boom") }}, "s", byKey, nil).Done()
	start(t, app)
	send(t, source, event{})
	says(t, app.Wait(deadline(t)), `builder "the state", key 0: panic: boom`)
}

// What a name ends is the declaration, and nothing of it is left.
func TestANameThatPanicsIsItsDeclarersAffair(t *testing.T) {
	app := partita.NewApplication("names")
	source := partita.NewSource()
	pipeline := app.NewPipeline("p", source)
	func() {
		defer func() {
			if recover() != "no name" {
				t.Error("the declaration did not panic")
			}
		}()
		pipeline.ToStatePartition(compute(count), counters, "s", titled{func() string { panic("no name") }, nil}, nil)
	}()
	pipeline.ToStatePartition(compute(count), counters, "s", byKey, nil).Done()
	start(t, app)
	send(t, source, event{})
	must(t, app.Drain(deadline(t)))
}
