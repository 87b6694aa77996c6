package main

import (
	"context"
	"sync"
	"time"

	"github.com/partita-stream/partita/go/partita"
)

// batchLen is how many messages are sent together.
const batchLen = 64

// tick is a message of 40 bytes.
type tick struct {
	key, price uint64
	_          string
	_          [2]int32
}

var sums = partita.PartitionOf[uint64, uint64]{Name: "sums"}

func keyOf(tick tick) uint64 { return tick.key }

func add(_ uint64, tick tick, sum *uint64, _ *partita.Emitter[partita.None]) (bool, error) {
	*sum += tick.price
	return true, nil
}

func sendPlain(options options) (time.Duration, error) {
	return feed(options, func(ctx context.Context, source *partita.SourceOf[tick], batch []tick) error {
		_, err := source.SendBatch(ctx, batch)
		return err
	})
}

func sendTracked(options options) (time.Duration, error) {
	return feed(options, func(ctx context.Context, source *partita.SourceOf[tick], batch []tick) error {
		_, err := source.SendAck(ctx, batch)
		return err
	})
}

// feed sends all messages in batches, and waits until they are computed.
func feed(options options, send func(context.Context, *partita.SourceOf[tick], []tick) error) (elapsed time.Duration, err error) {
	app := partita.NewApplication("feed", partita.Workers(options.workers))
	source := partita.NewSourceOf[tick]()
	stream := partita.NewPipelineOf(app, "ticks", source)
	partita.ToStatePartition(stream, sums, keyOf, add).Done()
	if err := app.Start(); err != nil {
		return 0, err
	}
	ctx := context.Background()
	defer app.Close(ctx)
	batch := make([]tick, batchLen)
	started := time.Now()
	for sent := 0; sent < options.messages; sent += batchLen {
		for i := range batch {
			batch[i] = tick{key: uint64((sent+i)*7919) % uint64(options.keys), price: 1}
		}
		if err := send(ctx, source, batch); err != nil {
			return 0, err
		}
	}
	err = app.Drain(ctx)
	return time.Since(started), err
}

// callFrom makes all calls from as many goroutines as asked for.
func callFrom(options options, call func(caller, i int) error) (time.Duration, error) {
	var group sync.WaitGroup
	errs := make([]error, options.callers)
	started := time.Now()
	for caller := range options.callers {
		group.Add(1)
		go func() {
			defer group.Done()
			for i := 0; i < options.calls/options.callers && errs[caller] == nil; i++ {
				errs[caller] = call(caller, i)
			}
		}()
	}
	group.Wait()
	elapsed := time.Since(started)
	for _, err := range errs {
		if err != nil {
			return 0, err
		}
	}
	return elapsed, nil
}

func callPartita(options options) (time.Duration, error) {
	app := partita.NewApplication("calls", partita.Workers(options.workers))
	source := partita.NewSourceOf[tick]()
	callers := partita.NewCallersOf[tick, uint64]("callers", source)
	stream := partita.NewPipelineOf(app, "ticks", source)
	partita.ToStatePartition(stream, sums, keyOf, func(_ uint64, tick tick, sum *uint64, out *partita.Emitter[uint64]) (bool, error) {
		*sum += tick.price
		out.Emit(*sum)
		return true, nil
	}).ToSink(callers)
	if err := app.Start(); err != nil {
		return 0, err
	}
	ctx := context.Background()
	defer app.Close(ctx)
	return callFrom(options, func(caller, i int) error {
		_, err := callers.Call(ctx, tick{key: uint64((caller+i)*7919) % uint64(options.keys), price: 1})
		return err
	})
}

// request is a call by hand.
type request struct {
	tick   tick
	answer chan uint64
}

// table is the states by hand.
type table struct {
	lock sync.Mutex
	sums map[uint64]*uint64
}

func (table *table) add(tick tick) uint64 {
	table.lock.Lock()
	defer table.lock.Unlock()
	sum := table.sums[tick.key]
	if sum == nil {
		sum = new(uint64)
		table.sums[tick.key] = sum
	}
	*sum += tick.price
	return *sum
}

func callByHand(options options) (time.Duration, error) {
	states := table{sums: make(map[uint64]*uint64)}
	requests := make(chan request, 1024)
	defer close(requests)
	for range options.workers {
		go func() {
			for request := range requests {
				request.answer <- states.add(request.tick)
			}
		}()
	}
	return callFrom(options, func(caller, i int) error {
		answer := make(chan uint64, 1)
		requests <- request{tick{key: uint64((caller+i)*7919) % uint64(options.keys), price: 1}, answer}
		<-answer
		return nil
	})
}
