package peers

import (
	"sync"

	"github.com/partita-stream/partita/benches/go/workload"
)

const (
	// sliceLength is the number of messages that go to a worker together.
	sliceLength = 1024

	// sliceDepth is the number of slices that wait in a channel at most. A deep channel lets a sender
	// and workers that outnumber the cores take long turns.
	sliceDepth = 64
)

// Slices sends the messages to the goroutines that have their keys, many at a time. Each goroutine has
// a channel of slices and a map. Slices are used again, so that nothing is allocated per message; the
// sender computes each key once; the workers gather the states of several messages before they
// compute, so that cache misses overlap.
type Slices struct{}

// Name implements workload.System.
func (Slices) Name() string { return "slices" }

// Prepare implements workload.System.
func (Slices) Prepare(workers int) (workload.Round, error) {
	round := &slicesRound{
		outgoing: make([]outgoing, workers),
		spare:    newSpareSlices(workers),
		stocks:   make([]*gatherTable, workers),
	}
	round.running.Add(workers)
	for i := range workers {
		input := make(chan []entry, sliceDepth)
		round.outgoing[i] = outgoing{output: input, entries: <-round.spare}
		round.stocks[i] = newGatherTable()
		go round.work(input, round.stocks[i])
	}
	return round, nil
}

// newSpareSlices returns a channel with all the slices a round needs: for each worker a full channel,
// the slice it computes and the slice the sender fills. Giving one back never waits.
func newSpareSlices(workers int) chan []entry {
	count := workers * (sliceDepth + 2)
	spare := make(chan []entry, count)
	for range count {
		spare <- make([]entry, sliceLength)
	}
	return spare
}

type slicesRound struct {
	outgoing []outgoing
	spare    chan []entry
	stocks   []*gatherTable
	running  sync.WaitGroup
}

// outgoing is the slice that the sender fills for one worker.
type outgoing struct {
	output chan<- []entry
	// entries has its full length always; the first filled of them are in use.
	entries []entry
	filled  int
}

// work computes the slices of one goroutine until its channel is closed.
func (r *slicesRound) work(input <-chan []entry, stocks *gatherTable) {
	defer r.running.Done()
	for entries := range input {
		stocks.update(entries)
		r.spare <- entries[:sliceLength]
	}
}

func (r *slicesRound) Run(input *workload.Input) error {
	for _, message := range input.Messages {
		key := workload.Key(message)
		out := &r.outgoing[place(key, len(r.outgoing))]
		out.entries[out.filled] = entry{key, message}
		out.filled++
		if out.filled == len(out.entries) {
			out.output <- out.entries
			out.entries, out.filled = <-r.spare, 0
		}
	}
	r.finish()
	return nil
}

// finish sends what is left and waits until all of it is computed.
func (r *slicesRound) finish() {
	for _, out := range r.outgoing {
		out.output <- out.entries[:out.filled]
		close(out.output)
	}
	r.running.Wait()
}

func (r *slicesRound) States(visit func(*workload.Stock)) {
	for _, stocks := range r.stocks {
		stocks.visit(visit)
	}
}

func (r *slicesRound) Close() error { return nil }
