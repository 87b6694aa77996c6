package partita_test

import (
	"context"
	"runtime"
	"strconv"
	"testing"

	"github.com/partita-stream/partita/go/partita"
)

// allocations counts the heap objects made by some work, for each of its messages.
func allocations(messages int, work func()) float64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	work()
	runtime.ReadMemStats(&after)
	return float64(after.Mallocs-before.Mallocs) / float64(messages)
}

// boxed is a message or an output that was allocated beforehand.
type boxed struct {
	key   int
	text  string
	out   interface{}
	multi []interface{}
}

func TestAMillionMessagesAllocateNothing(t *testing.T) {
	const keys = 1000
	messages := 1 << 20
	if instrumented {
		messages >>= 5
	}
	cancellable, cancel := context.WithCancel(context.Background())
	defer cancel()
	ready := make([]interface{}, 1<<14)
	for i := range ready {
		message := &boxed{key: i % keys, text: "key " + strconv.Itoa(i%keys)}
		message.out, message.multi = message, []interface{}{message, message}
		ready[i] = message
	}
	byNumber := keyed(func(data interface{}) uint64 { return uint64(data.(*boxed).key) })
	byText := keyedText(func(data interface{}) string { return data.(*boxed).text })
	emit := compute(func(data, state interface{}) (interface{}, bool) {
		state.(*counter).count++
		return data.(*boxed).out, true
	})
	keep := compute(func(_, state interface{}) (interface{}, bool) {
		state.(*counter).count++
		return nil, true
	})
	double := computeMulti(func(data, state interface{}) ([]interface{}, bool) {
		state.(*counter).count++
		return data.(*boxed).multi, true
	})
	twice := transformMulti(func(data interface{}) []interface{} { return data.(*boxed).multi })
	tryEmit := trying(func(data, state interface{}) (interface{}, bool, error) {
		result, changed := emit(data, state)
		return result, changed, nil
	})
	tryDouble := tryingMulti(func(data, state interface{}) ([]interface{}, bool, error) {
		results, changed := double(data, state)
		return results, changed, nil
	})
	taken := 0
	take := func(batch []interface{}) error { taken += len(batch); return nil }
	for name, declare := range map[string]func(pipeline *partita.Pipeline) func(ctx context.Context){
		"no output": func(pipeline *partita.Pipeline) func(context.Context) {
			pipeline.ToStatePartition(keep, counters, "s", byNumber, nil).Done()
			return nil
		},
		"one output": func(pipeline *partita.Pipeline) func(context.Context) {
			pipeline.ToStatePartition(emit, counters, "s", byNumber, nil).ToSink(partita.NewSinkFunc("out", take))
			return nil
		},
		"two outputs": func(pipeline *partita.Pipeline) func(context.Context) {
			pipeline.ToStatePartitionMulti(double, counters, "s", byNumber, nil).ToSink(partita.NewSinkFunc("out", take))
			return nil
		},
		"an error result": func(pipeline *partita.Pipeline) func(context.Context) {
			pipeline.ToStatePartition(tryEmit, counters, "s", byNumber, nil).
				ToStatePartitionMulti(tryDouble, counters, "s", byNumber, nil).
				ToSink(partita.NewSinkFunc("out", take))
			return nil
		},
		"two steps": func(pipeline *partita.Pipeline) func(context.Context) {
			pipeline.ToStatePartition(emit, counters, "s", byNumber, nil).
				ToStatePartitionString(emit, counters, "t", byText, nil, partita.WithName("again")).
				ToSink(partita.NewSinkFunc("out", take))
			return nil
		},
		"stateless steps": func(pipeline *partita.Pipeline) func(context.Context) {
			pipeline.To(passing).To(passing, partita.WithName("b")).To(passing, partita.WithName("c")).
				ToStatePartition(emit, counters, "s", byNumber, nil).
				To(passing, partita.WithName("d")).ToMulti(twice, partita.WithName("e")).
				ToStatePartitionString(emit, counters, "t", byText, nil, partita.WithName("again")).
				ToSink(partita.NewSinkFunc("out", take))
			return nil
		},
		"only stateless steps": func(pipeline *partita.Pipeline) func(context.Context) {
			pipeline.ToMulti(twice).ToParallel(passing).To(passing, partita.WithName("b")).
				ToSink(partita.NewSinkFunc("out", take))
			return nil
		},
		"stateless steps and string keys": func(pipeline *partita.Pipeline) func(context.Context) {
			pipeline.To(passing).ToStatePartitionString(keep, counters, "s", byText, nil).Done()
			return nil
		},
		"string keys": func(pipeline *partita.Pipeline) func(context.Context) {
			pipeline.ToStatePartitionString(emit, counters, "s", byText, nil).Done()
			return nil
		},
		"two sinks": func(pipeline *partita.Pipeline) func(context.Context) {
			queue := partita.NewQueueSink("queue", 0)
			pipeline.ToStatePartition(emit, counters, "s", byNumber, nil).ToSinks(partita.NewSinkFunc("out", take), queue)
			return func(ctx context.Context) {
				for range queue.All(ctx) {
				}
			}
		},
		"a channel": func(pipeline *partita.Pipeline) func(context.Context) {
			channel := make(chan interface{}, 1024)
			pipeline.ToStatePartition(emit, counters, "s", byNumber, nil).ToSink(partita.NewChannelSink("channel", channel))
			return func(context.Context) {
				for range channel {
				}
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			source := partita.NewSource()
			app := partita.NewApplication("allocations")
			read := declare(app.NewPipeline("p", source))
			start(t, app)
			over := make(chan bool)
			go func() {
				defer close(over)
				if read != nil {
					read(cancellable)
				}
			}()
			feed := func(messages int) {
				// A batch of 1,024 often waits for credits, with a context that can be cancelled.
				for sent := 0; sent < messages; sent += 1024 {
					at := sent % len(ready)
					if _, err := source.SendBatch(cancellable, ready[at:at+1024]); err != nil {
						t.Error(err)
						return
					}
				}
				must(t, app.Drain(cancellable))
			}
			feed(messages / 8) // until all rooms have their sizes
			each := allocations(messages, func() { feed(messages) })
			t.Logf("%.6f allocations a message", each)
			if each > 0.001 && !instrumented {
				t.Errorf("%.6f allocations a message, expected less than 0.001", each)
			}
			must(t, app.Stop())
			<-over
		})
	}
}

func TestASingleSendAllocatesNothing(t *testing.T) {
	source := partita.NewSource()
	app := partita.NewApplication("single")
	app.NewPipeline("p", source).ToStatePartition(compute(func(interface{}, interface{}) (interface{}, bool) {
		return nil, true
	}), counters, "s", keyed(func(interface{}) uint64 { return 1 }), nil).Done()
	start(t, app)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	var message interface{} = &boxed{}
	feed := func() {
		for range 100_000 {
			must(t, source.Send(ctx, message))
		}
	}
	feed()
	each := allocations(100_000, feed)
	t.Logf("%.6f allocations a message", each)
	if each > 0.001 && !instrumented {
		t.Errorf("%.6f allocations a message, expected less than 0.001", each)
	}
}

func TestAKnownKeyTakesFewBytes(t *testing.T) {
	const keys = 1 << 20
	source := partita.NewSource()
	app := partita.NewApplication("keys")
	shared := new(counter) // the user's own object is not counted
	app.NewPipeline("p", source).ToStatePartition(compute(func(interface{}, interface{}) (interface{}, bool) {
		return nil, false
	}), partita.Build(func() interface{} { return shared }), "s", keyed(func(data interface{}) uint64 {
		return uint64(*data.(*int)) * 0x9e3779b97f4a7c15
	}), nil).Done()
	start(t, app)
	before := residentMemory(t)
	numbers := make([]int, 1024)
	batch := make([]interface{}, len(numbers))
	for at := 0; at < keys; at += len(batch) {
		must(t, app.Drain(deadline(t)))
		for i := range batch {
			numbers[i] = at + i
			batch[i] = &numbers[i]
		}
		send(t, source, batch...)
	}
	must(t, app.Drain(deadline(t)))
	if parts := app.Metrics().Parts; parts != keys {
		t.Errorf("%d parts, expected %d", parts, keys)
	}
	each := (residentMemory(t) - before) * 1024 / keys
	t.Logf("%d bytes a key", each)
	if each > 56 && !instrumented {
		t.Errorf("a known key takes %d bytes, expected at most 56", each)
	}
}
