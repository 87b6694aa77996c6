package partita_test

import (
	"context"
	"slices"
	"testing"

	"github.com/partita-stream/partita/go/partita"
)

// tick is a message of 40 bytes.
type tick struct {
	symbol name
	price  float64
	number int64
	volume uint64
}

// book is the state of a symbol.
type book struct {
	price float64
	count int
}

func symbolOf(tick tick) name { return tick.symbol }

func numberOf(tick tick) int64 { return tick.number }

func keep[K any](_ K, tick tick, book *book, _ *partita.Emitter[partita.None]) (bool, error) {
	book.price = tick.price * float64(tick.volume)
	book.count++
	return true, nil
}

func forward[K any](_ K, tick tick, book *book, out *partita.Emitter[tick2]) (bool, error) {
	book.count++
	out.Emit(tick2{tick, book.count})
	return true, nil
}

func again[K any](_ K, in tick2, book *book, out *partita.Emitter[tick2]) (bool, error) {
	book.count++
	out.Emit(in)
	out.Emit(in)
	return true, nil
}

// tick2 is a message of another type.
type tick2 struct {
	tick
	count int
}

func TestAMillionTypedMessagesAllocateNothing(t *testing.T) {
	const keys = 1000
	messages := 1 << 20
	if instrumented {
		messages >>= 5
	}
	cancellable, cancel := context.WithCancel(context.Background())
	defer cancel()
	ready := make([]tick, 1<<14)
	for i := range ready {
		ready[i] = tick{symbol: name("symbol ") + name(rune('a'+i%26)), price: float64(i), number: int64(i % keys), volume: uint64(i)}
	}
	symbols := partita.PartitionOf[name, book]{Name: "symbols"}
	numbers := partita.PartitionOf[int64, book]{Name: "numbers"}
	taken := 0
	take := func() partita.SinkOf[tick2] {
		return partita.NewSinkFuncOf("out", func(batch []tick2) error { taken += len(batch); return nil })
	}
	for name, declare := range map[string]func(from partita.Stream[tick]) func(ctx context.Context){
		"no output": func(from partita.Stream[tick]) func(context.Context) {
			partita.ToStatePartition(from, numbers, numberOf, keep).Done()
			return nil
		},
		"string keys": func(from partita.Stream[tick]) func(context.Context) {
			partita.ToStatePartition(from, symbols, symbolOf, keep).Done()
			return nil
		},
		"no keys": func(from partita.Stream[tick]) func(context.Context) {
			partita.ToStateful(from, partita.StateOf[book]{Name: "book"},
				func(in tick, state *book, out *partita.Emitter[partita.None]) (bool, error) {
					return keep(0, in, state, out)
				}).Done()
			return nil
		},
		"an output of another type": func(from partita.Stream[tick]) func(context.Context) {
			partita.ToStatePartition(from, numbers, numberOf, forward).ToSink(take())
			return nil
		},
		"three steps": func(from partita.Stream[tick]) func(context.Context) {
			first := partita.ToStatePartition(from, symbols, symbolOf, forward)
			second := partita.ToStatePartition(first, numbers, func(in tick2) int64 { return in.number }, again)
			third := partita.ToStatePartition(second, symbols, func(in tick2) name { return in.symbol }, again, partita.WithName("third"))
			third.ToSink(take())
			return nil
		},
		"stateless steps": func(from partita.Stream[tick]) func(context.Context) {
			doubled := func(in tick2, out *partita.Emitter[tick2]) error {
				out.Emit(in)
				out.Emit(in)
				return nil
			}
			counted := partita.To(from, func(in tick) (tick2, bool, error) { return tick2{in, 1}, true, nil })
			led := partita.ToMulti(counted, doubled)
			kept := partita.ToStatePartition(led, numbers, func(in tick2) int64 { return in.number }, again)
			partita.ToMulti(kept, doubled, partita.WithName("behind")).ToSink(take())
			return nil
		},
		"two sinks": func(from partita.Stream[tick]) func(context.Context) {
			queue := partita.NewQueueSinkOf[tick2]("queue", 0)
			partita.ToStatePartition(from, numbers, numberOf, forward).ToSinks(take(), queue)
			return func(ctx context.Context) {
				for range queue.All(ctx) {
				}
			}
		},
		"a channel": func(from partita.Stream[tick]) func(context.Context) {
			channel := make(chan tick2, 1024)
			partita.ToStatePartition(from, numbers, numberOf, forward).ToSink(partita.NewChannelSinkOf("channel", channel))
			return func(context.Context) {
				for range channel {
				}
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			source := partita.NewSourceOf[tick]()
			app := partita.NewApplication("allocations")
			read := declare(partita.NewPipelineOf(app, "p", source))
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
				for batch := range slices.Chunk(ready, 1024) {
					for range messages / len(ready) {
						if _, err := source.SendBatch(cancellable, batch); err != nil {
							t.Error(err)
							return
						}
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

func TestASingleTypedSendAllocatesNothing(t *testing.T) {
	source := partita.NewSourceOf[tick]()
	app := partita.NewApplication("single")
	numbers := partita.PartitionOf[int64, book]{Name: "s"}
	partita.ToStatePartition(partita.NewPipelineOf(app, "p", source), numbers, numberOf, keep).Done()
	start(t, app)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	feed := func() {
		for i := range int64(100_000) {
			must(t, source.Send(ctx, tick{number: i % 10}))
		}
		must(t, app.Drain(ctx))
	}
	feed()
	each := allocations(100_000, feed)
	t.Logf("%.6f allocations a message", each)
	if each > 0.001 && !instrumented {
		t.Errorf("%.6f allocations a message, expected less than 0.001", each)
	}
}
