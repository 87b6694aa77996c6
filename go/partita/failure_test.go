package partita_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/partita-stream/partita/go/partita"
)

// trouble is an application all of whose user code can fail: from key to key, then to a sink.
type trouble struct {
	app    *partita.Application
	source *partita.Source
	// letters and delivered are what the application's functions got.
	letters   []partita.DeadLetter
	delivered []event
}

// The places where user code runs.
const (
	inPartition      = "Partition of the first step"
	inCompute        = "Compute"
	inComputeMulti   = "Compute with any number of outputs"
	inLaterPartition = "Partition of a later step"
	inTextPartition  = "Partition of a later step, with strings"
	inBuild          = "Build"
	inSink           = "the sink"
)

// reasons says how a message dies at each place, and what the text says.
var reasons = map[string]struct {
	reason partita.DeadReason
	key    partita.KeyKind
	path   string
	says   string
}{
	inPartition:      {partita.DeadPartition, partita.NoKey, `step 1 "compute"`, `partition function "keyed"`},
	inCompute:        {partita.DeadCompute, partita.NumberKey, `step 1 "compute"`, `computation "compute", key 7`},
	inComputeMulti:   {partita.DeadCompute, partita.NumberKey, `step 2 "computeMulti"`, `computation "computeMulti", key 7`},
	inLaterPartition: {partita.DeadPartition, partita.NoKey, `step 2 "computeMulti"`, `partition function "keyed"`},
	inTextPartition:  {partita.DeadPartition, partita.NoKey, `step 3 "texts"`, `partition function "keyedText"`},
	inBuild:          {partita.DeadBuild, partita.TextKey, `step 3 "texts"`, `builder "buildFunc", key "7"`},
	inSink:           {partita.DeadSink, partita.NoKey, `sink "out"`, `sink "out"`},
}

// bad is the message on which user code fails.
var bad = event{key: 7, n: 1000}

// newTrouble makes an application in which fail is called where the bad message comes to a place.
func newTrouble(place string, fail func(), options ...partita.StepOption) *trouble {
	trouble := &trouble{source: partita.NewSource()}
	failOn := func(where string, data interface{}) {
		if where == place && data.(event) == bad {
			fail()
		}
	}
	by := func(where string) keyed {
		return func(data interface{}) uint64 {
			failOn(where, data)
			return keyOf(data)
		}
	}
	built, failed := 0, false
	trouble.app = partita.NewApplication("trouble", partita.Workers(2),
		partita.DeadLetters(func(letter partita.DeadLetter) {
			trouble.letters = append(trouble.letters, letter)
		}))
	trouble.app.NewPipeline("p", trouble.source).
		ToStatePartition(compute(func(data, state interface{}) (interface{}, bool) {
			failOn(inCompute, data)
			return count(data, state)
		}), counters, "first", by(inPartition), nil, options...).
		ToStatePartitionMulti(computeMulti(func(data, state interface{}) ([]interface{}, bool) {
			failOn(inComputeMulti, data)
			return []interface{}{data}, true
		}), counters, "second", by(inLaterPartition), nil, options...).
		ToStatePartitionString(compute(count), partita.Build(func() interface{} {
			// Only the bad message has a key of its own here.
			if built++; place == inBuild && built == 2 {
				fail()
			}
			return new(counter)
		}), "third", keyedText(func(data interface{}) string {
			failOn(inTextPartition, data)
			if data.(event) == bad {
				return "7"
			}
			return ""
		}), nil, append(options, partita.WithName("texts"))...).
		ToSink(partita.NewSinkFunc("out", func(batch []interface{}) error {
			taken := len(trouble.delivered)
			for _, data := range batch {
				if place == inSink && data.(event) == bad && !failed {
					failed = true
					// The first message of the batch fails, and all others come again.
					trouble.delivered = trouble.delivered[:taken]
					fail()
				}
				trouble.delivered = append(trouble.delivered, data.(event))
			}
			return nil
		}), options...)
	return trouble
}

// feed sends good messages, the bad one in their middle, and good ones.
func (trouble *trouble) feed(t testing.TB) {
	good := events(0, 500, 3)
	send(t, trouble.source, good...)
	must(t, trouble.app.Drain(deadline(t))) // so that the states of the good keys are built
	send(t, trouble.source, append(append(events(1, 100, 3), bad), events(2, 100, 3)...)...)
}

func TestWithSkipAPanicMakesADeadLetter(t *testing.T) {
	for place := range reasons {
		t.Run(place, func(t *testing.T) { skips(t, place, func() { panic("boom") }, "panic: boom") })
	}
}

func TestWithSkipGoexitMakesADeadLetterAndTheWorkerIsReplaced(t *testing.T) {
	for place := range reasons {
		if place == inPartition {
			continue // that ends the goroutine of the sender
		}
		t.Run(place, func(t *testing.T) { skips(t, place, runtime.Goexit, "runtime.Goexit was called") })
	}
}

// skips checks that what fails is a dead letter that says why, and that all else arrives.
func skips(t *testing.T, place string, fail func(), how string) {
	trouble := newTrouble(place, fail, partita.Skip())
	start(t, trouble.app)
	trouble.feed(t)
	must(t, trouble.app.Drain(deadline(t)))
	if len(trouble.delivered) != 700 {
		t.Errorf("%d messages were delivered, expected 700", len(trouble.delivered))
	}
	if len(trouble.letters) != 1 {
		t.Fatalf("%d dead letters, expected 1: %v", len(trouble.letters), trouble.letters)
	}
	letter, want := trouble.letters[0], reasons[place]
	if place != inSink && letter.Data != bad || letter.Reason != want.reason || letter.Key.Kind != want.key {
		t.Errorf("the dead letter is %+v", letter)
	}
	if letter.Key.Kind != partita.NoKey && letter.Key.String() != "7" {
		t.Errorf("its key is %v, expected 7", letter.Key)
	}
	if path := `application "trouble" / pipeline "p" / ` + want.path; letter.Path != path {
		t.Errorf("its path is %s, expected %s", letter.Path, path)
	}
	for _, text := range []string{want.says, how, "failure_test.go:"} {
		if !strings.Contains(letter.Text, text) {
			t.Errorf("its text lacks %q: %s", text, letter.Text)
		}
	}
	if place != inBuild && place != inSink && !strings.Contains(letter.Text, "message {7 0 1000}") {
		t.Errorf("its text lacks the message: %s", letter.Text)
	}
	if dead := trouble.app.Metrics().Dead[want.reason]; dead != 1 {
		t.Errorf("%d messages are counted as dead, expected 1", dead)
	}
	// Both workers still work.
	send(t, trouble.source, events(3, 100, 50)...)
	must(t, trouble.app.Drain(deadline(t)))
}

func TestWithoutSkipTheApplicationFails(t *testing.T) {
	for place := range reasons {
		t.Run(place+"/panic", func(t *testing.T) { fails(t, place, func() { panic("boom") }, "panic: boom") })
		if place != inPartition {
			t.Run(place+"/Goexit", func(t *testing.T) { fails(t, place, runtime.Goexit, "runtime.Goexit was called") })
		}
	}
}

// fails checks that everyone is told why the application failed.
func fails(t *testing.T, place string, fail func(), how string) {
	trouble := newTrouble(place, fail)
	start(t, trouble.app)
	sent, ctx := 0, deadline(t)
	send(t, trouble.source, events(0, 500, 3)...)
	must(t, trouble.app.Drain(ctx))
	batch := append([]interface{}{bad}, events(1, 100, 3)...)
	sent, err := trouble.source.SendBatch(ctx, batch)
	if err != nil && (!isError(err, partita.ErrFailed) || sent == len(batch)) {
		t.Errorf("sent %d: %v", sent, err)
	}
	want := reasons[place]
	for what, err := range map[string]error{
		"Wait":  trouble.app.Wait(ctx),
		"Drain": trouble.app.Drain(ctx),
		"Send":  trouble.source.Send(ctx, bad),
	} {
		if !isError(err, partita.ErrFailed) {
			t.Errorf("%s: %v", what, err)
			continue
		}
		says(t, err, want.path, want.says, how)
	}
}

func TestGoexitInTheSendersPartitionLosesNothing(t *testing.T) {
	trouble := newTrouble(inPartition, runtime.Goexit)
	start(t, trouble.app)
	ended := make(chan bool)
	go func() {
		defer close(ended)
		_, err := trouble.source.SendBatch(context.Background(), append(events(0, 3000, 3), bad))
		t.Errorf("SendBatch returned: %v", err)
	}()
	<-ended
	send(t, trouble.source, events(1, 100, 3)...)
	must(t, trouble.app.Drain(deadline(t)))
	// The pieces before that of the bad message were sent.
	if sent := trouble.app.Metrics().Sent; sent != uint64(len(trouble.delivered)) || sent < 100 || sent > 3100 {
		t.Errorf("%d messages were sent, and %d delivered", sent, len(trouble.delivered))
	}
}

func TestAPanicInTheSendersPartitionSendsTheRest(t *testing.T) {
	source := partita.NewSource(partita.Credits(5))
	var letters []partita.DeadLetter
	app := partita.NewApplication("bad keys", partita.DeadLetters(func(letter partita.DeadLetter) {
		letters = append(letters, letter)
	}))
	app.NewPipeline("words", source).ToStatePartition(compute(count), counters, "words", keyed(func(data interface{}) uint64 {
		if n := data.(event).n; n%3 == 0 {
			panic(n)
		}
		return keyOf(data)
	}), nil, partita.Skip()).Done()
	texts := partita.NewSource(partita.Credits(5))
	app.NewPipeline("texts", texts).ToStatePartitionString(compute(count), counters, "texts", keyedText(func(data interface{}) string {
		if n := data.(event).n; n%3 == 0 {
			panic("\xff bytes that are no text")
		}
		return strings.Repeat("k", data.(event).key)
	}), nil, partita.Skip()).Done()
	start(t, app)
	send(t, source, events(0, 3000, 10)...)
	send(t, texts, events(0, 3000, 10)...)
	must(t, app.Drain(deadline(t)))
	metrics := app.Metrics()
	if metrics.Sent != 6000 || metrics.Computed != 4000 || metrics.Dead[partita.DeadPartition] != 2000 || len(letters) != 2000 {
		t.Errorf("sent %d, computed %d, dead %d, letters %d", metrics.Sent, metrics.Computed,
			metrics.Dead[partita.DeadPartition], len(letters))
	}
	for i, letter := range letters {
		if i > 0 && letter.Path == letters[i-1].Path && letter.Data.(event).n <= letters[i-1].Data.(event).n {
			t.Fatalf("dead letter %d is out of order", i)
		}
	}
}

func TestADeadLetterFunctionThatFailsFailsTheApplication(t *testing.T) {
	for name, fail := range map[string]func(){"panic": func() { panic("boom") }, "Goexit": runtime.Goexit} {
		t.Run(name, func(t *testing.T) {
			source := partita.NewSource()
			app := partita.NewApplication("letters", partita.DeadLetters(func(letter partita.DeadLetter) {
				if letter.Data.(event).n == 5 {
					fail()
				}
			}))
			app.NewPipeline("p", source).ToStatePartition(compute(count), counters, "state", byKey, []uint64{0}).Done()
			start(t, app)
			send(t, source, events(0, 20, 2)...)
			err := app.Wait(deadline(t))
			if !isError(err, partita.ErrFailed) {
				t.Errorf("Wait: %v", err)
			}
			says(t, err, `application "letters" / dead letters`)
		})
	}
}

func TestGoexitOfManyMessagesIsSurvived(t *testing.T) {
	source := partita.NewSource()
	app := partita.NewApplication("goexit", partita.Workers(2))
	app.NewPipeline("p", source).ToStatePartition(compute(func(data, state interface{}) (interface{}, bool) {
		if data.(event).n%10 == 0 {
			runtime.Goexit()
		}
		return count(data, state)
	}), counters, "state", byKey, nil, partita.Skip()).Done()
	start(t, app)
	send(t, source, events(0, 1000, 7)...)
	must(t, app.Drain(deadline(t)))
	if metrics := app.Metrics(); metrics.Computed != 900 || metrics.Dead[partita.DeadCompute] != 100 {
		t.Errorf("computed %d, dead %d", metrics.Computed, metrics.Dead[partita.DeadCompute])
	}
}

// A worker that ended in runtime.Goexit was not replaced if a deferred function panicked on the way:
// its message stayed in flight for ever.
func TestAWorkerThatPanicsOnItsWayOutIsReplaced(t *testing.T) {
	trouble := newTrouble(inCompute, func() {
		defer func() { panic("on the way out") }()
		runtime.Goexit()
	}, partita.Skip())
	start(t, trouble.app)
	trouble.feed(t)
	must(t, trouble.app.Drain(deadline(t)))
	if len(trouble.delivered) != 700 || len(trouble.letters) != 1 {
		t.Errorf("%d messages were delivered and %d died", len(trouble.delivered), len(trouble.letters))
	}
}

// resetting is an application whose computation counts by key and fails on a message with n below 0,
// after it has changed the state. From the failed-th state on, Build calls fail.
func resetting(t *testing.T, keys []uint64, failed int, fail func()) (*partita.Application, *partita.Source, *[]partita.DeadLetter) {
	t.Helper()
	letters := new([]partita.DeadLetter)
	app := partita.NewApplication("resetting", partita.Workers(2),
		partita.DeadLetters(func(letter partita.DeadLetter) { *letters = append(*letters, letter) }))
	source := partita.NewSource()
	built := atomic.Int64{}
	app.NewPipeline("p", source).ToStatePartition(compute(func(data, state interface{}) (interface{}, bool) {
		state.(*counter).count++
		if data.(event).n < 0 {
			panic("it is below 0")
		}
		return nil, true
	}), partita.Build(func() interface{} {
		if built.Add(1) > int64(failed) {
			fail()
		}
		return new(counter)
	}), "counts", byKey, keys, partita.Reset()).Done()
	if err := app.Start(); err != nil {
		t.Fatal(err)
	}
	return app, source, letters
}

func TestAResetKeyGoesOnWithANewState(t *testing.T) {
	for _, keys := range [][]uint64{nil, {1, 2}} {
		app, source, letters := resetting(t, keys, 1000, nil)
		batch := []interface{}{event{1, 0, 0}, event{2, 0, 0}, event{1, 0, 1}, event{1, 0, -1}, event{1, 0, 3}, event{2, 0, 1}}
		if _, err := source.SendBatch(deadline(t), batch); err != nil {
			t.Fatal(err)
		}
		if err := app.Drain(deadline(t)); err != nil {
			t.Fatal(err)
		}
		counts := make(map[uint64]int)
		err := app.Parts("counts", func(key partita.Key, state interface{}) bool {
			counts[key.Number] = state.(*counter).count
			return true
		})
		if err != nil {
			t.Fatal(err)
		}
		if counts[1] != 1 || counts[2] != 2 {
			t.Errorf("the counts are %v, expected 1 since the reset of key 1, and 2 of key 2", counts)
		}
		if len(*letters) != 1 || (*letters)[0].Data != (event{1, 0, -1}) || (*letters)[0].Reason != partita.DeadCompute {
			t.Errorf("the dead letters are %+v, expected the message that failed", *letters)
		}
		must(t, app.Close(deadline(t)))
	}
}

func TestAResetWhoseStateCannotBeBuiltFailsTheApplication(t *testing.T) {
	for how, fail := range map[string]func(){"panic": func() { panic("no more states") }, "Goexit": runtime.Goexit} {
		app, source, letters := resetting(t, nil, 1, fail)
		if _, err := source.SendBatch(deadline(t), []interface{}{event{1, 0, 0}, event{1, 0, -1}, event{1, 0, 1}}); err != nil {
			t.Fatal(err)
		}
		err := app.Wait(deadline(t))
		if !errors.Is(err, partita.ErrFailed) || !strings.Contains(err.Error(), "anew failed") {
			t.Errorf("with a %s: %v, expected ErrFailed that says that the state could not be built anew", how, err)
		}
		must(t, app.Close(deadline(t)))
		if len(*letters) != 1 {
			t.Errorf("with a %s: %d dead letters, expected the message that failed", how, len(*letters))
		}
		if held := app.Metrics().ValuesHeld; held != 0 {
			t.Errorf("with a %s: %d values are held after Close", how, held)
		}
	}
}

func TestASinkCannotBeReset(t *testing.T) {
	app := partita.NewApplication("sink")
	app.NewPipeline("p", partita.NewSource()).
		ToSink(partita.NewSinkFunc("out", func([]interface{}) error { return nil }), partita.Reset())
	if err := app.Check(); err == nil || !strings.Contains(err.Error(), "its policy is reset") {
		t.Errorf("%v, expected a mistake that says that a sink has no state to reset", err)
	}
}

// quarantining is an application whose computation counts by key, a number or its text, and fails on a
// message with n below 0, after it has changed the state.
func quarantining(t *testing.T, kind partita.KeyKind, letters func(*partita.Application, partita.DeadLetter)) (*partita.Application, *partita.Source) {
	t.Helper()
	var app *partita.Application
	app = partita.NewApplication("quarantining", partita.Workers(2),
		partita.DeadLetters(func(letter partita.DeadLetter) { letters(app, letter) }))
	source := partita.NewSource()
	counts := compute(func(data, state interface{}) (interface{}, bool) {
		state.(*counter).count++
		if data.(event).n < 0 {
			panic("it is below 0")
		}
		return nil, true
	})
	builder := partita.Build(func() interface{} { return new(counter) })
	byDigits := keyedText(func(data interface{}) string { return strconv.Itoa(data.(event).key) })
	switch pipeline := app.NewPipeline("p", source); kind {
	case partita.NumberKey:
		pipeline.ToStatePartition(counts, builder, "counts", byKey, nil, partita.Quarantine()).Done()
	case partita.TextKey:
		pipeline.ToStatePartitionString(counts, builder, "counts", byDigits, nil, partita.Quarantine()).Done()
	default:
		pipeline.ToStateful(counts, builder, "counts", partita.Quarantine()).Done()
	}
	must(t, app.Start())
	return app, source
}

// quarantineKey is a key of that kind.
func quarantineKey(kind partita.KeyKind, number uint64) partita.Key {
	switch kind {
	case partita.NumberKey:
		return partita.Key{Kind: kind, Number: number}
	case partita.TextKey:
		return partita.Key{Kind: kind, Text: strconv.FormatUint(number, 10)}
	}
	return partita.Key{}
}

func TestAKeyInQuarantineWaitsForItsRelease(t *testing.T) {
	for _, kind := range []partita.KeyKind{partita.NoKey, partita.NumberKey, partita.TextKey} {
		var letters []partita.DeadLetter
		app, source := quarantining(t, kind, func(_ *partita.Application, letter partita.DeadLetter) { letters = append(letters, letter) })
		send := func(messages ...interface{}) {
			if _, err := source.SendBatch(deadline(t), messages); err != nil {
				t.Fatal(err)
			}
			must(t, app.Drain(deadline(t)))
		}
		send(event{1, 0, 0}, event{1, 0, -1}, event{1, 0, 1}, event{1, 0, 2})
		key := quarantineKey(kind, 1)
		if listed, err := app.Quarantined("counts"); err != nil || len(listed) != 1 || listed[0] != key {
			t.Errorf("in quarantine are %v, %v, expected %v", listed, err, key)
		}
		if metrics := app.Metrics(); metrics.Quarantined != 1 || metrics.Dead[partita.DeadQuarantined] != 2 || metrics.Computed != 1 {
			t.Errorf("the counters are %+v, expected a key in quarantine and two messages of it", metrics)
		}
		must(t, app.Release("counts", key))
		if err := app.Release("counts", key); !errors.Is(err, partita.ErrNotFound) {
			t.Errorf("%v, expected that it is not in quarantine any more", err)
		}
		send(event{1, 0, 3})
		err := app.Parts("counts", func(_ partita.Key, state interface{}) bool {
			if count := state.(*counter).count; count != 3 {
				t.Errorf("the count is %d, expected the state that the failed call left, and one more", count)
			}
			return true
		})
		must(t, err)
		must(t, app.Close(deadline(t)))
		if len(letters) != 3 || letters[0].Reason != partita.DeadCompute ||
			letters[1].Reason != partita.DeadQuarantined || letters[1].Key != key || letters[2].Data != (event{1, 0, 2}) {
			t.Errorf("the dead letters are %+v, expected the message that failed, and two in quarantine", letters)
		}
	}
}

func TestAKeyCanBeReleasedInsideTheHandler(t *testing.T) {
	app, source := quarantining(t, partita.TextKey, func(app *partita.Application, letter partita.DeadLetter) {
		must(t, app.Release("counts", letter.Key))
	})
	for range 50 {
		if err := source.Send(deadline(t), event{1, 0, -1}); err != nil {
			t.Fatal(err)
		}
		must(t, app.Drain(deadline(t)))
		if err := source.Send(deadline(t), event{1, 0, 1}); err != nil {
			t.Fatal(err)
		}
	}
	must(t, app.Drain(deadline(t)))
	if metrics := app.Metrics(); metrics.Computed != 50 || metrics.Dead[partita.DeadQuarantined] != 0 {
		t.Errorf("the counters are %+v, expected 50 computed and none in quarantine", metrics)
	}
	must(t, app.Close(deadline(t)))
}

func TestWhatCannotBeListedOrReleasedIsTold(t *testing.T) {
	app, _ := quarantining(t, partita.NumberKey, func(*partita.Application, partita.DeadLetter) {})
	number := quarantineKey(partita.NumberKey, 1)
	_, err := app.Quarantined("coins")
	if !errors.Is(err, partita.ErrNotFound) || !strings.Contains(err.Error(), `partition "coins"`) {
		t.Errorf("%v, expected that there is no such partition", err)
	}
	if err := app.Release("coins", number); !errors.Is(err, partita.ErrNotFound) {
		t.Errorf("%v, expected that there is no such partition", err)
	}
	err = app.Release("counts", quarantineKey(partita.TextKey, 1))
	if !errors.Is(err, partita.ErrInvalidArgument) || !strings.Contains(err.Error(), "expected one of keys that are numbers") {
		t.Errorf("%v, expected that the key is of another kind", err)
	}
	must(t, app.Close(deadline(t)))
	if _, err := app.Quarantined("counts"); !errors.Is(err, partita.ErrClosed) {
		t.Errorf("%v, expected that it is closed", err)
	}
	if err := app.Release("counts", number); !errors.Is(err, partita.ErrClosed) {
		t.Errorf("%v, expected that it is closed", err)
	}
	unused := partita.NewApplication("unused")
	if err := unused.Release("counts", number); !errors.Is(err, partita.ErrNotStarted) {
		t.Errorf("%v, expected that it is not started", err)
	}
}

func TestASinkCannotHaveKeysInQuarantine(t *testing.T) {
	app := partita.NewApplication("sink")
	app.NewPipeline("p", partita.NewSource()).
		ToSink(partita.NewSinkFunc("out", func([]interface{}) error { return nil }), partita.Quarantine())
	if err := app.Check(); err == nil || !strings.Contains(err.Error(), "its policy is quarantine") {
		t.Errorf("%v, expected a mistake that says that a sink has no keys to put in quarantine", err)
	}
}

// flaky is an application whose computation fails on messages with n below 0 until it was called so
// many times for one, and then adds up how often it was called.
func flaky(t *testing.T, calls int, options ...partita.StepOption) (app *partita.Application, source *partita.Source, order *[]event) {
	t.Helper()
	order = new([]event)
	app = partita.NewApplication("flaky", partita.Workers(1))
	source = partita.NewSource()
	called := make(map[event]int)
	app.NewPipeline("p", source).ToStatePartition(compute(func(data, state interface{}) (interface{}, bool) {
		message := data.(event)
		state.(*counter).count++
		called[message]++
		if message.n < 0 && called[message] < calls {
			panic("too early")
		}
		*order = append(*order, message)
		return nil, true
	}), counters, "counts", byKey, nil, options...).Done()
	must(t, app.Start())
	return app, source, order
}

func TestAMessageIsTriedAgainBeforeThoseOfItsKey(t *testing.T) {
	app, source, order := flaky(t, 4, partita.Retry(3, time.Millisecond))
	batch := []interface{}{event{1, 0, 0}, event{1, 0, -1}, event{1, 0, 2}, event{2, 0, 3}, event{1, 0, 4}}
	if _, err := source.SendBatch(deadline(t), batch); err != nil {
		t.Fatal(err)
	}
	must(t, app.Drain(deadline(t)))
	expected := []event{{1, 0, 0}, {2, 0, 3}, {1, 0, -1}, {1, 0, 2}, {1, 0, 4}}
	if !slices.Equal(*order, expected) {
		t.Errorf("the order is %v, expected %v", *order, expected)
	}
	metrics := app.Metrics()
	if metrics.Computed != 5 || metrics.Dead != [len(metrics.Dead)]uint64{} {
		t.Errorf("the counters are %+v, expected five computed and none dead", metrics)
	}
	must(t, app.Close(deadline(t)))
}

func TestAfterItsRetriesAMessageFollowsItsPolicy(t *testing.T) {
	app, source, order := flaky(t, 4, partita.Retry(2, 0), partita.Skip())
	batch := []interface{}{event{1, 0, -1}, event{1, 0, 2}}
	if _, err := source.SendBatch(deadline(t), batch); err != nil {
		t.Fatal(err)
	}
	must(t, app.Drain(deadline(t)))
	if metrics := app.Metrics(); metrics.Dead[partita.DeadCompute] != 1 || !slices.Equal(*order, []event{{1, 0, 2}}) {
		t.Errorf("%v were computed and the counters are %+v, expected a message dead and one computed", *order, metrics)
	}
	must(t, app.Close(deadline(t)))

	app, source, _ = flaky(t, 4, partita.Retry(2, 0))
	if _, err := source.SendBatch(deadline(t), batch); err != nil {
		t.Fatal(err)
	}
	if err := app.Wait(deadline(t)); !errors.Is(err, partita.ErrFailed) || !strings.Contains(err.Error(), "too early") {
		t.Errorf("%v, expected ErrFailed with what the last call said", err)
	}
	must(t, app.Close(deadline(t)))
}

func TestTheErrorOfTheLastTryIsToBlame(t *testing.T) {
	var tries []error
	app := partita.NewApplication("blame", partita.Workers(1))
	source := partita.NewSource()
	app.NewPipeline("p", source).ToStateful(trying(func(data, state interface{}) (interface{}, bool, error) {
		tries = append(tries, fmt.Errorf("try %d", len(tries)+1))
		return nil, false, tries[len(tries)-1]
	}), counters, "count", partita.Retry(2, 0)).Done()
	must(t, app.Start())
	must(t, source.Send(deadline(t), event{1, 0, 0}))
	if err := app.Wait(deadline(t)); len(tries) != 3 || !errors.Is(err, tries[2]) || errors.Is(err, tries[0]) {
		t.Errorf("after %d tries: %v, expected the error of the third", len(tries), err)
	}
	must(t, app.Close(deadline(t)))
}

func TestASinkTriesAgainInOrder(t *testing.T) {
	app := partita.NewApplication("sink")
	source := partita.NewSource()
	var taken []interface{}
	calls := 0
	app.NewPipeline("p", source).ToStateful(compute(func(data, _ interface{}) (interface{}, bool) { return data, false }), counters, "all").
		ToSink(partita.NewSinkFunc("out", func(batch []interface{}) error {
			calls++
			if calls%3 != 0 {
				return errors.New("not now")
			}
			taken = append(taken, batch[0])
			if len(batch) > 1 {
				return &partita.SinkError{Taken: 1, Err: errors.New("one at a time")}
			}
			return nil
		}), partita.Retry(3, 100*time.Microsecond))
	must(t, app.Start())
	batch := make([]interface{}, 50)
	for i := range batch {
		batch[i] = event{1, 0, i}
	}
	if _, err := source.SendBatch(deadline(t), batch); err != nil {
		t.Fatal(err)
	}
	must(t, app.Drain(deadline(t)))
	if !slices.Equal(taken, batch) {
		t.Errorf("%v were taken, expected all in order", taken)
	}
	must(t, app.Close(deadline(t)))
}

func TestCloseDropsWhatWaitsToBeTriedAgain(t *testing.T) {
	app, source, _ := flaky(t, 4, partita.Retry(3, time.Hour))
	batch := []interface{}{event{1, 0, -1}, event{1, 0, 2}, event{1, 0, 3}}
	if _, err := source.SendBatch(deadline(t), batch); err != nil {
		t.Fatal(err)
	}
	soon, cancel := context.WithTimeout(context.Background(), 10*time.Millisecond)
	defer cancel()
	if err := app.Drain(soon); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%v, expected that what waits is in flight", err)
	}
	must(t, app.Close(deadline(t)))
	if metrics := app.Metrics(); metrics.Dead[partita.DeadClosed] != 3 || metrics.ValuesHeld != 0 {
		t.Errorf("the counters are %+v, expected three messages dropped", metrics)
	}
}

func TestWhatCannotBeTriedAgainIsAMistake(t *testing.T) {
	for expected, option := range map[string]partita.StepOption{
		"retries: expected 1 to 1000000, got 0":                          partita.Retry(0, time.Second),
		"retries: expected 1 to 1000000, got -1":                         partita.Retry(-1, 0),
		"pause between retries: expected 0 to 24h0m0s, got -1s":          partita.Retry(1, -time.Second),
		"pause between retries: expected 0 to 24h0m0s, got 24h0m0.001s":  partita.Retry(1, 24*time.Hour+time.Millisecond),
		`sink "out": it is a queue, which never fails: expected no retr`: partita.Retry(1, 0),
	} {
		app := partita.NewApplication("mistakes")
		pipeline := app.NewPipeline("p", partita.NewSource())
		pipeline.ToStateful(compute(count), counters, "all")
		pipeline.ToSink(partita.NewQueueSink("out", 10), option)
		if err := app.Check(); err == nil || !strings.Contains(err.Error(), expected) {
			t.Errorf("%v, expected %q", err, expected)
		}
	}
	app := partita.NewApplication("mistakes")
	app.NewPipeline("p", partita.NewSource()).To(transform(func(data interface{}) interface{} { return data }), partita.Retry(1, 0)).Done()
	if err := app.Check(); err == nil || !strings.Contains(err.Error(), "it has no state: expected no retries") {
		t.Errorf("%v, expected that a step without a state is not tried again", err)
	}
}
