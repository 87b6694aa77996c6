package main

import (
	"context"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/partita-stream/partita/go/partita"
)

const (
	keys    = 1000
	workers = 2
	nap     = time.Millisecond
	// slowBatch and fastBatch are how many messages are sent at once.
	slowBatch, fastBatch = 64, 1024
)

// sleeps are the ways to sleep.
var sleeps = map[string]func(){
	"go": func() { time.Sleep(nap) },
	"system": func() {
		left := syscall.NsecToTimespec(int64(nap))
		for syscall.Nanosleep(&left, &left) == syscall.EINTR {
		}
	},
}

// price is a message.
type price struct {
	symbol, number uint64
	value          float64
	_              [2]float64
}

// stock is a state.
type stock struct {
	last  float64
	count int
}

// rates are messages a second, how many threads slept in a message on average, and what the process used
// of processors meanwhile.
type rates struct{ slow, fast, asleep, processors float64 }

// fed says which pipelines are.
type fed struct{ slow, fast bool }

// counter is a number of messages, away from others.
type counter struct {
	_     [64]byte
	count atomic.Int64
	_     [64]byte
}

// onlySleep measures goroutines that do nothing but sleep, beside so many that never do.
func onlySleep(options options, busy int) float64 {
	var count counter
	ctx, cancel := context.WithCancel(context.Background())
	var group sync.WaitGroup
	for range busy {
		group.Add(1)
		go func() {
			defer group.Done()
			for ctx.Err() == nil {
			}
		}()
	}
	for range options.threads {
		group.Add(1)
		go func() {
			defer group.Done()
			for ctx.Err() == nil {
				sleeps[options.sleep]()
				count.count.Add(1)
			}
		}()
	}
	rate := watch(options.duration, &count)
	cancel()
	group.Wait()
	return rate[0]
}

// measure runs the application, and feeds what is to be.
func measure(options options, fed fed) (rates, error) {
	sleep := sleeps[options.sleep]
	var slowCount, fastCount, asleep counter
	slow, fast := partita.NewSourceOf[price](), partita.NewSourceOf[price]()
	app := partita.NewApplication("blocking", partita.Workers(workers))
	symbol := func(price price) uint64 { return price.symbol }
	partita.ToStatePartition(partita.NewPipelineOf(app, "slow", slow), partita.PartitionOf[uint64, stock]{Name: "slow"}, symbol,
		func(_ uint64, price price, stock *stock, _ *partita.Emitter[partita.None]) (bool, error) {
			start := time.Now()
			sleep()
			asleep.count.Add(int64(time.Since(start)))
			stock.last, stock.count = price.value, stock.count+1
			slowCount.count.Add(1)
			return true, nil
		}, partita.Blocking(options.threads)).Done()
	partita.ToStatePartition(partita.NewPipelineOf(app, "fast", fast), partita.PartitionOf[uint64, stock]{Name: "fast"}, symbol,
		func(_ uint64, price price, stock *stock, _ *partita.Emitter[partita.None]) (bool, error) {
			stock.last, stock.count = price.value, stock.count+1
			return true, nil
		}).Done()
	if err := app.Start(); err != nil {
		return rates{}, err
	}
	ctx, cancel := context.WithCancel(context.Background())
	var group sync.WaitGroup
	feed := func(source *partita.SourceOf[price], size int, sent *counter) {
		group.Add(1)
		go func() {
			defer group.Done()
			for batches := makeBatches(size); ; {
				for _, batch := range batches {
					accepted, err := source.SendBatch(ctx, batch)
					sent.count.Add(int64(accepted))
					if err != nil {
						return
					}
				}
			}
		}()
	}
	if fed.slow {
		feed(slow, slowBatch, new(counter))
	}
	if fed.fast {
		// What is accepted is computed, but for what is in flight at the end.
		feed(fast, fastBatch, &fastCount)
	}
	found := watch(options.duration, &slowCount, &fastCount, &asleep)
	cancel()
	group.Wait()
	return rates{found[0], found[1], found[2] / 1e9, found[3]}, app.Close(context.Background())
}

// watch tells how fast counts grow, once it is under way; and at the end, how many processors are used.
func watch(duration time.Duration, counters ...*counter) []float64 {
	time.Sleep(duration / 10)
	start := time.Now()
	before := make([]int64, len(counters))
	for i, counter := range counters {
		before[i] = counter.count.Load()
	}
	used := processorTime()
	time.Sleep(duration)
	rates := make([]float64, len(counters), len(counters)+1)
	for i, counter := range counters {
		rates[i] = float64(counter.count.Load()-before[i]) / time.Since(start).Seconds()
	}
	return append(rates, (processorTime()-used).Seconds()/time.Since(start).Seconds())
}

// processorTime is what this process has used so far.
func processorTime() time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		panic(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// makeBatches makes messages of all keys, in no order.
func makeBatches(size int) [][]price {
	batches := make([][]price, 64)
	number := uint64(1)
	for i := range batches {
		batches[i] = make([]price, size)
		for j := range batches[i] {
			number = number*6364136223846793005 + 1442695040888963407
			batches[i][j] = price{symbol: number >> 33 % keys, number: number, value: float64(number >> 50)}
		}
	}
	return batches
}
