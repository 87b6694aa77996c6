package partita_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/partita-stream/partita/go/partita"
)

// held is an application of which one pipeline has a step that blocks until gate is closed, and the other
// one has none. It tells in inside when the step blocks.
type held struct {
	app        *partita.Application
	slow, fast *partita.SourceOf[int]
	inside     chan int
	gate       chan struct{}
	computed   atomic.Int64
}

func hold(threads int, options ...partita.Option) *held {
	held := &held{
		app:    partita.NewApplication("held", options...),
		slow:   partita.NewSourceOf[int](),
		fast:   partita.NewSourceOf[int](partita.Credits(10)),
		inside: make(chan int, 1000),
		gate:   make(chan struct{}),
	}
	partition := func(name string) partita.PartitionOf[int, int] { return partita.PartitionOf[int, int]{Name: name} }
	key := func(n int) int { return n }
	partita.ToStatePartition(partita.NewPipelineOf(held.app, "slow", held.slow), partition("slow"), key,
		func(_, n int, count *int, _ *partita.Emitter[partita.None]) (bool, error) {
			held.inside <- n
			<-held.gate
			held.computed.Add(1)
			*count++
			return true, nil
		}, partita.Blocking(threads)).Done()
	partita.ToStatePartition(partita.NewPipelineOf(held.app, "fast", held.fast), partition("fast"), key,
		func(_, n int, count *int, _ *partita.Emitter[partita.None]) (bool, error) {
			*count++
			return true, nil
		}).Done()
	return held
}

// fill sends keys to the step that blocks, more than it has threads, and waits until all of those block.
func (held *held) fill(t *testing.T, threads int) {
	t.Helper()
	keys := make([]int, 10*threads)
	for key := range keys {
		keys[key] = key
	}
	_, err := held.slow.SendBatch(deadline(t), keys)
	must(t, err)
	for range threads {
		<-held.inside
	}
}

func TestTheRestGoesOnWhileAStepBlocks(t *testing.T) {
	const threads = 8
	held := hold(threads, partita.Workers(2))
	start(t, held.app)
	held.fill(t, threads)
	// Far more than the credits of its source: they come back only if all is computed.
	for n := range 10_000 {
		must(t, held.fast.Send(deadline(t), n%100))
	}
	if more := len(held.inside); more != 0 {
		t.Errorf("%d more computations than there are threads ran at once", more)
	}
	close(held.gate)
	must(t, held.app.Drain(deadline(t)))
	if computed := held.computed.Load(); computed != 10*threads {
		t.Errorf("%d messages were computed, expected %d", computed, 10*threads)
	}
}

func TestCloseWaitsForAStepThatBlocksUntilItsContextEnds(t *testing.T) {
	held := hold(3, partita.Workers(1))
	start(t, held.app)
	held.fill(t, 3)
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Millisecond)
	defer cancel()
	err := held.app.Close(ctx)
	if !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "has") {
		t.Errorf("Close returned %v", err)
	}
	close(held.gate)
	must(t, held.app.Close(deadline(t)))
	if computed := held.computed.Load(); computed == 30 {
		t.Error("what waited behind the calls that blocked was computed")
	}
}

func TestKeysOfAStepThatBlocksAreAloneAndInOrder(t *testing.T) {
	const keys, each, senders = 50, 40, 4
	type trail struct {
		inside atomic.Bool
		last   [senders]int
	}
	source, failures := partita.NewSource(), make(chan string, 1)
	fail := func(format string, arguments ...any) {
		select {
		case failures <- fmt.Sprintf(format, arguments...):
		default:
		}
	}
	app := partita.NewApplication("order", partita.Workers(2))
	app.NewPipeline("p", source).ToStatePartition(compute(func(data, state interface{}) (interface{}, bool) {
		event, trail := data.(event), state.(*trail)
		if trail.inside.Swap(true) {
			fail("two messages of key %d at once", event.key)
		}
		if event.n%7 == 0 {
			time.Sleep(time.Microsecond)
		}
		if event.n != trail.last[event.sender] {
			fail("message %d of key %d came when %d was expected", event.n, event.key, trail.last[event.sender])
		}
		trail.last[event.sender] = event.n + 1
		trail.inside.Store(false)
		return nil, true
	}), partita.Build(func() interface{} { return new(trail) }), "trails", byKey, nil, partita.Blocking(16)).Done()
	start(t, app)
	var group sync.WaitGroup
	for sender := range senders {
		group.Add(1)
		go func() {
			defer group.Done()
			for n := range each {
				for key := range keys {
					if err := source.Send(context.Background(), event{key, sender, n}); err != nil {
						fail("%v", err)
					}
				}
			}
		}()
	}
	group.Wait()
	must(t, app.Drain(deadline(t)))
	select {
	case failure := <-failures:
		t.Error(failure)
	default:
	}
	if computed := app.Metrics().Computed; computed != keys*each*senders {
		t.Errorf("%d messages were computed", computed)
	}
}

func TestAGoroutineOfAStepThatBlocksThatEndsIsReplaced(t *testing.T) {
	source := partita.NewSource()
	app := partita.NewApplication("lost", partita.Workers(1))
	app.NewPipeline("p", source).ToStatePartition(compute(func(data, state interface{}) (interface{}, bool) {
		if data.(int)%10 == 3 {
			runtime.Goexit()
		}
		return nil, true
	}), counters, "s", keyed(func(data interface{}) uint64 { return uint64(data.(int)) }), nil,
		partita.Blocking(2), partita.Skip()).Done()
	start(t, app)
	for n := range 100 {
		send(t, source, n)
	}
	must(t, app.Drain(deadline(t)))
	if metrics := app.Metrics(); metrics.Computed != 90 {
		t.Errorf("%d messages were computed, expected 90", metrics.Computed)
	}
}

// meeting is a stateless computation of which so many must run at once.
type meeting struct {
	lock  sync.Mutex
	here  int
	group chan struct{}
	size  int
}

func (meeting *meeting) Compute(data interface{}) interface{} {
	meeting.lock.Lock()
	meeting.here++
	group := meeting.group
	if meeting.here == meeting.size {
		meeting.here, meeting.group = 0, make(chan struct{})
		close(group)
	}
	meeting.lock.Unlock()
	<-group
	return data
}

func TestAParallelStepThatBlocksUsesAllOfItsGoroutines(t *testing.T) {
	const threads = 6
	source, queue := partita.NewSource(), partita.NewQueueSink("out", 0)
	app := partita.NewApplication("parallel", partita.Workers(1))
	app.NewPipeline("p", source).
		ToParallel(&meeting{group: make(chan struct{}), size: threads}, partita.Blocking(threads)).
		ToSink(queue)
	start(t, app)
	for range 50 {
		for n := range threads {
			send(t, source, n)
		}
		for left := threads; left > 0; {
			count, err := queue.Poll(deadline(t), make([]interface{}, left))
			must(t, err)
			left -= count
		}
	}
	ordered := partita.NewApplication("ordered")
	ordered.NewPipeline("p", partita.NewSource()).To(&meeting{}, partita.Blocking(2)).Done()
	if err := ordered.Check(); err == nil || !strings.Contains(err.Error(), "expected a parallel step") {
		t.Errorf("an ordered step without a state that blocks: %v", err)
	}
}

func TestWhatWouldDeadlockInAStepThatBlocksIsRefused(t *testing.T) {
	source, other := partita.NewSourceOf[int](partita.Credits(1)), partita.NewSourceOf[int]()
	app, others := partita.NewApplication("a", partita.Workers(1)), partita.NewApplication("others", partita.Workers(1))
	partita.NewPipelineOf(others, "p", other).Done()
	start(t, others)
	ctx := deadline(t)
	partita.ToStatePartition(partita.NewPipelineOf(app, "p", source), partita.PartitionOf[int, int]{Name: "s"},
		func(n int) int { return n },
		func(_, n int, _ *int, _ *partita.Emitter[partita.None]) (bool, error) {
			for what, err := range map[string]error{
				"Wait":  app.Wait(ctx),
				"Drain": app.Drain(ctx),
				"Close": app.Close(ctx),
				"Send":  source.Send(ctx, n), // there is one credit, and it is taken
			} {
				if !errors.Is(err, partita.ErrWouldDeadlock) {
					t.Errorf("%s: %v", what, err)
				}
			}
			// What is another application's may be waited for.
			if err := errors.Join(other.Send(ctx, n), others.Drain(ctx)); err != nil {
				t.Errorf("another application: %v", err)
			}
			return true, nil
		}, partita.Blocking(2)).Done()
	start(t, app)
	for n := range 5 {
		must(t, source.Send(ctx, n))
	}
	must(t, app.Drain(ctx))
}

func TestIdleGoroutinesOfAStepThatBlocksUseNoProcessorTime(t *testing.T) {
	held := hold(64, partita.Workers(2))
	start(t, held.app)
	held.fill(t, 64)
	close(held.gate)
	must(t, held.app.Drain(deadline(t)))
	used := processorTime(t)
	ctx, cancel := context.WithTimeout(context.Background(), time.Second/2)
	defer cancel()
	if err := held.app.Wait(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("Wait returned %v", err)
	}
	used = processorTime(t) - used
	t.Logf("%v of processor time in half a second", used)
	if used > 5*time.Millisecond && !instrumented {
		t.Errorf("%v of processor time in half a second of nothing to do", used)
	}
}

func TestThreadsOfBlockingStepsAreChecked(t *testing.T) {
	check := func(options ...[]partita.StepOption) string {
		app := partita.NewApplication("a")
		pipeline := app.NewPipeline("p", partita.NewSource())
		for i, options := range options {
			options = append(options, partita.WithName(fmt.Sprint("s", i)))
			pipeline.ToStatePartition(compute(count), counters, "counters", byKey, nil, options...)
		}
		pipeline.Done()
		if err := app.Check(); err != nil {
			return err.Error()
		}
		return ""
	}
	one := func(threads int) []partita.StepOption { return []partita.StepOption{partita.Blocking(threads)} }
	for _, test := range []struct{ found, expected string }{
		{check(one(4), one(4), nil), ""},
		{check(one(0)), "threads of a blocking step: expected 1 or more, got 0"},
		{check(one(-1)), "threads of a blocking step: expected 1 or more, got -1"},
		{check(one(1025)), "threads of blocking steps: expected 0 to 1024, got 1025"},
		{check(one(4), one(5)), `it is blocking with 5 threads, and another step of partition "counters" with 4`},
	} {
		if (test.expected == "") != (test.found == "") || !strings.Contains(test.found, test.expected) {
			t.Errorf("found %q, expected %q", test.found, test.expected)
		}
	}
	app := partita.NewApplication("a")
	app.NewPipeline("p", partita.NewSource()).ToSink(partita.NewQueueSink("out", 0), partita.Blocking(2))
	if err := app.Check(); err == nil || !strings.Contains(err.Error(), `sink "out": it is blocking`) {
		t.Errorf("a blocking sink: %v", err)
	}
}
