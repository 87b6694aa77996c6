package main

import (
	"context"
	"sync"

	"github.com/partita-stream/partita/go/partita"
)

// makers are the systems that are measured.
var makers = []maker{
	{"channels", newChannels}, {"partita", newInterfaces}, {"partita-typed", newEngine}, {"partita-buffered", newBuffered},
}

// workers is how many goroutines compute.
const workers = 2

// ---- channels ----

// channels has a goroutine with a map for each worker, and one that takes the outputs.
type channels struct {
	inputs           [workers]chan *message
	outputs          chan *message
	running, calling sync.WaitGroup
}

func newChannels(out func(*message)) (system, error) {
	system := &channels{outputs: make(chan *message, 512)}
	system.running.Add(workers)
	for worker := range system.inputs {
		input := make(chan *message, 512)
		system.inputs[worker] = input
		go func() {
			defer system.running.Done()
			counts := make(map[uint64]*int)
			for message := range input {
				count := counts[message.number%keys]
				if count == nil {
					count = new(int)
					counts[message.number%keys] = count
				}
				*count++
				system.outputs <- message
			}
		}()
	}
	system.calling.Add(1)
	go func() {
		defer system.calling.Done()
		for message := range system.outputs {
			out(message)
		}
	}()
	return system, nil
}

func (system *channels) send(message *message) error {
	system.inputs[message.number%keys%workers] <- message
	return nil
}

func (system *channels) close() error {
	for _, input := range system.inputs {
		close(input)
	}
	system.running.Wait()
	close(system.outputs)
	system.calling.Wait()
	return nil
}

// ---- partita ----

// interfaces is Partita's interface API; each message is sent alone.
type interfaces struct {
	app    *partita.Application
	source *partita.Source
}

type count struct{}

func (count) Compute(data interface{}, state interface{}) (interface{}, bool) {
	*state.(*int)++
	return data, true
}

type byNumber struct{}

func (byNumber) Partition(data interface{}) uint64 { return data.(*message).number % keys }

func newInterfaces(out func(*message)) (system, error) {
	app := partita.NewApplication("latency", partita.Workers(workers))
	source := partita.NewSource()
	app.NewPipeline("messages", source).
		ToStatePartition(count{}, partita.Build(func() interface{} { return new(int) }), "counts", byNumber{}, nil).
		ToSink(partita.NewSinkFunc("out", func(batch []interface{}) error {
			for _, data := range batch {
				out(data.(*message))
			}
			return nil
		}))
	return &interfaces{app, source}, app.Start()
}

func (system *interfaces) send(message *message) error {
	return system.source.Send(context.Background(), message)
}

func (system *interfaces) close() error { return end(system.app) }

// end waits until all has come through.
func end(app *partita.Application) error {
	if err := app.Drain(context.Background()); err != nil {
		return err
	}
	return app.Close(context.Background())
}

// engine is Partita's typed API; each message is sent alone.
type engine struct {
	app    *partita.Application
	source *partita.SourceOf[*message]
}

func newEngine(out func(*message)) (system, error) { return startEngine(out) }

func startEngine(out func(*message)) (*engine, error) {
	app := partita.NewApplication("latency", partita.Workers(workers))
	source := partita.NewSourceOf[*message]()
	partita.ToStatePartition(partita.NewPipelineOf(app, "messages", source), partita.PartitionOf[uint64, int]{Name: "counts"},
		func(message *message) uint64 { return message.number % keys },
		func(_ uint64, message *message, count *int, emitter *partita.Emitter[*message]) (bool, error) {
			*count++
			emitter.Emit(message)
			return true, nil
		}).ToSink(partita.NewSinkFuncOf("out", func(batch []*message) error {
		for _, message := range batch {
			out(message)
		}
		return nil
	}))
	return &engine{app, source}, app.Start()
}

func (system *engine) send(message *message) error {
	return system.source.Send(context.Background(), message)
}

func (system *engine) close() error { return end(system.app) }

// buffered is Partita; messages are sent through a buffer.
type buffered struct {
	*engine
	buffer *partita.BufferedSender[*message]
}

func newBuffered(out func(*message)) (system, error) {
	engine, err := startEngine(out)
	if err != nil {
		return nil, err
	}
	buffer, err := engine.source.Buffer()
	return &buffered{engine, buffer}, err
}

func (system *buffered) send(message *message) error {
	return system.buffer.Send(context.Background(), message)
}
