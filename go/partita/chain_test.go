package partita_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/partita-stream/partita/go/partita"
)

// transform is a computation without a state made of a function.
type transform func(data interface{}) interface{}

func (transform transform) Compute(data interface{}) interface{} { return transform(data) }

// transformMulti is one with any number of outputs.
type transformMulti func(data interface{}) []interface{}

func (transform transformMulti) Compute(data interface{}) []interface{} { return transform(data) }

// tryTransform is one that can fail.
type tryTransform func(data interface{}) (interface{}, error)

func (tryTransform) Compute(interface{}) interface{} { panic("TryCompute is to be called") }

func (transform tryTransform) TryCompute(data interface{}) (interface{}, error) {
	return transform(data)
}

// tryTransformMulti is one that can fail, with any number of outputs.
type tryTransformMulti func(data interface{}) ([]interface{}, error)

func (tryTransformMulti) Compute(interface{}) []interface{} { panic("TryCompute is to be called") }

func (transform tryTransformMulti) TryCompute(data interface{}) ([]interface{}, error) {
	return transform(data)
}

// parcel is a message of the random test: the n-th one of a key, and where it has been.
type parcel struct {
	key  int
	path string
}

// roll is a number that a parcel has at a step.
func (p parcel) roll(step, sides int) int {
	hash := uint32(step*31 + p.key)
	for _, letter := range p.path {
		hash = (hash ^ uint32(letter)) * 16777619
	}
	return int(hash>>8) % sides
}

// stage is a step of the random test.
type stage struct {
	// kind is what it is: see program.declare.
	kind int
	// fails is how messages fail in it, some of them: 0 for not at all.
	fails int
	// filters and doubles say what becomes of others.
	filters, doubles bool
}

const (
	alone = iota
	parallel
	stateful
	keyedByNumber
	keyedByText
	kinds
)

const (
	never = iota
	byPanic
	byError
	byExit
)

var errRolled = errors.New("a bad roll")

// program is a pipeline of the random test.
type program struct {
	stages []stage
	// keeps says that the messages of a key keep their order to the end.
	keeps bool
}

func newProgram(random *rand.Rand) program {
	made := program{keeps: true}
	for range 1 + random.IntN(6) {
		step := stage{kind: random.IntN(kinds), filters: random.IntN(3) == 0, doubles: random.IntN(3) == 0}
		if random.IntN(2) == 0 {
			step.kind = alone
		}
		if random.IntN(3) == 0 {
			step.fails = byPanic + random.IntN(2)
			if step.kind != alone && random.IntN(3) == 0 {
				step.fails = byExit
			}
		}
		made.keeps = made.keeps && step.kind != parallel
		made.stages = append(made.stages, step)
	}
	return made
}

// outputs are those of a message at a step, or an error if it fails.
func (step stage) outputs(number int, data interface{}) ([]interface{}, error) {
	message := data.(parcel)
	switch {
	case step.fails != never && message.roll(number, 11) == 0:
		return nil, errRolled
	case step.filters && message.roll(number, 5) == 1:
		return nil, nil
	case step.doubles:
		return []interface{}{parcel{message.key, message.path + "a"}, nil, parcel{message.key, message.path + "b"}}, nil
	}
	return []interface{}{parcel{message.key, message.path + strconv.Itoa(number)}}, nil
}

// multi runs a step; it panics, exits, or returns an error as it should.
func (step stage) multi(number int, data interface{}) ([]interface{}, error) {
	outputs, err := step.outputs(number, data)
	switch {
	case err == nil || step.fails == byError:
		return outputs, err
	case step.fails == byExit:
		runtime.Goexit()
	}
	panic(err)
}

// single is multi for steps that do not double.
func (step stage) single(number int, data interface{}) (interface{}, error) {
	outputs, err := step.multi(number, data)
	if len(outputs) == 0 {
		return nil, err
	}
	return outputs[0], err
}

func (made program) declare(pipeline *partita.Pipeline) {
	for number, step := range made.stages {
		name := partita.WithName(fmt.Sprintf("step%d", number))
		single := func(data interface{}) interface{} { out, _ := step.single(number, data); return out }
		multi := func(data interface{}) []interface{} { out, _ := step.multi(number, data); return out }
		var one partita.Computation = transform(single)
		var many partita.ComputationMulti = transformMulti(multi)
		if step.fails == byError {
			one = tryTransform(func(data interface{}) (interface{}, error) { return step.single(number, data) })
			many = tryTransformMulti(func(data interface{}) ([]interface{}, error) { return step.multi(number, data) })
		}
		withState := tryingMulti(func(data, state interface{}) ([]interface{}, bool, error) {
			outputs, err := step.multi(number, data)
			if err == nil {
				state.(*counter).count++
			}
			return outputs, true, err
		})
		partition := fmt.Sprintf("state%d", number)
		switch {
		case step.kind == alone && step.doubles:
			pipeline.ToMulti(many, partita.Skip(), name)
		case step.kind == alone:
			pipeline.To(one, partita.Skip(), name)
		case step.kind == parallel && step.doubles:
			pipeline.ToParallelMulti(many, partita.Skip(), name)
		case step.kind == parallel:
			pipeline.ToParallel(one, partita.Skip(), name)
		case step.kind == stateful:
			pipeline.ToStatefulMulti(withState, counters, partition, partita.Skip(), name)
		case step.kind == keyedByNumber:
			pipeline.ToStatePartitionMulti(withState, counters, partition, keyed(func(data interface{}) uint64 {
				return uint64(data.(parcel).key)
			}), nil, partita.Skip(), name)
		default:
			pipeline.ToStatePartitionStringMulti(withState, counters, partition, keyedText(func(data interface{}) string {
				return strings.Repeat("k", 100) + strconv.Itoa(data.(parcel).key)
			}), nil, partita.Skip(), name)
		}
	}
}

// expect runs a program one message after the other: what comes out for each key, and how many die.
func (made program) expect(messages []interface{}) (out map[int][]string, dead int) {
	out = make(map[int][]string)
	for number, step := range made.stages {
		var next []interface{}
		for _, message := range messages {
			outputs, err := step.outputs(number, message)
			if err != nil {
				dead++
			}
			for _, output := range outputs {
				if output != nil {
					next = append(next, output)
				}
			}
		}
		messages = next
	}
	for _, message := range messages {
		out[message.(parcel).key] = append(out[message.(parcel).key], message.(parcel).path)
	}
	return out, dead
}

func TestRandomProgramsWithStatelessStepsDoWhatALoopDoes(t *testing.T) {
	first, programs := uint64(1), uint64(60)
	if seed := os.Getenv("PARTITA_SEED"); seed != "" {
		number, err := strconv.ParseUint(seed, 10, 64)
		must(t, err)
		first, programs = number, 1
	}
	for seed := first; seed < first+programs; seed++ {
		t.Run(strconv.FormatUint(seed, 10), func(t *testing.T) { playProgram(t, seed) })
	}
}

func playProgram(t *testing.T, seed uint64) {
	t.Logf("PARTITA_SEED=%d runs it alone", seed)
	random := rand.New(rand.NewPCG(seed, 1))
	made := newProgram(random)
	const senders, keys = 3, 5
	size := 1 + random.IntN(1500)
	source := partita.NewSource(partita.Credits(1 + random.IntN(2000)))
	app := partita.NewApplication("random", partita.Workers(1+random.IntN(3)))
	pipeline := app.NewPipeline("p", source)
	made.declare(pipeline)
	out := make(map[int][]string)
	pipeline.ToSink(partita.NewSinkFunc("out", func(batch []interface{}) error {
		for _, data := range batch {
			out[data.(parcel).key] = append(out[data.(parcel).key], data.(parcel).path)
		}
		return nil
	}))
	start(t, app)
	var all []interface{}
	var sending sync.WaitGroup
	asks := random.IntN(2) == 0
	var deadByAcks atomic.Uint64
	for sender := range senders {
		batch := make([]interface{}, size)
		for i := range batch {
			batch[i] = parcel{sender*keys + i%keys, strconv.Itoa(i) + "-"}
		}
		all = append(all, batch...)
		piece := 1 + random.IntN(size)
		sending.Add(1)
		go func() {
			defer sending.Done()
			for piece := range slices.Chunk(batch, piece) {
				if !asks {
					if _, err := source.SendBatch(context.Background(), piece); err != nil {
						t.Error(err)
					}
					continue
				}
				ack, err := source.SendAck(context.Background(), piece)
				if err != nil {
					t.Error(err)
					return
				}
				sending.Add(1)
				go func() {
					defer sending.Done()
					var why *partita.DeadError
					if errors.As(ack.Wait(deadline(t)), &why) {
						deadByAcks.Add(why.Dead)
					}
				}()
			}
		}()
	}
	sending.Wait()
	must(t, app.Drain(deadline(t)))
	expected, dead := made.expect(all)
	if !made.keeps {
		for _, paths := range []map[int][]string{out, expected} {
			for key := range paths {
				slices.Sort(paths[key])
			}
		}
	}
	for key := range senders * keys {
		if !slices.Equal(out[key], expected[key]) {
			t.Fatalf("program %+v: key %d has %d outputs, expected %d: %.200v and not %.200v",
				made, key, len(out[key]), len(expected[key]), out[key], expected[key])
		}
	}
	if asks && deadByAcks.Load() != uint64(dead) {
		t.Errorf("program %+v: %d are dead as the acks say, expected %d", made, deadByAcks.Load(), dead)
	}
	metrics := app.Metrics()
	if metrics.Dead[partita.DeadCompute] != uint64(dead) || metrics.Sent != uint64(len(all)) {
		t.Errorf("program %+v: %d are dead of %d, expected %d of %d", made, metrics.Dead[partita.DeadCompute], metrics.Sent, dead, len(all))
	}
}

// passing passes messages on.
var passing = transform(func(data interface{}) interface{} { return data })

func TestAGoroutineThatEndsInALeadingStepLosesOneMessage(t *testing.T) {
	for name, step := range map[string]partita.ComputationMulti{
		"the first": transformMulti(func(data interface{}) []interface{} {
			if data.(event).n == 40 {
				runtime.Goexit()
			}
			return []interface{}{data, data}
		}),
		"one behind it": nil,
	} {
		t.Run(name, func(t *testing.T) {
			source := partita.NewSource()
			var letters []partita.DeadLetter
			app := partita.NewApplication("exits", partita.Workers(1), partita.DeadLetters(func(letter partita.DeadLetter) {
				letters = append(letters, letter)
			}))
			pipeline := app.NewPipeline("p", source)
			exits := true
			if step != nil {
				pipeline.ToMulti(step, partita.Skip(), partita.WithName("exits"))
			} else {
				pipeline.ToMulti(transformMulti(func(data interface{}) []interface{} {
					return []interface{}{data, data}
				}), partita.WithName("twice"))
				pipeline.To(transform(func(data interface{}) interface{} {
					if data.(event).n == 40 && exits {
						exits = false
						runtime.Goexit()
					}
					return data
				}), partita.Skip(), partita.WithName("exits"))
			}
			taken := 0
			pipeline.ToStatePartition(compute(count), counters, "s", byKey, nil).
				ToSink(partita.NewSinkFunc("out", func(batch []interface{}) error { taken += len(batch); return nil }))
			start(t, app)
			over := make(chan struct{})
			returned := false
			go func() {
				defer close(over)
				source.SendBatch(context.Background(), events(0, 1000, 3))
				returned = true
			}()
			<-over
			must(t, app.Drain(deadline(t)))
			metrics := app.Metrics()
			if returned || len(letters) != 1 || letters[0].Data.(event).n != 40 || !strings.Contains(letters[0].Path, `"exits"`) {
				t.Errorf("returned: %v, dead are %+v", returned, letters)
			}
			// Those that had begun are sent, and the others are not.
			begun := int(metrics.Sent)
			expected := 2 * (begun - 1)
			if step == nil {
				expected = 2*begun - 1
			}
			if begun < 41 || begun > 168 || taken != expected {
				t.Errorf("%d were sent, and %d came out: expected %d", begun, taken, expected)
			}
			// The source goes on.
			send(t, source, event{n: 2000})
		})
	}
}

func TestAFailingLeadingStepStopsTheApplication(t *testing.T) {
	cause := errors.New("no way")
	for name, step := range map[string]partita.Computation{
		"a panic": transform(func(data interface{}) interface{} {
			if data.(event).n == 500 {
				panic("no way")
			}
			return data
		}),
		"an error": tryTransform(func(data interface{}) (interface{}, error) {
			if data.(event).n == 500 {
				return data, cause
			}
			return data, nil
		}),
	} {
		for behind := range 2 {
			t.Run(fmt.Sprintf("%s, %d", name, behind), func(t *testing.T) {
				source := partita.NewSource()
				app := partita.NewApplication("stops", partita.Workers(2))
				pipeline := app.NewPipeline("p", source).To(passing)
				if behind == 1 {
					pipeline.ToStatePartition(compute(count), counters, "before", byKey, nil)
				}
				pipeline.To(step, partita.WithName("stops")).To(passing, partita.WithName("same")).
					ToStatePartition(compute(count), counters, "s", byKey, nil, partita.WithName("last")).Done()
				start(t, app)
				sent, err := source.SendBatch(deadline(t), events(0, 5000, 3))
				if behind == 0 && (sent < 501 || sent > 628) {
					t.Errorf("%d were sent", sent)
				}
				if behind == 0 && !errors.Is(err, partita.ErrFailed) {
					t.Errorf("SendBatch: %v", err)
				}
				failure := app.Wait(deadline(t))
				says(t, failure, `"stops"`, "no way", "message", "500")
				if !errors.Is(failure, partita.ErrFailed) || errors.Is(failure, cause) != (name == "an error") {
					t.Errorf("Wait: %v", failure)
				}
				if sent, err := source.SendBatch(deadline(t), events(0, 10, 3)); sent != 0 || !errors.Is(err, partita.ErrFailed) {
					t.Errorf("SendBatch: %d, %v", sent, err)
				}
			})
		}
	}
}

// The second one once took the place of the first, and with it its cause.
func TestTheCauseIsThatOfTheFirstGoroutineThatFailed(t *testing.T) {
	first, second := errors.New("the first"), errors.New("the second")
	begun, goOn := make(chan struct{}), make(chan struct{})
	source := partita.NewSource()
	app := partita.NewApplication("two fail", partita.Workers(1))
	app.NewPipeline("p", source).To(tryTransform(func(data interface{}) (interface{}, error) {
		if data == 1 {
			return nil, first
		}
		close(begun)
		<-goOn
		return nil, second
	})).Done()
	start(t, app)
	over := make(chan struct{})
	go func() {
		defer close(over)
		source.SendBatch(context.Background(), []interface{}{2})
	}()
	<-begun
	source.SendBatch(context.Background(), []interface{}{1})
	close(goOn)
	<-over
	if err := app.Wait(deadline(t)); !errors.Is(err, first) || errors.Is(err, second) {
		t.Errorf("Wait: %v", err)
	}
}

func TestAMessageWithoutAKeyBehindLeadingStepsDies(t *testing.T) {
	source := partita.NewSource()
	app := partita.NewApplication("keyless", partita.Workers(1))
	taken := 0
	app.NewPipeline("p", source).To(passing).
		ToStatePartition(compute(count), counters, "s", keyed(func(data interface{}) uint64 {
			if data.(event).n%10 == 3 {
				panic("no key")
			}
			return 1
		}), nil, partita.Skip()).
		ToSink(partita.NewSinkFunc("out", func(batch []interface{}) error { taken += len(batch); return nil }))
	start(t, app)
	send(t, source, events(0, 2000, 3)...)
	must(t, app.Drain(deadline(t)))
	if dead := app.Metrics().Dead[partita.DeadPartition]; dead != 200 || taken != 1800 {
		t.Errorf("%d are dead, and %d came out", dead, taken)
	}
}

func TestAParallelStepComputesMessagesOfOneBatchAtOnce(t *testing.T) {
	var meeting sync.WaitGroup
	meeting.Add(2)
	source := partita.NewSource()
	app := partita.NewApplication("parallel", partita.Workers(2))
	app.NewPipeline("p", source).ToParallel(transform(func(data interface{}) interface{} {
		// Neither goes on without the other.
		meeting.Done()
		meeting.Wait()
		return data
	})).Done()
	start(t, app)
	send(t, source, events(0, 2, 1)...)
	must(t, app.Drain(deadline(t)))
	if discarded := app.Metrics().Discarded; discarded != 2 {
		t.Errorf("%d came to the end", discarded)
	}
}

func TestALeadingStepIsNotAskedForWhatWasNotAdmitted(t *testing.T) {
	source := partita.NewSource(partita.Credits(10))
	app := partita.NewApplication("admitted", partita.Workers(1))
	computed := 0
	queue := partita.NewQueueSink("out", 5)
	app.NewPipeline("p", source).To(transform(func(data interface{}) interface{} {
		computed++
		return data
	})).ToSink(queue)
	start(t, app)
	ctx, cancel := context.WithCancel(context.Background())
	await(t, "the credits are used up", func() bool { return errors.Is(source.TrySend(event{}), partita.ErrWouldBlock) })
	if computed != 10 {
		t.Errorf("%d were computed", computed)
	}
	cancel()
	sent, err := source.SendBatch(ctx, events(0, 5, 1))
	if sent != 0 || !errors.Is(err, context.Canceled) || computed != 10 {
		t.Errorf("%d sent, %v, %d computed", sent, err, computed)
	}
	if sent, err := source.SendBatch(deadline(t), []interface{}{nil}); sent != 0 || !errors.Is(err, partita.ErrInvalidArgument) {
		t.Errorf("%d sent, %v", sent, err)
	}
}

func TestStatelessStepsTellTheirMistakes(t *testing.T) {
	for text, declare := range map[string]func(pipeline *partita.Pipeline){
		"the computation is nil: expected one": func(pipeline *partita.Pipeline) { pipeline.To(nil) },
		"its policy is reset, and it has no state": func(pipeline *partita.Pipeline) {
			pipeline.To(passing, partita.Reset())
		},
		"its policy is quarantine, and it has no state": func(pipeline *partita.Pipeline) {
			pipeline.ToParallel(passing, partita.Quarantine())
		},
		"an option is nil":                func(pipeline *partita.Pipeline) { pipeline.ToMulti(transformMulti(nil), nil) },
		`two steps are named "transform"`: func(pipeline *partita.Pipeline) { pipeline.To(passing).ToParallel(passing) },
		"one of Compute and TryCompute has one output": func(pipeline *partita.Pipeline) {
			pipeline.To(mixedTransform{})
		},
	} {
		app := partita.NewApplication("mistakes")
		pipeline := app.NewPipeline("p", partita.NewSource())
		declare(pipeline)
		pipeline.Done()
		says(t, app.Check(), text, "step")
	}
}

// mixedTransform has one output in one form, and any number in the other.
type mixedTransform struct{}

func (mixedTransform) Compute(data interface{}) interface{} { return data }

func (mixedTransform) TryCompute(interface{}) ([]interface{}, error) { return nil, nil }
