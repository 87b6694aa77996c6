package partita_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/partita-stream/partita/go/partita"
)

func TestTwoPipelinesShareAPartition(t *testing.T) {
	one, two := partita.NewSource(), partita.NewSource()
	app := partita.NewApplication("shared")
	app.NewPipeline("one", one).ToStatePartition(compute(count), counters, "counters", byKey, nil).Done()
	app.NewPipeline("two", two).ToStatePartition(compute(count), counters, "counters", keyed(func(data interface{}) uint64 {
		return uint64(data.(int))
	}), nil).Done()
	start(t, app)
	send(t, one, events(0, 300, 3)...)
	send(t, two, 1, 1, 5)
	must(t, app.Drain(deadline(t)))
	counts := make(map[string]int)
	must(t, app.Parts("counters", func(key partita.Key, state interface{}) bool {
		counts[key.String()] = state.(*counter).count
		return true
	}))
	if got := fmt.Sprint(counts); got != "map[0:100 1:102 2:100 5:1]" {
		t.Errorf("the states are %s", got)
	}
}

func TestAPipelineGoesFromOneKeyToAnother(t *testing.T) {
	// Words are counted by first letter, and each count is then noted by length of the word.
	type noted struct{ words []string }
	source, queue := partita.NewSource(), partita.NewQueueSink("out", 0)
	app := partita.NewApplication("keys")
	app.NewPipeline("p", source).
		ToStatePartitionString(compute(count), counters, "letters", keyedText(func(data interface{}) string {
			return data.(string)[:1]
		}), nil, partita.WithName("letters")).
		ToStatePartition(compute(func(data, state interface{}) (interface{}, bool) {
			state.(*noted).words = append(state.(*noted).words, data.(string))
			return len(state.(*noted).words), true
		}), partita.Build(func() interface{} { return new(noted) }), "lengths", keyed(func(data interface{}) uint64 {
			return uint64(len(data.(string)))
		}), nil, partita.WithName("lengths")).
		ToSink(queue)
	start(t, app)
	send(t, source, "a", "ab", "b", "abc", "c", "bc")
	for left := 6; left > 0; {
		count, err := queue.Poll(deadline(t), make([]interface{}, left))
		must(t, err)
		left -= count
	}
	must(t, app.Drain(deadline(t)))
	lengths := make(map[uint64]string)
	must(t, app.Parts("lengths", func(key partita.Key, state interface{}) bool {
		words := state.(*noted).words
		slices.Sort(words)
		lengths[key.Number] = strings.Join(words, " ")
		return true
	}))
	if got := fmt.Sprint(lengths); got != "map[1:a b c 2:ab bc 3:abc]" {
		t.Errorf("the states are %s", got)
	}
}

func TestKeysThatAreStringsAreComparedExactly(t *testing.T) {
	long := strings.Repeat("k", 300_000)
	keys := []string{"", "a", "A", "a\x00", "a\x00b", "\xff\xfe", "ä", "日本", long, long + "x"}
	queue := partita.NewQueueSink("out", 0)
	source := partita.NewSource()
	app := partita.NewApplication("strings")
	text := keyedText(func(data interface{}) string { return data.(string) })
	app.NewPipeline("p", source).
		ToStatePartitionString(compute(count), counters, "first", text, nil).
		ToStatePartitionString(compute(count), counters, "second", text, keys, partita.WithName("again")).
		ToSink(queue)
	start(t, app)
	for range 20 {
		for _, key := range keys {
			send(t, source, key, key)
		}
	}
	for left := 40 * len(keys); left > 0; {
		count, err := queue.Poll(deadline(t), make([]interface{}, 100))
		must(t, err)
		left -= count
	}
	must(t, app.Drain(deadline(t)))
	for _, partition := range []string{"first", "second"} {
		counts := make(map[string]int)
		must(t, app.Parts(partition, func(key partita.Key, state interface{}) bool {
			if key.Kind != partita.TextKey {
				t.Errorf("a key of kind %v", key.Kind)
			}
			counts[key.Text] = state.(*counter).count
			return true
		}))
		if len(counts) != len(keys) {
			t.Errorf("%d keys, expected %d", len(counts), len(keys))
		}
		for _, key := range keys {
			if counts[key] != 40 {
				t.Errorf("key %.10q counted %d, expected 40", key, counts[key])
			}
		}
	}
}

func TestAKeyThatWasNotDeclaredIsADeadLetter(t *testing.T) {
	words, texts := partita.NewSource(), partita.NewSource()
	var letters []partita.DeadLetter
	app := partita.NewApplication("declared", partita.DeadLetters(func(letter partita.DeadLetter) {
		letters = append(letters, letter)
	}))
	app.NewPipeline("words", words).ToStatePartition(compute(count), counters, "words", byKey, []uint64{1, 2}).Done()
	app.NewPipeline("texts", texts).ToStatePartitionString(compute(count), counters, "texts", keyedText(func(data interface{}) string {
		return data.(string)
	}), []string{"x"}).Done()
	start(t, app)
	send(t, words, event{key: 1}, event{key: 3}, event{key: 2})
	must(t, app.Drain(deadline(t)))
	send(t, texts, "x", "", "x")
	must(t, app.Drain(deadline(t)))
	if len(letters) != 2 {
		t.Fatalf("%d dead letters, expected 2", len(letters))
	}
	want := partita.DeadLetter{Data: event{key: 3}, Reason: partita.DeadUnknownKey,
		Key:  partita.Key{Kind: partita.NumberKey, Number: 3},
		Path: `application "declared" / pipeline "words" / step 1 "compute"`}
	if letters[0] != want {
		t.Errorf("the dead letter is %+v, expected %+v", letters[0], want)
	}
	if want := (partita.Key{Kind: partita.TextKey}); letters[1].Key != want || letters[1].Data != "" {
		t.Errorf("the dead letter is %+v", letters[1])
	}
	// Declared states exist from the start, also without a message.
	if parts := app.Metrics().Parts; parts != 3 {
		t.Errorf("%d parts, expected 3", parts)
	}
}

func TestASingleStateGetsEveryMessageInOrder(t *testing.T) {
	source := partita.NewSource()
	app := partita.NewApplication("single", partita.Workers(4))
	app.NewPipeline("p", source).ToStateful(compute(func(data, state interface{}) (interface{}, bool) {
		state.(*inOrder).take(t, data.(event))
		return nil, true
	}), partita.Build(func() interface{} { return new(inOrder) }), "all").Done()
	start(t, app)
	send8(t, source, 2000, 1)
	must(t, app.Drain(deadline(t)))
	visits := 0
	must(t, app.Parts("all", func(key partita.Key, state interface{}) bool {
		visits++
		if seen := state.(*inOrder).seen; seen != 16_000 || key != (partita.Key{}) {
			t.Errorf("key %v has seen %d", key, seen)
		}
		return true
	}))
	if visits != 1 {
		t.Errorf("%d states", visits)
	}
}

func TestOutputsOfOneMessageKeepTheirOrder(t *testing.T) {
	queue := partita.NewQueueSink("out", 100_000)
	source := partita.NewSource()
	app := partita.NewApplication("multi")
	app.NewPipeline("p", source).ToStatefulMulti(computeMulti(func(data, _ interface{}) ([]interface{}, bool) {
		var all []interface{}
		for n := range data.(int) {
			all = append(all, n, nil)
		}
		return all, false
	}), counters, "state").ToSink(queue)
	start(t, app)
	sizes := []interface{}{0, 1, 2, 5000, 0, 3}
	send(t, source, sizes...)
	var got []interface{}
	for len(got) < 5006 {
		batch := make([]interface{}, 1000)
		count, err := queue.Poll(deadline(t), batch)
		must(t, err)
		got = append(got, batch[:count]...)
	}
	for _, size := range sizes {
		for n := range size.(int) {
			if got[0] != n {
				t.Fatalf("output %v came, expected %d of %d", got[0], n, size)
			}
			got = got[1:]
		}
	}
}

func TestPartsMayBeLeftAndChanged(t *testing.T) {
	source := partita.NewSource()
	app := partita.NewApplication("parts")
	app.NewPipeline("p", source).ToStatePartition(compute(count), counters, "state", byKey, nil).Done()
	start(t, app)
	send(t, source, events(0, 1000, 1000)...)
	must(t, app.Drain(deadline(t)))
	visits := 0
	must(t, app.Parts("state", func(partita.Key, interface{}) bool { visits++; return visits < 300 }))
	if visits != 300 {
		t.Errorf("%d visits, expected 300", visits)
	}
	func() {
		defer func() { _ = recover() }()
		_ = app.Parts("state", func(partita.Key, interface{}) bool { panic("boom") })
	}()
	must(t, app.Parts("state", func(_ partita.Key, state interface{}) bool { state.(*counter).count = 7; return true }))
	send(t, source, event{key: 5}) // sending goes on
	must(t, app.Drain(deadline(t)))
	must(t, app.Parts("state", func(key partita.Key, state interface{}) bool {
		want := 7
		if key.Number == 5 {
			want = 8
		}
		if got := state.(*counter).count; got != want {
			t.Errorf("key %v has %d, expected %d", key, got, want)
		}
		return true
	}))
	if err := app.Parts("stat", visitAll); !isError(err, partita.ErrNotFound) {
		t.Errorf("an unknown partition: %v", err)
	}
	if err := app.Parts("\xff", nil); !isError(err, partita.ErrInvalidArgument) {
		t.Errorf("a name that is not UTF-8: %v", err)
	}
}
