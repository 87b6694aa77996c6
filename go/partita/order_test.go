package partita_test

import (
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/partita-stream/partita/go/partita"
)

// inOrder checks that the events of each key and sender come in the order sent.
type inOrder struct {
	last map[[2]int]int
	seen int
}

func (order *inOrder) take(t testing.TB, message event) {
	if order.last == nil {
		order.last = make(map[[2]int]int)
	}
	of := [2]int{message.key, message.sender}
	if last, known := order.last[of]; known && message.n <= last {
		t.Errorf("key %d, sender %d: message %d came after %d", message.key, message.sender, message.n, last)
	}
	order.last[of] = message.n
	order.seen++
}

// send8 sends from 8 goroutines at once, in batches of different lengths, and awaits them.
func send8(t testing.TB, source *partita.Source, each, keys int) {
	ctx := deadline(t)
	var crew sync.WaitGroup
	for sender := range 8 {
		crew.Add(1)
		go func() {
			defer crew.Done()
			messages := events(sender, each, keys)
			for size := 1; len(messages) > 0; size = size*7%401 + 1 {
				size := min(size, len(messages))
				if sent, err := source.SendBatch(ctx, messages[:size]); err != nil || sent != size {
					t.Errorf("sent %d of %d: %v", sent, size, err)
					return
				}
				messages = messages[size:]
			}
		}()
	}
	crew.Wait()
}

func TestMessagesOfOneKeyKeepTheOrderOfTheirSender(t *testing.T) {
	const each, keys = 20_000, 97
	source := partita.NewSource(partita.Credits(1000))
	app := partita.NewApplication("order", partita.Workers(8))
	var sunk inOrder
	check := compute(func(data, state interface{}) (interface{}, bool) {
		state.(*inOrder).take(t, data.(event))
		return data, true
	})
	orders := partita.Build(func() interface{} { return new(inOrder) })
	app.NewPipeline("p", source).
		ToStatePartition(check, orders, "first", byKey, nil).
		ToStatePartition(check, orders, "second", byKey, nil, partita.WithName("again")).
		ToSink(partita.NewSinkFunc("out", func(batch []interface{}) error {
			for _, message := range batch {
				sunk.take(t, message.(event))
			}
			return nil
		}))
	start(t, app)
	send8(t, source, each, keys)
	must(t, app.Drain(deadline(t)))
	if sunk.seen != 8*each {
		t.Errorf("%d messages arrived, expected %d", sunk.seen, 8*each)
	}
	parts := 0
	must(t, app.Parts("second", func(key partita.Key, state interface{}) bool {
		parts++
		if order := state.(*inOrder); order.seen == 0 || order.last[[2]int{int(key.Number), 0}] == 0 {
			t.Errorf("key %v has seen %d messages, and none but the first of sender 0", key, order.seen)
		}
		return true
	}))
	if parts != keys {
		t.Errorf("there are %d parts, expected %d", parts, keys)
	}
}

func TestComputationsOfTwoKeysRunAtOnce(t *testing.T) {
	source := partita.NewSource()
	app := partita.NewApplication("parallel", partita.Workers(2))
	var meeting sync.WaitGroup
	meeting.Add(2)
	app.NewPipeline("p", source).ToStatePartition(compute(func(data, _ interface{}) (interface{}, bool) {
		// This returns only if the other key's computation gets here, too.
		meeting.Done()
		meeting.Wait()
		return nil, false
	}), counters, "counters", byKey, []uint64{0, 1}).Done()
	start(t, app)
	send(t, source, event{key: 0}, event{key: 1})
	must(t, app.Drain(deadline(t)))
}

func TestComputationsOfOneKeyNeverRunAtOnce(t *testing.T) {
	const keys = 5
	source := partita.NewSource(partita.Credits(100))
	app := partita.NewApplication("alone", partita.Workers(8))
	var inside [keys]atomic.Int32
	alone := compute(func(data, state interface{}) (interface{}, bool) {
		key := data.(event).key
		if inside[key].Add(1) != 1 {
			t.Errorf("two computations of key %d run at once", key)
		}
		// Without the engine's promise this would be a race.
		state.(*counter).count++
		inside[key].Add(-1)
		return data, true
	})
	app.NewPipeline("p", source).
		ToStatePartition(alone, counters, "counters", byKey, nil).
		ToStatePartition(alone, counters, "counters", byKey, nil, partita.WithName("again")).Done()
	start(t, app)
	send8(t, source, 5_000, keys)
	must(t, app.Drain(deadline(t)))
	total := 0
	must(t, app.Parts("counters", func(_ partita.Key, state interface{}) bool {
		total += state.(*counter).count
		return true
	}))
	if want := 2 * 8 * 5_000; total != want {
		t.Errorf("the states counted %d messages, expected %d", total, want)
	}
}

func TestASecondComputationOfAKeyWaitsForTheFirst(t *testing.T) {
	const others = 50
	app := partita.NewApplication("meeting", partita.Workers(8))
	entered, met := make(chan struct{}), make(chan struct{})
	var first sync.Once
	meet := compute(func(interface{}, interface{}) (interface{}, bool) {
		isFirst := false
		first.Do(func() { isFirst = true })
		if !isFirst {
			select {
			case met <- struct{}{}:
			default:
			}
			return nil, false
		}
		close(entered)
		// The others come as soon as they can: if one could now, it would.
		select {
		case <-met:
			t.Error("two computations of one key run at once")
		case <-time.After(100 * time.Millisecond):
		}
		return nil, false
	})
	sources := []*partita.Source{partita.NewSource(), partita.NewSource()}
	for i, source := range sources {
		app.NewPipeline("p"+strconv.Itoa(i), source).ToStatePartition(meet, counters, "shared", byKey, nil).Done()
	}
	start(t, app)
	send(t, sources[0], event{})
	<-entered
	for _, source := range sources {
		send(t, source, events(1, others, 1)...)
	}
	must(t, app.Drain(deadline(t)))
	if computed := app.Metrics().Computed; computed != 1+2*others {
		t.Errorf("%d messages were computed, expected %d", computed, 1+2*others)
	}
}

func TestFanOutBeyondTheCreditsEnds(t *testing.T) {
	const outputs = 100_000
	source := partita.NewSource(partita.Credits(1024))
	app := partita.NewApplication("fan out", partita.Workers(2))
	fan := computeMulti(func(data, _ interface{}) ([]interface{}, bool) {
		all := make([]interface{}, 0, 2*outputs)
		for n := range outputs {
			all = append(all, event{key: n % 100, n: n}, nil)
		}
		return all, false
	})
	received := 0
	app.NewPipeline("p", source).
		ToStatePartitionMulti(fan, counters, "first", byKey, nil).
		ToStatePartition(compute(count), counters, "second", byKey, nil).
		ToSink(partita.NewSinkFunc("out", func(batch []interface{}) error {
			received += len(batch)
			return nil
		}))
	start(t, app)
	send(t, source, event{key: 1}, event{key: 2}, event{key: 1})
	must(t, app.Drain(deadline(t)))
	if received != 3*outputs {
		t.Errorf("%d outputs arrived, expected %d", received, 3*outputs)
	}
	if metrics := app.Metrics(); metrics.Computed != 3+3*outputs || metrics.Delivered != 3*outputs {
		t.Errorf("computed %d, delivered %d", metrics.Computed, metrics.Delivered)
	}
}
