package peers

import (
	"sync"

	"github.com/partita-stream/partita/benches/go/workload"
)

// channelDepth is the number of messages that wait in a channel at most. Fewer cost switches between
// goroutines, which shows with many keys; more cost cache misses, which show with few.
const channelDepth = 512

// Channels sends one message at a time to the goroutine that has its key. Each goroutine has a channel
// and a map. It is the usual way to partition state in Go.
type Channels struct{}

// Name implements workload.System.
func (Channels) Name() string { return "channels" }

// Prepare implements workload.System.
func (Channels) Prepare(workers int) (workload.Round, error) {
	round := &channelsRound{
		inputs: make([]chan entry, workers),
		stocks: make([]table, workers),
	}
	round.running.Add(workers)
	for i := range workers {
		round.inputs[i] = make(chan entry, channelDepth)
		round.stocks[i] = make(table)
		go round.work(round.inputs[i], round.stocks[i])
	}
	return round, nil
}

type channelsRound struct {
	inputs  []chan entry
	stocks  []table
	running sync.WaitGroup
}

// work computes the messages of one goroutine until its channel is closed.
func (r *channelsRound) work(input <-chan entry, stocks table) {
	defer r.running.Done()
	for entry := range input {
		workload.Update(entry.message, stocks.stock(entry.key))
	}
}

func (r *channelsRound) Run(input *workload.Input) error {
	for _, message := range input.Messages {
		key := workload.Key(message)
		r.inputs[place(key, len(r.inputs))] <- entry{key, message}
	}
	for _, input := range r.inputs {
		close(input)
	}
	r.running.Wait()
	return nil
}

func (r *channelsRound) States(visit func(*workload.Stock)) {
	for _, stocks := range r.stocks {
		stocks.visit(visit)
	}
}

func (r *channelsRound) Close() error { return nil }
