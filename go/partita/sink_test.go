package partita_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/partita-stream/partita/go/partita"
)

// relay is an application that passes events through one step to sinks.
func relay(sinks ...partita.Sink) (*partita.Application, *partita.Source) {
	source := partita.NewSource(partita.Credits(5000))
	app := partita.NewApplication("relay")
	app.NewPipeline("p", source).ToStatePartition(compute(count), counters, "state", byKey, nil).ToSinks(sinks...)
	return app, source
}

func TestAChannelSinkSendsAllOutputsAndIsClosedAtTheEnd(t *testing.T) {
	channel := make(chan interface{})
	app, source := relay(partita.NewChannelSink("out", channel))
	start(t, app)
	go func() {
		send8(t, source, 1000, 10)
		if err := app.Stop(); err != nil {
			t.Errorf("stop: %v", err)
		}
	}()
	var order inOrder
	for message := range channel {
		order.take(t, message.(event))
	}
	if order.seen != 8000 {
		t.Errorf("%d messages came through the channel, expected 8000", order.seen)
	}
	must(t, app.Wait(deadline(t)))
}

func TestAfterADrainAllOutputsAreInTheChannel(t *testing.T) {
	channel := make(chan interface{}, 1000)
	app, source := relay(partita.NewChannelSink("out", channel))
	start(t, app)
	for sent := 10; sent <= 1000; sent += 10 {
		send(t, source, events(0, 10, 10)...)
		must(t, app.Drain(deadline(t)))
		if len(channel) != sent {
			t.Fatalf("after a drain %d messages are in the channel, expected %d", len(channel), sent)
		}
		if metrics := app.Metrics(); metrics.Delivered != uint64(sent) || metrics.InFlight != 0 {
			t.Fatalf("%d were delivered and %d are in flight, expected %d and 0", metrics.Delivered, metrics.InFlight, sent)
		}
	}
}

func TestCloseEndsAChannelThatNobodyReads(t *testing.T) {
	channel := make(chan interface{}, 3)
	app, source := relay(partita.NewChannelSink("out", channel))
	start(t, app)
	send(t, source, events(0, 100, 10)...)
	ended, cancel := context.WithCancel(context.Background())
	await(t, "the channel is full", func() bool { return len(channel) == 3 })
	await(t, "all is on its way", func() bool { return app.Metrics().Computed == 100 })
	cancel()
	err := app.Drain(ended)
	if !isError(err, context.Canceled) {
		t.Errorf("a drain with an unread channel: %v", err)
	}
	says(t, err, `sink "out"`)
	must(t, app.Close(context.Background()))
	read := 0
	for range channel {
		read++
	}
	metrics := app.Metrics()
	if read != 3 || metrics.Delivered != 3 || metrics.Dead[partita.DeadClosed] != 97 {
		t.Errorf("read %d, delivered %d, dropped %d", read, metrics.Delivered, metrics.Dead[partita.DeadClosed])
	}
}

func TestTheChannelIsClosedWhenTheApplicationFails(t *testing.T) {
	channel := make(chan interface{})
	source := partita.NewSource()
	app := partita.NewApplication("fails")
	app.NewPipeline("p", source).ToStateful(compute(func(_, _ interface{}) (interface{}, bool) {
		panic("boom")
	}), counters, "state").ToSink(partita.NewChannelSink("out", channel))
	start(t, app)
	send(t, source, 1)
	for message := range channel {
		t.Errorf("got %v", message)
	}
}

func TestTheChannelOfAnApplicationThatNeverRanIsClosed(t *testing.T) {
	channel := make(chan interface{})
	app, _ := relay(partita.NewChannelSink("out", channel))
	must(t, app.Close(context.Background()))
	must(t, app.Close(context.Background()))
	if _, open := <-channel; open {
		t.Error("the channel is open")
	}
}

func TestAQueueIsPolled(t *testing.T) {
	queue := partita.NewQueueSink("out", 10)
	app, source := relay(queue)
	batch := make([]interface{}, 7)
	if _, err := queue.TryPoll(batch); !isError(err, partita.ErrNotStarted) {
		t.Errorf("a poll before the start: %v", err)
	}
	start(t, app)
	ctx := deadline(t)
	if count, err := queue.TryPoll(batch); count != 0 || !isError(err, partita.ErrWouldBlock) {
		t.Errorf("a poll of an empty queue: %d, %v", count, err)
	}
	if _, err := queue.Poll(ctx, nil); !isError(err, partita.ErrInvalidArgument) {
		t.Errorf("a poll without room: %v", err)
	}
	ended, cancel := context.WithCancel(ctx)
	go cancel()
	if count, err := queue.Poll(ended, batch); count != 0 || !isError(err, context.Canceled) {
		t.Errorf("a cancelled poll: %d, %v", count, err)
	}
	sent := make(chan error, 1)
	go func() {
		_, err := source.SendBatch(ctx, events(0, 1000, 10))
		sent <- err
	}()
	var order inOrder
	for order.seen < 1000 {
		count, err := queue.Poll(ctx, batch)
		must(t, err)
		if count < 1 || count > len(batch) {
			t.Fatalf("a poll of %d gave %d", len(batch), count)
		}
		for _, message := range batch[:count] {
			order.take(t, message.(event))
		}
	}
	must(t, <-sent)
	must(t, app.Drain(ctx))
	must(t, app.Stop())
	if _, err := queue.Poll(ctx, batch); !isError(err, partita.ErrStopped) {
		t.Errorf("a poll when the application was stopped: %v", err)
	}
	must(t, app.Close(ctx))
	if _, err := queue.Poll(ctx, batch); !isError(err, partita.ErrClosed) {
		t.Errorf("a poll of a closed application: %v", err)
	}
}

func TestAnIteratorReadsAllOutputs(t *testing.T) {
	queue := partita.NewQueueSink("out", 0)
	app, source := relay(queue)
	var crew sync.WaitGroup
	var lock sync.Mutex
	seen := make(map[event]bool)
	for range 3 { // they wait for the start, too
		crew.Add(1)
		go func() {
			defer crew.Done()
			for message := range queue.All(context.Background()) {
				lock.Lock()
				seen[message.(event)] = true
				lock.Unlock()
			}
		}()
	}
	start(t, app)
	send8(t, source, 1000, 10)
	must(t, app.Stop())
	crew.Wait()
	if len(seen) != 8000 {
		t.Errorf("%d messages were read, expected 8000", len(seen))
	}
}

func TestALoopThatIsLeftLosesNothing(t *testing.T) {
	queue := partita.NewQueueSink("out", 0)
	app, source := relay(queue)
	start(t, app)
	send(t, source, events(0, 2000, 1)...)
	ctx := deadline(t)
	for n := 0; n < 2000; {
		taken := 0
		func() {
			defer func() { _ = recover() }()
			for message := range queue.All(ctx) {
				if got := message.(event).n; got != n {
					t.Fatalf("message %d came, expected %d", got, n)
				}
				n++
				if taken++; taken == 7 {
					break
				} else if n%50 == 0 {
					panic("a loop may also end like this")
				}
			}
		}()
	}
	must(t, app.Drain(ctx))
}

func TestADrainWaitsForWhatALoopLeft(t *testing.T) {
	queue := partita.NewQueueSink("out", 0)
	app, source := relay(queue)
	start(t, app)
	send(t, source, events(0, 100, 1)...)
	await(t, "all is computed", func() bool { return app.Metrics().Computed == 100 })
	left := 0
	for range queue.All(deadline(t)) {
		left = 100 - 1
		break
	}
	ended, cancel := context.WithCancel(context.Background())
	cancel()
	says(t, app.Drain(ended), `sink "out"`)
	if in := app.Metrics().InFlight; in != uint64(left) {
		t.Errorf("%d are in flight, expected %d", in, left)
	}
	drained := make(chan error)
	go func() { drained <- app.Drain(deadline(t)) }()
	batch := make([]interface{}, 10)
	for left > 0 {
		count, err := queue.Poll(deadline(t), batch)
		must(t, err)
		left -= count
	}
	must(t, <-drained)
}

func TestAReaderThatWaitsGetsWhatALoopLeft(t *testing.T) {
	queue := partita.NewQueueSink("out", 0)
	app, source := relay(queue)
	start(t, app)
	ctx := deadline(t)
	for range 50 {
		got := make(chan int, 2)
		release := make(chan bool)
		go func() {
			for range queue.All(ctx) {
				<-release
				break
			}
			got <- 1
		}()
		send(t, source, events(0, 2, 1)...)
		go func() {
			batch := make([]interface{}, 1)
			count, err := queue.Poll(ctx, batch)
			if err != nil {
				t.Errorf("poll: %v", err)
			}
			got <- count
		}()
		close(release)
		if sum := <-got + <-got; sum != 2 {
			t.Fatalf("%d messages were read, expected 2", sum)
		}
	}
}

func TestADrainSaysWhichSinkIsUnread(t *testing.T) {
	queue, other := partita.NewQueueSink("unread", 0), partita.NewQueueSink("read", 0)
	app, source := relay(queue, other)
	start(t, app)
	send(t, source, events(0, 12, 3)...)
	ctx := deadline(t)
	for range 12 {
		_, err := other.Poll(ctx, make([]interface{}, 1))
		must(t, err)
	}
	ended, cancel := context.WithCancel(ctx)
	cancel()
	err := app.Drain(ended)
	if !isError(err, context.Canceled) {
		t.Errorf("drain: %v", err)
	}
	says(t, err, `sink "unread" has 12 unread messages`)
}

func TestEachOfSeveralSinksGetsEveryMessage(t *testing.T) {
	const messages = 5000
	var batches inOrder
	take := func(batch []interface{}) error {
		for _, message := range batch {
			batches.take(t, message.(event))
		}
		return nil
	}
	channel := make(chan interface{})
	queue := partita.NewQueueSink("queue", 0)
	app, source := relay(partita.NewSinkFunc("func", take), partita.NewChannelSink("channel", channel), queue)
	start(t, app)
	var crew sync.WaitGroup
	read := func(all func(func(interface{}) bool)) {
		defer crew.Done()
		var order inOrder
		for message := range all {
			order.take(t, message.(event))
		}
		if order.seen != messages {
			t.Errorf("a sink got %d messages, expected %d", order.seen, messages)
		}
	}
	crew.Add(2)
	go read(queue.All(context.Background()))
	go read(func(yield func(interface{}) bool) {
		for message := range channel {
			yield(message)
		}
	})
	send(t, source, events(0, messages, 17)...)
	must(t, app.Stop())
	must(t, app.Wait(deadline(t)))
	crew.Wait()
	if metrics := app.Metrics(); batches.seen != messages || metrics.Delivered != 3*messages || metrics.Emitted != 3*messages {
		t.Errorf("the function got %d; emitted %d, delivered %d", batches.seen, metrics.Emitted, metrics.Delivered)
	}
}

func TestAPipelineWithoutStepsFeedsItsSinks(t *testing.T) {
	one, two := partita.NewQueueSink("one", 0), partita.NewQueueSink("two", 0)
	source := partita.NewSource()
	app := partita.NewApplication("straight")
	app.NewPipeline("p", source).ToSinks(one, two)
	start(t, app)
	send(t, source, 1, 2, 3)
	for _, queue := range []*partita.QueueSink{one, two} {
		batch, got := make([]interface{}, 3), 0
		for got < 3 {
			count, err := queue.Poll(deadline(t), batch[got:])
			must(t, err)
			got += count
		}
		if fmt.Sprint(batch) != "[1 2 3]" {
			t.Errorf("%s got %v", queue.Name(), batch)
		}
	}
}

func TestASinkSaysHowMuchItTook(t *testing.T) {
	cause := errors.New("disk full")
	for _, claim := range []int{-3, 0, 1, 1000} {
		t.Run(fmt.Sprint("claims ", claim), func(t *testing.T) {
			var letters []partita.DeadLetter
			source := partita.NewSource()
			app := partita.NewApplication("took", partita.DeadLetters(func(letter partita.DeadLetter) {
				letters = append(letters, letter)
			}))
			var first []interface{}
			took, sent := 0, make(chan struct{})
			app.NewPipeline("p", source).ToSink(partita.NewSinkFunc("out", func(batch []interface{}) error {
				if first == nil && len(batch) > 1 {
					first = append(first, batch...)
					if claim > 0 {
						took += min(claim, len(batch)-1)
					}
					return fmt.Errorf("write: %w", &partita.SinkError{Taken: claim, Err: cause})
				}
				// What comes while the first message is held up comes together.
				<-sent
				took += len(batch)
				return nil
			}), partita.Skip())
			start(t, app)
			send(t, source, 1, 2, 3, 4)
			close(sent)
			must(t, app.Drain(deadline(t)))
			if took != 3 || len(letters) != 1 {
				t.Fatalf("the sink took %d, %d dead letters", took, len(letters))
			}
			if want := first[max(0, min(claim, len(first)-1))]; letters[0].Data != want || letters[0].Reason != partita.DeadSink {
				t.Errorf("the dead letter is %+v, expected %v", letters[0], want)
			}
			if wrong := claim < 0 || claim >= len(first); wrong {
				says(t, errors.New(letters[0].Text), "disk full", fmt.Sprintf("%d were taken", claim))
			}
		})
	}
}
