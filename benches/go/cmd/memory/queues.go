package main

import (
	"context"
	"unsafe"

	"github.com/partita-stream/partita/go/partita"
)

// queue is where messages wait.
type queue struct {
	name string
	// own is what a message itself takes there.
	own  float64
	open func(messages int) (hold, error)
}

// hold has messages wait.
type hold interface {
	// put puts so many messages there, none of which is computed.
	put(messages int) error
	// release lets them go.
	release() error
}

// order is a message.
type order struct{ key, value, _, _ uint64 }

// orders go round: those in flight are none of the system's.
var orders [1024]order

func init() {
	for i := range orders {
		orders[i].key = scattered(i)
	}
}

var queues = []queue{
	{"channels", 0, openChannel},
	{"partita", 0, openInterfaces},
	{"partita-typed", float64(unsafe.Sizeof(order{})), openTyped},
}

// ---- channels ----

// channel has room for all messages.
type channel chan *order

func openChannel(messages int) (hold, error) {
	// Memory that nothing was written to yet is not resident.
	return channel(make(chan *order, messages)), nil
}

func (channel channel) put(messages int) error {
	for i := range messages {
		channel <- &orders[i%len(orders)]
	}
	return nil
}

func (channel channel) release() error {
	close(channel)
	for range channel {
	}
	return nil
}

// ---- partita ----

// gated is an application whose computation waits for a gate to open.
type gated[T any] struct {
	app    *partita.Application
	source *partita.SourceOf[T]
	gate   chan struct{}
	from   func(order *order) T
}

// waiting computes an order once the gate is open.
type waiting struct{ gate chan struct{} }

func (waiting waiting) Compute(data interface{}, kept interface{}) (interface{}, bool) {
	<-waiting.gate
	kept.(*state).take(data.(*order).value)
	return nil, true
}

type byOrder struct{}

func (byOrder) Partition(data interface{}) uint64 { return data.(*order).key }

func openInterfaces(messages int) (hold, error) {
	gate := make(chan struct{})
	app := partita.NewApplication("memory", partita.Workers(2))
	source := partita.NewSource(partita.Credits(messages))
	app.NewPipeline("orders", source).ToStatePartition(waiting{gate}, newState{}, "states", byOrder{}, nil).Done()
	return &gated[interface{}]{app, source, gate, func(order *order) interface{} { return order }}, app.Start()
}

func openTyped(messages int) (hold, error) {
	gate := make(chan struct{})
	app := partita.NewApplication("memory", partita.Workers(2))
	source := partita.NewSourceOf[order](partita.Credits(messages))
	partita.ToStatePartition(partita.NewPipelineOf(app, "orders", source), partita.PartitionOf[uint64, state]{Name: "states"},
		func(order order) uint64 { return order.key },
		func(_ uint64, order order, state *state, _ *partita.Emitter[partita.None]) (bool, error) {
			<-gate
			state.take(order.value)
			return true, nil
		}).Done()
	return &gated[order]{app, source, gate, func(from *order) order { return *from }}, app.Start()
}

func (gated *gated[T]) put(messages int) error {
	batch := make([]T, 0, batchLen)
	for i := range messages {
		batch = append(batch, gated.from(&orders[i%len(orders)]))
		if len(batch) == cap(batch) || i == messages-1 {
			if _, err := gated.source.SendBatch(context.Background(), batch); err != nil {
				return err
			}
			batch = batch[:0]
		}
	}
	return nil
}

func (gated *gated[T]) release() error {
	close(gated.gate)
	if err := gated.app.Drain(context.Background()); err != nil {
		return err
	}
	return gated.app.Close(context.Background())
}
