package partita_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/partita-stream/partita/go/partita"
)

// reading is a message that is a value: the n-th one of a sender for a meter.
type reading struct {
	meter     string
	sender, n int
	value     float64
}

// meter is the state of a meter.
type meter struct {
	last  [8]int
	count int
}

func meterOf(reading reading) string { return reading.meter }

// readings makes messages for meters, one after another.
func readings(sender, count, meters int) []reading {
	batch := make([]reading, count)
	for i := range batch {
		batch[i] = reading{meter: fmt.Sprint("m", i%meters), sender: sender, n: i, value: float64(i)}
	}
	return batch
}

// pass counts a message, and emits it.
func pass(_ string, reading reading, meter *meter, out *partita.Emitter[reading]) (bool, error) {
	meter.count++
	out.Emit(reading)
	return true, nil
}

// sendAll sends messages, each of them.
func sendAll[T any](t testing.TB, source *partita.SourceOf[T], messages ...T) {
	t.Helper()
	sent, err := source.SendBatch(deadline(t), messages)
	if err != nil || sent != len(messages) {
		t.Fatalf("sent %d of %d: %v", sent, len(messages), err)
	}
}

// collect is a sink that keeps what it takes. It is to be read when nothing is in flight.
func collect[T any](name string) (partita.SinkOf[T], *[]T) {
	taken := new([]T)
	return partita.NewSinkFuncOf(name, func(batch []T) error {
		*taken = append(*taken, batch...)
		return nil
	}), taken
}

// buried is an application's dead letters. They are to be read when nothing is in flight.
func buried() (partita.Option, *[]partita.DeadLetter) {
	letters := new([]partita.DeadLetter)
	return partita.DeadLetters(func(letter partita.DeadLetter) { *letters = append(*letters, letter) }), letters
}

func TestTypedMessagesOfOneKeyKeepTheirOrder(t *testing.T) {
	const senders, each = 4, 20_000
	source := partita.NewSourceOf[reading]()
	app := partita.NewApplication("order", partita.Workers(3))
	check := func(key string, reading reading, meter *meter, out *partita.Emitter[reading]) (bool, error) {
		if key != reading.meter {
			return false, fmt.Errorf("the key is %q", key)
		}
		if reading.n < meter.last[reading.sender] {
			return false, fmt.Errorf("%v came behind %d", reading, meter.last[reading.sender])
		}
		meter.last[reading.sender] = reading.n
		return pass(key, reading, meter, out)
	}
	first := partita.ToStatePartition(partita.NewPipelineOf(app, "p", source),
		partita.PartitionOf[string, meter]{Name: "one"}, meterOf, check)
	second := partita.ToStatePartition(first,
		partita.PartitionOf[string, meter]{Name: "two"}, meterOf, check, partita.WithName("again"))
	sink, taken := collect[reading]("out")
	second.ToSink(sink)
	start(t, app)
	var crew sync.WaitGroup
	for sender := range senders {
		runIn(&crew, func() {
			for batch := range slices.Chunk(readings(sender, each, 37), 100+sender) {
				sendAll(t, source, batch...)
			}
		})
	}
	crew.Wait()
	must(t, app.Drain(deadline(t)))
	if len(*taken) != senders*each {
		t.Errorf("%d outputs, expected %d", len(*taken), senders*each)
	}
	last := make(map[string]int)
	for _, reading := range *taken {
		who := fmt.Sprint(reading.meter, " ", reading.sender)
		if before, seen := last[who]; seen && reading.n <= before {
			t.Fatalf("%v was delivered behind %d", reading, before)
		}
		last[who] = reading.n
	}
}

type (
	tiny  int8
	id    uint32
	name  string
	plain = int
)

// keeps shows that keys of a type find their states and come back as they are.
func keeps[K partita.KeyType](t *testing.T, keys ...K) {
	t.Run(fmt.Sprintf("%T", keys[0]), func(t *testing.T) {
		bury, letters := buried()
		source := partita.NewSourceOf[K]()
		app := partita.NewApplication("keys", bury)
		declared := keys[:len(keys)-1]
		counts := partita.PartitionOf[K, int]{Name: "s", Keys: declared, Build: func(K) int { return 10 }}
		partita.ToStatePartition(partita.NewPipelineOf(app, "p", source), counts,
			func(key K) K { return key },
			func(key, in K, count *int, _ *partita.Emitter[partita.None]) (bool, error) {
				if key != in {
					return false, fmt.Errorf("the key of %v is %v", in, key)
				}
				*count++
				return true, nil
			}).Done()
		start(t, app)
		sendAll(t, source, keys...)
		sendAll(t, source, keys...)
		must(t, app.Drain(deadline(t)))
		got := make(map[K]int)
		must(t, counts.Parts(app, func(key K, count *int) bool { got[key] = *count; return true }))
		want := make(map[K]int)
		for _, key := range declared {
			want[key] = 12
		}
		if !maps.Equal(got, want) {
			t.Errorf("the states are %v, expected %v", got, want)
		}
		unknown := keys[len(keys)-1]
		if len(*letters) != 2 || (*letters)[0].Data != any(unknown) || (*letters)[0].Reason != partita.DeadUnknownKey {
			t.Fatalf("the dead letters are %v, expected two of %v", *letters, unknown)
		}
		if key := (*letters)[0].Key; key.String() != fmt.Sprint(unknown) && key.Number != 1<<64-1 {
			t.Errorf("the key of a dead letter is %v, expected %v", key, unknown)
		}
	})
}

func TestKeysOfEveryTypeFindTheirStates(t *testing.T) {
	keeps[int](t, 0, 1, -2, 1<<62, -1<<63, -1)
	keeps[int8](t, 0, 127, -128, -1)
	keeps[int16](t, 0, 1<<15-1, -1<<15, -1)
	keeps[int32](t, 0, 1<<31-1, -1<<31, -1)
	keeps[int64](t, 0, 1<<63-1, -1<<63, -1)
	keeps[uint](t, 0, 1<<64-1, 5)
	keeps[uint8](t, 0, 255, 5)
	keeps[uint16](t, 0, 1<<16-1, 5)
	keeps[uint32](t, 0, 1<<32-1, 5)
	keeps[uint64](t, 0, 1<<64-1, 5)
	keeps[uintptr](t, 0, 1<<64-1, 5)
	keeps[string](t, "", "a", "a\x00", strings.Repeat("long", 100_000), "\xff")
	keeps[tiny](t, 1, -5, -1)
	keeps[id](t, 1, 1<<31, 7)
	keeps[name](t, "", "name", "other")
	keeps[plain](t, 3, 2, 1)
}

func TestAKeyWithASignIsTold(t *testing.T) {
	source := partita.NewSourceOf[tiny]()
	app := partita.NewApplication("signs")
	partita.ToStatePartition(partita.NewPipelineOf(app, "p", source), partita.PartitionOf[tiny, int]{Name: "s"},
		func(key tiny) tiny { return key },
		func(_, in tiny, _ *int, _ *partita.Emitter[partita.None]) (bool, error) {
			return false, &odd{int(in)}
		}, partita.WithName("fails")).Done()
	start(t, app)
	sendAll(t, source, -5)
	err := app.Wait(deadline(t))
	var cause *odd
	if !errors.As(err, &cause) || cause.n != -5 {
		t.Errorf("%v: expected the computation's error in it", err)
	}
	says(t, err, `pipeline "p" / step 1 "fails"`, `computation "fails", key -5, message -5: -5 is odd`)
}

// failures are the ways in which a computation fails on a message.
var failures = map[string]func(n int) error{
	"error":  func(n int) error { return &odd{n} },
	"panic":  func(n int) error { panic(fmt.Sprint(n, " is odd")) },
	"Goexit": func(int) error { runtime.Goexit(); return nil },
}

func TestATypedMessageThatFailsIsADeadLetterAsItWasSent(t *testing.T) {
	for how, fail := range failures {
		t.Run(how, func(t *testing.T) {
			const count = 300
			bury, letters := buried()
			source := partita.NewSourceOf[reading]()
			app := partita.NewApplication("fails", partita.Workers(2), bury)
			meters := partita.PartitionOf[string, meter]{Name: "s"}
			behind := partita.ToStatePartition(partita.NewPipelineOf(app, "p", source), meters, meterOf,
				func(_ string, reading reading, meter *meter, out *partita.Emitter[reading]) (bool, error) {
					meter.count++
					for range reading.n % 70 {
						out.Emit(reading)
					}
					if reading.n%3 == 1 {
						return true, fail(reading.n)
					}
					return true, nil
				}, partita.Skip())
			sink, taken := collect[reading]("out")
			behind.ToSink(sink)
			start(t, app)
			sent := readings(0, count, 5)
			sendAll(t, source, sent...)
			must(t, app.Drain(deadline(t)))
			var dead []reading
			for _, letter := range *letters {
				if letter.Reason != partita.DeadCompute {
					t.Errorf("a dead letter: %v", letter)
				}
				dead = append(dead, letter.Data.(reading))
			}
			byNumber := func(a, b reading) int { return a.n - b.n }
			slices.SortFunc(dead, byNumber)
			slices.SortStableFunc(*taken, byNumber)
			var wantDead, want []reading
			for _, reading := range sent {
				if reading.n%3 == 1 {
					wantDead = append(wantDead, reading)
					continue
				}
				for range reading.n % 70 {
					want = append(want, reading)
				}
			}
			if !slices.Equal(dead, wantDead) {
				t.Errorf("dead are %v, expected %v", dead, wantDead)
			}
			if !slices.Equal(*taken, want) {
				t.Errorf("%d outputs, expected %d, each with its message", len(*taken), len(want))
			}
			total := 0
			must(t, meters.Parts(app, func(_ string, meter *meter) bool { total += meter.count; return true }))
			if total != count {
				t.Errorf("the states have counted %d, expected all %d", total, count)
			}
		})
	}
}

func TestATypedStateIsReset(t *testing.T) {
	for how, fail := range failures {
		t.Run(how, func(t *testing.T) {
			source := partita.NewSourceOf[int]()
			app := partita.NewApplication("reset")
			sink, taken := collect[int]("out")
			partita.ToStateful(partita.NewPipelineOf(app, "p", source),
				partita.StateOf[int]{Name: "s", Build: func() int { return 100 }},
				func(n int, state *int, out *partita.Emitter[int]) (bool, error) {
					*state++
					if n == 2 {
						return false, fail(n)
					}
					out.Emit(*state)
					return true, nil
				}, partita.Reset()).ToSink(sink)
			start(t, app)
			sendAll(t, source, 0, 1, 2, 3, 4)
			must(t, app.Drain(deadline(t)))
			if want := []int{101, 102, 101, 102}; !slices.Equal(*taken, want) {
				t.Errorf("the outputs are %v, expected %v", *taken, want)
			}
		})
	}
}

func TestATypedStateThatCannotBeBuiltFailsItsMessage(t *testing.T) {
	bury, letters := buried()
	source := partita.NewSourceOf[reading]()
	app := partita.NewApplication("build", bury)
	meters := partita.PartitionOf[string, meter]{Name: "s", Build: func(key string) meter {
		if key == "m1" {
			panic("no such meter")
		}
		return meter{count: 100}
	}}
	partita.ToStatePartition(partita.NewPipelineOf(app, "p", source), meters, meterOf, pass, partita.Skip()).Done()
	start(t, app)
	sendAll(t, source, readings(0, 6, 3)...)
	must(t, app.Drain(deadline(t)))
	if len(*letters) != 2 || (*letters)[0].Reason != partita.DeadBuild {
		t.Fatalf("the dead letters are %v", *letters)
	}
	if text := (*letters)[0].Text; !strings.Contains(text, `builder "TestATypedStateThatCannotBeBuilt`) ||
		!strings.Contains(text, `, key "m1": panic: no such meter`) {
		t.Errorf("the text is %q", text)
	}
	must(t, meters.Parts(app, func(key string, meter *meter) bool {
		if meter.count != 102 {
			t.Errorf("%s has %d, expected 102", key, meter.count)
		}
		return true
	}))
}

func TestATypedPartitionFunctionThatFailsKillsItsMessage(t *testing.T) {
	for _, behind := range []bool{false, true} {
		for how, fail := range failures {
			if how == "Goexit" && !behind {
				continue // it ends the goroutine that sends
			}
			t.Run(fmt.Sprint(how, " behind a step ", behind), func(t *testing.T) {
				bury, letters := buried()
				source := partita.NewSourceOf[reading]()
				app := partita.NewApplication("keys", bury)
				stream := partita.NewPipelineOf(app, "p", source)
				if behind {
					stream = partita.ToStatePartition(stream, partita.PartitionOf[string, meter]{Name: "before"}, meterOf, pass)
				}
				sink, taken := collect[reading]("out")
				partita.ToStatePartition(stream, partita.PartitionOf[string, meter]{Name: "s"}, func(reading reading) string {
					if reading.n%10 == 3 {
						if err := fail(reading.n); err != nil {
							panic(err)
						}
					}
					return reading.meter
				}, pass, partita.Skip(), partita.WithName("keyed")).ToSink(sink)
				start(t, app)
				sendAll(t, source, readings(0, 200, 7)...)
				must(t, app.Drain(deadline(t)))
				if len(*letters) != 20 || len(*taken) != 180 {
					t.Errorf("%d dead letters and %d outputs, expected 20 and 180", len(*letters), len(*taken))
				}
				for _, letter := range *letters {
					if letter.Reason != partita.DeadPartition || letter.Data.(reading).n%10 != 3 {
						t.Errorf("a dead letter: %v", letter)
					}
				}
			})
		}
	}
}

func TestAMessageMayHaveManyTypedOutputs(t *testing.T) {
	const many = 100_000
	source := partita.NewSourceOf[int]()
	app := partita.NewApplication("many")
	sink, taken := collect[string]("out")
	partita.ToStateful(partita.NewPipelineOf(app, "p", source), partita.StateOf[partita.None]{Name: "s"},
		func(n int, _ *partita.None, out *partita.Emitter[string]) (bool, error) {
			for i := range n {
				out.Emit(fmt.Sprint(i))
			}
			return false, nil
		}).ToSink(sink)
	start(t, app)
	sendAll(t, source, many, 0, 1, many)
	must(t, app.Drain(deadline(t)))
	if len(*taken) != 2*many+1 {
		t.Fatalf("%d outputs, expected %d", len(*taken), 2*many+1)
	}
	for i, text := range (*taken)[:many] {
		if text != fmt.Sprint(i) {
			t.Fatalf("output %d is %q", i, text)
		}
	}
}

func TestATypedStateStaysWhereItIs(t *testing.T) {
	source := partita.NewSourceOf[int]()
	app := partita.NewApplication("places", partita.Workers(3))
	type place struct{ self *place }
	places := partita.PartitionOf[int, place]{Name: "s"}
	partita.ToStatePartition(partita.NewPipelineOf(app, "p", source), places, func(n int) int { return n % 20_000 },
		func(n, _ int, state *place, _ *partita.Emitter[partita.None]) (bool, error) {
			if state.self == nil {
				state.self = state
			}
			if state.self != state {
				return false, fmt.Errorf("the state of %d has moved", n)
			}
			return true, nil
		}).Done()
	start(t, app)
	batch := make([]int, 60_000)
	for i := range batch {
		batch[i] = i
	}
	sendAll(t, source, batch...)
	must(t, app.Drain(deadline(t)))
}

func TestTypedMessagesOfEveryShape(t *testing.T) {
	through(t, partita.None{})
	through(t, &reading{meter: "pointer"})
	through[*reading](t, nil)
	through(t, [100]string{0: "first", 99: "last"})
	through(t, error(&odd{1}))
	through(t, any(1))
	through(t, byte(7))
	through(t, "text")
}

// through shows that a message comes through a step and two sinks as it is.
func through[T comparable](t *testing.T, message T) {
	t.Run(fmt.Sprintf("%T", message), func(t *testing.T) {
		source := partita.NewSourceOf[T]()
		app := partita.NewApplication("shapes")
		one, taken := collect[T]("one")
		two, again := collect[T]("two")
		partita.ToStateful(partita.NewPipelineOf(app, "p", source), partita.StateOf[T]{Name: "s"},
			func(in T, state *T, out *partita.Emitter[T]) (bool, error) {
				*state = in
				out.Emit(in)
				return true, nil
			}).ToSinks(one, two)
		start(t, app)
		must(t, source.Send(deadline(t), message))
		must(t, source.TrySend(message))
		sendAll(t, source, message)
		must(t, app.Drain(deadline(t)))
		for _, taken := range []*[]T{taken, again} {
			if !slices.Equal(*taken, []T{message, message, message}) {
				t.Errorf("the outputs are %v", *taken)
			}
		}
		must(t, app.Parts("s", func(_ partita.Key, state interface{}) bool {
			if *state.(*T) != message {
				t.Errorf("the state is %v", state)
			}
			return true
		}))
	})
}

func TestANilInterfaceIsNoMessage(t *testing.T) {
	source := partita.NewSourceOf[error]()
	app := partita.NewApplication("nil")
	sink, taken := collect[error]("out")
	all := func(error) int { return 1 }
	emitNil := func(_ int, in error, _ *int, out *partita.Emitter[error]) (bool, error) {
		out.Emit(nil)
		out.Emit(in)
		out.Emit(nil)
		return false, nil
	}
	first := partita.ToStatePartition(partita.NewPipelineOf(app, "p", source), partita.PartitionOf[int, int]{Name: "s"}, all, emitNil)
	partita.ToStatePartition(first, partita.PartitionOf[int, int]{Name: "s"}, all, emitNil, partita.WithName("again")).ToSink(sink)
	start(t, app)
	message := error(&odd{1})
	for _, send := range []func() error{
		func() error { return source.Send(deadline(t), nil) },
		func() error { return source.TrySend(nil) },
		func() error {
			sent, err := source.SendBatch(deadline(t), []error{message, nil, message})
			if sent != 1 {
				t.Errorf("sent %d, expected 1", sent)
			}
			return err
		},
	} {
		if err := send(); !errors.Is(err, partita.ErrInvalidArgument) {
			t.Errorf("sending nil: %v", err)
		}
	}
	must(t, app.Drain(deadline(t)))
	if !slices.Equal(*taken, []error{message}) {
		t.Errorf("the outputs are %v", *taken)
	}
}

func TestTypedSinksOfEveryKind(t *testing.T) {
	const count = 5000
	source := partita.NewSourceOf[reading]()
	app := partita.NewApplication("sinks")
	function, taken := collect[reading]("function")
	queue := partita.NewQueueSinkOf[reading]("queue", 10)
	polled := partita.NewQueueSinkOf[reading]("polled", 10)
	channel := make(chan reading)
	partita.ToStatePartition(partita.NewPipelineOf(app, "p", source), partita.PartitionOf[string, meter]{Name: "s"}, meterOf, pass).
		ToSinks(function, queue, partita.NewChannelSinkOf("channel", channel)).
		ToSink(polled)
	start(t, app)
	var fromQueue, fromChannel, fromPoll []reading
	var crew sync.WaitGroup
	runIn(&crew, func() {
		for reading := range queue.All(context.Background()) {
			fromQueue = append(fromQueue, reading)
		}
	})
	runIn(&crew, func() {
		for reading := range channel {
			fromChannel = append(fromChannel, reading)
		}
	})
	runIn(&crew, func() {
		batch := make([]reading, 7)
		for {
			count, err := polled.Poll(context.Background(), batch)
			if err != nil {
				if !errors.Is(err, partita.ErrStopped) {
					t.Error(err)
				}
				return
			}
			fromPoll = append(fromPoll, batch[:count]...)
		}
	})
	sendAll(t, source, readings(0, count, 1)...)
	must(t, app.Drain(deadline(t)))
	must(t, app.Stop())
	crew.Wait()
	want := readings(0, count, 1)
	for what, got := range map[string][]reading{"function": *taken, "queue": fromQueue, "channel": fromChannel, "poll": fromPoll} {
		if !slices.Equal(got, want) {
			t.Errorf("the %s got %d messages, expected all %d in order", what, len(got), count)
		}
	}
}

func TestATypedPipelineWithoutSteps(t *testing.T) {
	source := partita.NewSourceOf[reading]()
	app := partita.NewApplication("none")
	one, taken := collect[reading]("one")
	two, again := collect[reading]("two")
	partita.NewPipelineOf(app, "p", source).ToSinks(one, two)
	start(t, app)
	sent := readings(0, 3000, 3)
	sendAll(t, source, sent...)
	must(t, app.Drain(deadline(t)))
	if !slices.Equal(*taken, sent) || !slices.Equal(*again, sent) {
		t.Errorf("%d and %d messages, expected %d in order", len(*taken), len(*again), len(sent))
	}
}

func TestTypedAndInterfacePipelinesMeetInOneApplication(t *testing.T) {
	const each = 3000
	typed, untyped := partita.NewSourceOf[reading](), partita.NewSource()
	app := partita.NewApplication("both", partita.Workers(2))
	sink, taken := collect[reading]("out")
	meters := partita.PartitionOf[string, meter]{Name: "typed"}
	partita.ToStatePartition(partita.NewPipelineOf(app, "typed", typed), meters, meterOf, pass).ToSink(sink)
	outputs := 0
	app.NewPipeline("untyped", untyped).ToStatePartition(compute(count), counters, "untyped", byKey, nil).
		ToSink(partita.NewSinkFunc("out", func(batch []interface{}) error { outputs += len(batch); return nil }))
	start(t, app)
	var crew sync.WaitGroup
	runIn(&crew, func() { sendAll(t, typed, readings(0, each, 9)...) })
	runIn(&crew, func() { send(t, untyped, events(0, each, 9)...) })
	crew.Wait()
	must(t, app.Drain(deadline(t)))
	if len(*taken) != each || outputs != each {
		t.Errorf("%d and %d outputs, expected %d each", len(*taken), outputs, each)
	}
	for _, partition := range []string{"typed", "untyped"} {
		total := 0
		must(t, app.Parts(partition, func(_ partita.Key, state interface{}) bool {
			switch state := state.(type) {
			case *meter:
				total += state.count
			case *counter:
				total += state.count
			}
			return true
		}))
		if total != each {
			t.Errorf("the states of %q have counted %d, expected %d", partition, total, each)
		}
	}
}

func TestTypedPartsAreReadWithTheirTypes(t *testing.T) {
	source := partita.NewSourceOf[reading]()
	app := partita.NewApplication("parts")
	meters := partita.PartitionOf[string, meter]{Name: "s"}
	total := partita.StateOf[int]{Name: "total"}
	stream := partita.ToStatePartition(partita.NewPipelineOf(app, "p", source), meters, meterOf, pass)
	partita.ToStateful(stream, total, func(_ reading, total *int, _ *partita.Emitter[partita.None]) (bool, error) {
		*total++
		return true, nil
	}).Done()
	visit := func(string, *meter) bool { return true }
	if err := meters.Parts(app, visit); !errors.Is(err, partita.ErrNotStarted) {
		t.Errorf("before the start: %v", err)
	}
	start(t, app)
	sendAll(t, source, readings(0, 10, 5)...)
	must(t, app.Drain(deadline(t)))
	visited := 0
	must(t, meters.Parts(app, func(_ string, meter *meter) bool {
		visited++
		meter.count = 50
		return visited < 3
	}))
	changed := 0
	must(t, meters.Parts(app, func(_ string, meter *meter) bool { changed += meter.count / 50; return true }))
	if visited != 3 || changed != 3 {
		t.Errorf("%d states were visited and %d changed, expected 3", visited, changed)
	}
	must(t, total.Parts(app, func(total *int) bool {
		if *total != 10 {
			t.Errorf("the total is %d, expected 10", *total)
		}
		return true
	}))
	wrong := partita.PartitionOf[string, int]{Name: "s"}.Parts(app, func(string, *int) bool { return true })
	if !errors.Is(wrong, partita.ErrInvalidArgument) {
		t.Errorf("other types: %v", wrong)
	}
	says(t, wrong, `application "parts" / partition "s"`, "it was declared with a partita_test.meter for each string, and is used with a int for each string")
	if err := (partita.PartitionOf[string, meter]{Name: "x"}).Parts(app, visit); !errors.Is(err, partita.ErrNotFound) {
		t.Errorf("another name: %v", err)
	}
	if err := meters.Parts(app, nil); !errors.Is(err, partita.ErrInvalidArgument) {
		t.Errorf("a nil function: %v", err)
	}
	if err := total.Parts(app, nil); !errors.Is(err, partita.ErrInvalidArgument) {
		t.Errorf("a nil function: %v", err)
	}
}

func TestAnEmitterIsOfNoUseBehindItsCall(t *testing.T) {
	var kept *partita.Emitter[int]
	source := partita.NewSourceOf[int]()
	app := partita.NewApplication("behind")
	partita.ToStateful(partita.NewPipelineOf(app, "p", source), partita.StateOf[int]{Name: "s"},
		func(n int, _ *int, out *partita.Emitter[int]) (bool, error) {
			kept = out
			out.Emit(n)
			return false, nil
		}).Done()
	start(t, app)
	sendAll(t, source, 1)
	must(t, app.Drain(deadline(t)))
	defer func() {
		if text := fmt.Sprint(recover()); !strings.Contains(text, "Emit was called when") {
			t.Errorf("Emit behind the call: %s", text)
		}
	}()
	kept.Emit(2)
}

func TestAnEmitterOfATestKeepsWhatItIsGiven(t *testing.T) {
	var out partita.Emitter[reading]
	var state meter
	for _, reading := range readings(0, 3, 1) {
		if changed, err := pass("m0", reading, &state, &out); !changed || err != nil {
			t.Errorf("pass returned %v, %v", changed, err)
		}
	}
	if kept := out.Kept(); !slices.Equal(kept, readings(0, 3, 1)) || state.count != 3 {
		t.Errorf("the emitter has %v, and the state %v", kept, state)
	}
	var errs partita.Emitter[error]
	errs.Emit(nil)
	if kept := errs.Kept(); len(kept) != 0 {
		t.Errorf("the emitter has %v, expected nothing", kept)
	}
}

// runIn runs code on a goroutine that the crew waits for.
func runIn(crew *sync.WaitGroup, code func()) {
	crew.Add(1)
	go func() {
		defer crew.Done()
		code()
	}()
}

func TestATypedMessageIsNotKeptWhenItIsDone(t *testing.T) {
	for name, fails := range map[string]bool{"completed": false, "failed": true} {
		t.Run(name, func(t *testing.T) {
			const each = 100
			source := partita.NewSourceOf[*reading]()
			app := partita.NewApplication("pins")
			gone := make(chan bool, 2*each)
			partita.ToStateful(partita.NewPipelineOf(app, "p", source), partita.StateOf[int]{Name: "s"},
				func(in *reading, _ *int, out *partita.Emitter[*reading]) (bool, error) {
					output := new(reading)
					runtime.SetFinalizer(output, func(*reading) { gone <- true })
					out.Emit(output)
					if fails {
						return false, &odd{in.n}
					}
					return false, nil
				}, partita.Skip()).Done()
			start(t, app)
			for range each {
				message := new(reading)
				runtime.SetFinalizer(message, func(*reading) { gone <- true })
				sendAll(t, source, message)
			}
			must(t, app.Drain(deadline(t)))
			await(t, "all messages and outputs are gone", func() bool { runtime.GC(); return len(gone) == 2*each })
			runtime.KeepAlive(app)
		})
	}
}

func TestATypedKeyIsPutIntoQuarantineAndReleased(t *testing.T) {
	quarantine(t, "", "a key", "other")
	quarantine(t, int16(-1), 1<<15-1, 7)
	quarantine(t, uint64(1<<64-1), 0, 7)
}

// quarantine shows that the first two keys are put into quarantine and released.
func quarantine[K partita.KeyType](t *testing.T, keys ...K) {
	t.Run(fmt.Sprintf("%T", keys[0]), func(t *testing.T) {
		bury, letters := buried()
		source := partita.NewSourceOf[K]()
		app := partita.NewApplication("quarantine", bury)
		counts := partita.PartitionOf[K, int]{Name: "s"}
		partita.ToStatePartition(partita.NewPipelineOf(app, "p", source), counts, func(key K) K { return key },
			func(key, _ K, count *int, _ *partita.Emitter[partita.None]) (bool, error) {
				*count++
				if *count == 1 && key != keys[2] {
					return false, &odd{1}
				}
				return true, nil
			}, partita.Quarantine()).Done()
		start(t, app)
		for range 3 {
			sendAll(t, source, keys...)
		}
		must(t, app.Drain(deadline(t)))
		listed, err := counts.Quarantined(app)
		must(t, err)
		slices.Sort(listed)
		want := slices.Sorted(slices.Values(keys[:2]))
		if !slices.Equal(listed, want) || len(*letters) != 6 {
			t.Errorf("in quarantine are %v, with %d dead letters, expected %v, with 6", listed, len(*letters), want)
		}
		for _, key := range want {
			must(t, counts.Release(app, key))
			if err := counts.Release(app, key); !errors.Is(err, partita.ErrNotFound) {
				t.Errorf("a second release: %v", err)
			}
		}
		sendAll(t, source, keys...)
		must(t, app.Drain(deadline(t)))
		must(t, counts.Parts(app, func(key K, count *int) bool {
			if key != keys[2] && *count != 2 {
				t.Errorf("the state of %v has counted %d, expected 2", key, *count)
			}
			return true
		}))
		other := partita.PartitionOf[K, string]{Name: "s"}
		if _, err := other.Quarantined(app); !errors.Is(err, partita.ErrInvalidArgument) {
			t.Errorf("other types: %v", err)
		}
		if err := other.Release(app, keys[0]); !errors.Is(err, partita.ErrInvalidArgument) {
			t.Errorf("other types: %v", err)
		}
	})
}

// A typed application is closed, stopped or failed while messages of several goroutines are everywhere:
// nothing is kept, and no call hangs. That nothing is kept is what start checks.
func TestATypedApplicationEndsInTheMiddle(t *testing.T) {
	for how, end := range map[string]func(app *partita.Application, fail *atomic.Bool) error{
		"close": func(app *partita.Application, _ *atomic.Bool) error { return app.Close(context.Background()) },
		"stop": func(app *partita.Application, _ *atomic.Bool) error {
			return errors.Join(app.Stop(), app.Drain(context.Background()))
		},
		"failure": func(app *partita.Application, fail *atomic.Bool) error {
			fail.Store(true)
			if err := app.Wait(context.Background()); !errors.Is(err, partita.ErrFailed) {
				return fmt.Errorf("Wait: %w", err)
			}
			return nil
		},
	} {
		t.Run(how, func(t *testing.T) {
			for range 20 {
				endInTheMiddle(t, end)
			}
		})
	}
}

func endInTheMiddle(t *testing.T, end func(app *partita.Application, fail *atomic.Bool) error) {
	var fail atomic.Bool
	source := partita.NewSourceOf[reading](partita.Credits(500))
	app := partita.NewApplication("middle", partita.Workers(2))
	double := func(_ string, reading reading, _ *meter, out *partita.Emitter[reading]) (bool, error) {
		out.Emit(reading)
		if fail.Load() {
			return false, &odd{reading.n}
		}
		out.Emit(reading)
		return true, nil
	}
	stream := partita.NewPipelineOf(app, "p", source)
	for _, name := range []string{"one", "two", "three"} {
		stream = partita.ToStatePartition(stream, partita.PartitionOf[string, meter]{Name: name}, meterOf, double, partita.WithName(name))
	}
	var taken atomic.Int64
	stream.ToSink(partita.NewSinkFuncOf("out", func(batch []reading) error { taken.Add(int64(len(batch))); return nil }))
	must(t, app.Start())
	var crew sync.WaitGroup
	for sender := range 3 {
		runIn(&crew, func() {
			for batch := readings(sender, 300, 11); ; {
				if _, err := source.SendBatch(context.Background(), batch); err != nil {
					return
				}
			}
		})
	}
	await(t, "messages come out", func() bool { return taken.Load() > 0 })
	if err := end(app, &fail); err != nil {
		t.Error(err)
	}
	crew.Wait()
	must(t, app.Close(context.Background()))
	leavesNothing(t, app)
}

func TestATypedMessageIsTriedAgainAsItWasSent(t *testing.T) {
	for how, fail := range failures {
		t.Run(how, func(t *testing.T) {
			source := partita.NewSourceOf[reading]()
			app := partita.NewApplication("retry", partita.Workers(2))
			tries := partita.PartitionOf[string, map[int]int]{Name: "tries", Build: func(string) map[int]int { return make(map[int]int) }}
			sink, taken := collect[reading]("out")
			partita.ToStatePartition(partita.NewPipelineOf(app, "p", source), tries, meterOf,
				func(_ string, in reading, tries *map[int]int, out *partita.Emitter[reading]) (bool, error) {
					(*tries)[in.n]++
					out.Emit(in)
					if in.n%5 == 0 && (*tries)[in.n] < 3 {
						out.Emit(in)
						return true, fail(in.n)
					}
					return true, nil
				}, partita.Retry(2, 0)).ToSink(sink)
			start(t, app)
			sent := readings(0, 60, 1)
			sendAll(t, source, sent...)
			must(t, app.Drain(deadline(t)))
			if !slices.Equal(*taken, sent) {
				t.Errorf("the outputs are %v, expected each message once, in order", *taken)
			}
		})
	}
}

func TestATypedStepMayBlock(t *testing.T) {
	const threads = 4
	source := partita.NewSourceOf[int]()
	app := partita.NewApplication("blocks", partita.Workers(1))
	var inside atomic.Int64
	all := make(chan bool)
	meet := func(_, in int, count *int, out *partita.Emitter[int]) (bool, error) {
		*count++
		if inside.Add(1) == threads {
			close(all)
		}
		<-all // each is of another key, and waits for the others
		out.Emit(in)
		return true, nil
	}
	sink, taken := collect[int]("out")
	keys := make([]int, threads)
	for i := range keys {
		keys[i] = i
	}
	partita.ToStatePartition(partita.NewPipelineOf(app, "p", source), partita.PartitionOf[int, int]{Name: "s", Keys: keys},
		func(n int) int { return n }, meet, partita.Blocking(threads)).ToSink(sink)
	start(t, app)
	sendAll(t, source, keys...)
	must(t, app.Drain(deadline(t)))
	slices.Sort(*taken)
	if !slices.Equal(*taken, keys) {
		t.Errorf("the outputs are %v, expected %v", *taken, keys)
	}
}
