package partitatest_test

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/partita-stream/partita/go/partita"
	"github.com/partita-stream/partita/go/partita/partitatest"
)

// compute is a computation made of a function.
type compute func(data, state any) (any, bool)

func (compute compute) Compute(data, state any) (any, bool) { return compute(data, state) }

// keyed is a partition function made of a function.
type keyed func(data any) uint64

func (keyed keyed) Partition(data any) uint64 { return keyed(data) }

// byTen is the key of an int: its last digit.
var byTen = keyed(func(data any) uint64 { return uint64(data.(int) % 10) })

// counts are states that count.
var counts = partita.Build(func() any { return new(int) })

// count counts, and hands its message on.
func count(data, state any) (any, bool) {
	*state.(*int)++
	return data, true
}

// numbers is an application that counts ints by their last digit, in one step named "count".
type numbers struct {
	app    *partita.Application
	source *partita.Source
	sink   partita.Sink
}

func newNumbers(step compute, sink partita.Sink, options ...partita.StepOption) numbers {
	app := partita.NewApplication("numbers")
	source := partita.NewSource(partita.Credits(64))
	options = append(options, partita.WithName("count"))
	app.NewPipeline("numbers", source).
		ToStatePartition(step, counts, "digits", byTen, nil, options...).
		ToSink(sink)
	return numbers{app, source, sink}
}

// upTo are the ints from 0 to below n.
func upTo(n int) []any {
	var ints []any
	for i := range n {
		ints = append(ints, i)
	}
	return ints
}

// sorted are outputs that are ints, in ascending order.
func sorted(outputs []any) []int {
	var ints []int
	for _, output := range outputs {
		ints = append(ints, output.(int))
	}
	slices.Sort(ints)
	return ints
}

// sinks are one of each kind, and what must not happen in them.
func sinks(t testing.TB) map[string]partita.Sink {
	return map[string]partita.Sink{
		"queue":   partita.NewQueueSink("out", 2),
		"channel": partita.NewChannelSink("out", make(chan any)),
		"function": partita.NewSinkFunc("out", func(batch []any) error {
			if len(batch) == 0 {
				t.Error("an empty batch")
			}
			return nil
		}),
	}
}

func TestWhatIsSentComesOutOfEveryKindOfSink(t *testing.T) {
	for kind, sink := range sinks(t) {
		t.Run(kind, func(t *testing.T) {
			numbers := newNumbers(count, sink)
			d := partitatest.New(t, 7, numbers.app)
			// More than there is room for.
			d.Send(numbers.source, upTo(300)...)
			d.Rest()
			if got := sorted(d.Outputs(sink)); len(got) != 300 || got[0] != 0 || got[299] != 299 {
				t.Errorf("%d outputs: %v", len(got), got)
			}
			if again := d.Outputs(sink); len(again) != 0 {
				t.Errorf("outputs come twice: %v", again)
			}
			if got := *d.State("digits", 3).(*int); got != 30 {
				t.Errorf("digit 3 came %d times", got)
			}
			if states := d.States("digits"); len(states) != 10 {
				t.Errorf("%d states", len(states))
			}
			if state := d.State("digits", uint64(77)); state != nil {
				t.Errorf("a state of no key: %v", state)
			}
		})
	}
}

func TestNothingRunsButByTheDriver(t *testing.T) {
	computed := 0
	numbers := newNumbers(func(data, _ any) (any, bool) {
		computed++
		return data, false
	}, partita.NewQueueSink("out", 0))
	d := partitatest.New(t, 1, numbers.app)
	if _, err := numbers.source.SendBatch(context.Background(), upTo(10)); err != nil {
		t.Fatal(err)
	}
	if computed != 0 || d.Waiting() == "" {
		t.Errorf("%d computed, waiting for %q", computed, d.Waiting())
	}
	for d.Step() {
	}
	if computed != 10 || d.Waiting() != "" {
		t.Errorf("%d computed, waiting for %q", computed, d.Waiting())
	}
}

// trace plays a seed, and tells everything that happened.
func trace(t testing.TB, seed uint64) string {
	var trace strings.Builder
	numbers := newNumbers(func(data, state any) (any, bool) {
		fmt.Fprintf(&trace, "compute %v;", data)
		return count(data, state)
	}, partita.NewSinkFunc("out", func(batch []any) error {
		fmt.Fprintf(&trace, "deliver %v;", batch)
		return nil
	}), partita.Skip())
	d := partitatest.New(t, seed, numbers.app)
	d.PanicAt("count", 5)
	d.Send(numbers.source, upTo(40)...)
	d.Rest()
	for _, letter := range d.DeadLetters() {
		fmt.Fprintf(&trace, "dead %v;", letter.Data)
	}
	return trace.String()
}

func TestTheSameSeedIsTheSameOrderAndOthersAreNot(t *testing.T) {
	orders := make(map[string]uint64)
	for seed := range uint64(20) {
		once, again := trace(t, seed), trace(t, seed)
		if once != again {
			t.Errorf("seed %d is one order and another:\n%s\n%s", seed, once, again)
		}
		orders[once] = seed
	}
	if len(orders) < 15 {
		t.Errorf("20 seeds are %d orders", len(orders))
	}
}

func TestAFaultHitsTheMessageThatItIsFor(t *testing.T) {
	for _, panics := range []bool{true, false} {
		numbers := newNumbers(count, partita.NewQueueSink("out", 0), partita.Skip())
		d := partitatest.New(t, 3, numbers.app)
		plant := d.FailAt
		if panics {
			plant = d.PanicAt
		}
		plant("count", 1)
		plant(`application "numbers" / pipeline "numbers" / step 1 "count"`, 4)
		// One key: so they come in order.
		d.Send(numbers.source, 10, 20, 30, 40, 50)
		d.Rest()
		plant("count", 1)
		d.Send(numbers.source, 60)
		d.Rest()
		var dead []any
		for _, letter := range d.DeadLetters() {
			dead = append(dead, letter.Data)
			if letter.Reason != partita.DeadCompute || !strings.Contains(letter.Text, partitatest.ErrFault.Error()) {
				t.Errorf("dead letter: %v: %s", letter.Reason, letter.Text)
			}
		}
		if want := []any{10, 40, 60}; !reflect.DeepEqual(dead, want) {
			t.Errorf("dead: %v: expected %v", dead, want)
		}
		if got, want := sorted(d.Outputs(numbers.sink)), []int{20, 30, 50}; !slices.Equal(got, want) {
			t.Errorf("outputs: %v: expected %v", got, want)
		}
	}
}

func TestAFaultInASinkFunctionHitsTheMessageThatItIsFor(t *testing.T) {
	numbers := newNumbers(count, partita.NewSinkFunc("out", func([]any) error { return nil }))
	d := partitatest.New(t, 3, numbers.app)
	d.FailAt("out", 3)
	d.Send(numbers.source, 10, 20, 30, 40)
	if err := d.TryRest(); !errors.Is(err, partita.ErrFailed) {
		t.Errorf("rest: %v", err)
	}
	if got, want := d.Outputs(numbers.sink), []any{10, 20}; !reflect.DeepEqual(got, want) {
		t.Errorf("outputs: %v: expected %v", got, want)
	}
	if letters := d.DeadLetters(); len(letters) != 1 || letters[0].Data != 30 {
		t.Errorf("dead letters: %v", letters)
	}
}

func TestAnInjectedErrorIsTheCauseOfTheFailure(t *testing.T) {
	numbers := newNumbers(count, partita.NewQueueSink("out", 0))
	d := partitatest.New(t, 3, numbers.app)
	if err := d.Failure(); err != nil {
		t.Errorf("failed: %v", err)
	}
	d.FailAt("count", 2)
	d.Send(numbers.source, 10, 20)
	for d.Step() {
	}
	if err := d.Failure(); !errors.Is(err, partita.ErrFailed) || !errors.Is(err, partitatest.ErrFault) {
		t.Errorf("failure: %v", err)
	}
}

func TestAFullSinkStallsWhatEmitsToItUntilItHasRoom(t *testing.T) {
	for kind, sink := range sinks(t) {
		if kind == "function" {
			continue
		}
		t.Run(kind, func(t *testing.T) {
			numbers := newNumbers(count, sink)
			d := partitatest.New(t, 1, numbers.app)
			d.FillSink(sink)
			d.Send(numbers.source, upTo(20)...)
			d.Rest()
			if err := d.TryRest(); !errors.Is(err, partitatest.ErrStalled) || !strings.Contains(err.Error(), `sink "out" has 1 unread message`) {
				t.Errorf("rest: %v", err)
			}
			if outputs := d.Outputs(sink); len(outputs) != 0 {
				t.Errorf("outputs of a full sink: %v", outputs)
			}
			// The credits are used up, and nothing gives any back.
			sent, err := numbers.source.SendBatch(context.Background(), upTo(100))
			if !errors.Is(err, partita.ErrWouldBlock) || sent != 64-20 {
				t.Errorf("%d sent: %v", sent, err)
			}
			d.EmptySink(sink)
			d.Rest()
			if outputs := d.Outputs(sink); len(outputs) != 64 {
				t.Errorf("%d outputs", len(outputs))
			}
		})
	}
}

func TestCallsThatWaitRunTheApplication(t *testing.T) {
	queue := partita.NewQueueSink("out", 0)
	numbers := newNumbers(count, queue)
	d := partitatest.New(t, 1, numbers.app)
	ctx := context.Background()
	for range 5 {
		if sent, err := numbers.source.SendBatch(ctx, upTo(50)); sent != 50 || err != nil {
			t.Fatalf("%d sent: %v", sent, err)
		}
	}
	batch := make([]any, 500)
	total := 0
	for total < 250 {
		count, err := queue.Poll(ctx, batch)
		if err != nil {
			t.Fatal(err)
		}
		total += count
	}
	if err := numbers.app.Drain(ctx); err != nil {
		t.Error(err)
	}
	if _, err := queue.Poll(ctx, batch); !errors.Is(err, partita.ErrWouldBlock) {
		t.Errorf("poll: %v", err)
	}
	if err := numbers.app.Wait(ctx); !errors.Is(err, partita.ErrWouldBlock) {
		t.Errorf("wait: %v", err)
	}
	if err := numbers.app.Stop(); err != nil {
		t.Error(err)
	}
	if err := numbers.app.Wait(ctx); err != nil {
		t.Error(err)
	}
	if err := numbers.app.Close(ctx); err != nil {
		t.Error(err)
	}
	if d.Step() {
		t.Error("a closed application makes a step")
	}
}

func TestTheTypedAPIIsDriven(t *testing.T) {
	app := partita.NewApplication("numbers")
	source := partita.NewSourceOf[int]()
	queue := partita.NewQueueSinkOf[int]("out", 0)
	digits := partita.PartitionOf[int8, int]{Name: "digits"}
	key := func(n int) int8 { return int8(n % 10) }
	add := func(_ int8, n int, sum *int, out *partita.Emitter[int]) (bool, error) {
		*sum += n
		out.Emit(n)
		out.Emit(-n)
		return true, nil
	}
	stream := partita.NewPipelineOf(app, "numbers", source)
	partita.ToStatePartition(stream, digits, key, add, partita.WithName("add"), partita.Skip()).ToSink(queue)
	d := partitatest.New(t, 1, app)
	d.PanicAt("add", 1)
	d.FailAt("add", 3)
	partitatest.Send(d, source, -3, -13, -23, -33)
	d.Rest()
	if got, want := partitatest.Outputs(d, queue), []int{-13, 13, -33, 33}; !slices.Equal(got, want) {
		t.Errorf("outputs: %v: expected %v", got, want)
	}
	if letters := d.DeadLetters(); len(letters) != 2 || letters[0].Data != -3 || letters[1].Data != -23 {
		t.Errorf("dead letters: %v", letters)
	}
	type digit int16
	for _, key := range []any{-3, int8(-3), digit(-3)} {
		if got := *d.State("digits", key).(*int); got != -46 {
			t.Errorf("state of %T: %d", key, got)
		}
	}
}

func TestTimeStandsStillButForTheDriver(t *testing.T) {
	numbers := newNumbers(count, partita.NewQueueSink("out", 0))
	d := partitatest.New(t, 1, numbers.app)
	d.Send(numbers.source, upTo(50)...)
	d.Rest()
	if d.Now() != 0 {
		t.Errorf("it is %v", d.Now())
	}
	d.Advance(time.Hour)
	d.Advance(time.Minute)
	if d.Now() != time.Hour+time.Minute {
		t.Errorf("it is %v", d.Now())
	}
}

func TestCompletionsAndCallsAreDriven(t *testing.T) {
	t.Run("into a state", func(t *testing.T) { driveCompletions(t, false) })
	t.Run("through a step before it", func(t *testing.T) { driveCompletions(t, true) })
}

func driveCompletions(t *testing.T, steps bool) {
	app := partita.NewApplication("numbers")
	source := partita.NewSourceOf[int]()
	callers := partita.NewCallersOf[int, int]("answers", source)
	total := partita.StateOf[int]{Name: "total"}
	add := func(n int, total *int, out *partita.Emitter[int]) (bool, error) {
		*total += n
		out.Emit(*total)
		return true, nil
	}
	stream := partita.NewPipelineOf(app, "numbers", source)
	if steps {
		stream = partita.To(stream, func(n int) (int, bool, error) { return n, true, nil }, partita.WithName("pass"))
	}
	partita.ToStateful(stream, total, add, partita.WithName("add"), partita.Skip()).ToSink(callers)
	d := partitatest.New(t, 1, app)
	d.FailAt("add", 4)
	ctx := context.Background()
	if answer, err := callers.Call(ctx, 5); answer != 5 || err != nil {
		t.Errorf("the answer is %d, %v", answer, err)
	}
	ack, err := source.SendAck(ctx, []int{1, 2})
	if err != nil || source.Watermark() != 1 {
		t.Errorf("the watermark is %d, %v", source.Watermark(), err)
	}
	if err := ack.Wait(ctx); err != nil || source.Watermark() != 3 {
		t.Errorf("the watermark is %d, %v", source.Watermark(), err)
	}
	var dead *partita.DeadError
	if _, err := callers.Call(ctx, 7); !errors.As(err, &dead) {
		t.Errorf("the error is %v", err)
	}
	if answer, err := callers.Call(ctx, 2); answer != 10 || err != nil {
		t.Errorf("the answer is %d, %v", answer, err)
	}
	if err := source.WaitWatermark(ctx, 6); !errors.Is(err, partita.ErrWouldBlock) {
		t.Errorf("the error is %v", err)
	}
}
