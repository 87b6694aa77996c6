package byhand

import (
	"sync"

	"github.com/partita-stream/partita/benches/go/keyed"
)

// sliceDepth is the number of slices that wait in a channel at most. A deep channel lets a sender and workers that
// outnumber the cores take long turns. Tried were 2, 8, 16, 64 and 256: from 64 on there is no difference.
const sliceDepth = 64

// Slices sends messages to the goroutines that have their keys, many at a time, as many as the batches of the job.
// Each goroutine has a channel of slices and a map, in each step. Slices are used again through a channel, so that
// nothing is allocated per message; the sender computes each key once; the workers gather the states of several
// messages before they compute, so that cache misses overlap.
type Slices struct{}

// Name implements keyed.System.
func (Slices) Name() string { return "slices" }

// Open implements keyed.System.
func (Slices) Open(job *keyed.Job) (keyed.Runner, error) {
	runner := &slices{job: job, sink: newSliceStage(1, job.Workers, job.Batch)}
	runner.running.Go(runner.take)
	for step := job.Steps - 1; step >= 0; step-- {
		runner.open(step)
	}
	return runner, nil
}

type slices struct {
	job     *keyed.Job
	steps   [2]*sliceStage
	sink    *sliceStage
	tables  [2][]*table
	senders []*filling
	running sync.WaitGroup
	outputs keyed.Tally
}

// sendersMax is how many senders there are at most.
const sendersMax = 16

// open starts the workers of a step; the next one is open already.
func (slices *slices) open(step int) {
	kind, before := slices.job.Kind, sendersMax
	if step > 0 {
		kind, before = keyed.Number, slices.job.Workers
	}
	slices.steps[step] = newSliceStage(slices.job.Workers, before, slices.job.Batch)
	for _, input := range slices.steps[step].inputs {
		table := newTable(kind)
		slices.tables[step] = append(slices.tables[step], table)
		slices.running.Go(func() { slices.work(step, table, input) })
	}
}

// work computes the slices of one goroutine until its channel is closed.
func (slices *slices) work(step int, table *table, input <-chan []entry) {
	stage, next := slices.steps[step], slices.sink.filling
	last := step == slices.job.Steps-1
	if !last {
		next = slices.steps[step+1].filling
	}
	passes := !last || slices.job.Outputs > 0
	filling := next()
	for entries := range input {
		if entries == nil {
			filling.flush()
			stage.empty.Done()
			continue
		}
		table.update(slices.job, entries)
		if passes {
			slices.pass(last, entries, filling)
		}
		stage.spare <- entries[:stage.length]
	}
}

// pass sends messages on to the second step or the sink.
func (slices *slices) pass(last bool, entries []entry, filling *filling) {
	for _, entry := range entries {
		if !last {
			filling.send(keyed.SecondPartition(entry.message), entry.message)
			continue
		}
		for range slices.job.Outputs {
			filling.send(0, entry.message)
		}
	}
}

// take is the sink.
func (slices *slices) take() {
	for entries := range slices.sink.inputs[0] {
		if entries == nil {
			slices.sink.empty.Done()
			continue
		}
		for _, entry := range entries {
			slices.outputs.Add(entry.message)
		}
		slices.sink.spare <- entries[:slices.sink.length]
	}
}

func (slices *slices) Feed(input *keyed.Input) error {
	job := slices.job
	for len(slices.senders) < len(input.Messages) {
		slices.senders = append(slices.senders, slices.steps[0].filling())
	}
	each(input.Messages, func(i int, messages []*keyed.Message) {
		filling := slices.senders[i]
		for _, message := range messages {
			filling.send(job.Partition(message), message)
		}
		filling.flush()
	})
	for step := range job.Steps {
		slices.steps[step].wait()
	}
	slices.sink.wait()
	return nil
}

func (slices *slices) States(visit func(step int, key uint64, state *keyed.State)) error {
	for step, tables := range slices.tables {
		for _, table := range tables {
			table.visit(step, visit)
		}
	}
	return nil
}

func (slices *slices) Outputs() keyed.Tally { return slices.outputs }

func (slices *slices) Close() error {
	slices.steps[0].close()
	if slices.steps[1] != nil {
		slices.steps[1].close()
	}
	slices.sink.close()
	slices.running.Wait()
	return nil
}
