package byhand

import (
	"sync"

	"github.com/partita-stream/partita/benches/go/keyed"
)

// channelDepth is the number of messages that wait in a channel at most. Tried were 128, 512 and 2,048. Fewer cost switches between
// goroutines, which shows with many keys; more cost cache misses, which show with few.
const channelDepth = 512

// Channels sends one message at a time to the goroutine that has its key. Each goroutine has a channel and a
// map, in each step; outputs go over a channel to one goroutine. It is the usual way to partition state in Go.
type Channels struct{}

// Name implements keyed.System.
func (Channels) Name() string { return "channels" }

// Open implements keyed.System.
func (Channels) Open(job *keyed.Job) (keyed.Runner, error) {
	channels := &channels{job: job}
	channels.sink.begin(&channels.running, channels.take)
	for step := range job.Steps {
		kind := job.Kind
		if step > 0 {
			kind = keyed.Number
		}
		for range job.Workers {
			table := newTable(kind)
			channels.tables[step] = append(channels.tables[step], table)
			channels.steps[step].begin(&channels.running, func(input <-chan entry) { channels.work(step, table, input) })
		}
	}
	return channels, nil
}

// channelStage is what one step, or the sink, has: a channel for each of its goroutines. An empty entry asks
// to be told of.
type channelStage struct {
	inputs []chan entry
	empty  sync.WaitGroup
}

type channels struct {
	job     *keyed.Job
	steps   [2]channelStage
	sink    channelStage
	tables  [2][]*table
	running sync.WaitGroup
	outputs keyed.Tally
}

// begin starts one goroutine of a stage.
func (stage *channelStage) begin(running *sync.WaitGroup, work func(input <-chan entry)) {
	input := make(chan entry, channelDepth)
	stage.inputs = append(stage.inputs, input)
	running.Go(func() { work(input) })
}

// work computes the messages of one goroutine until its channel is closed.
func (channels *channels) work(step int, table *table, input <-chan entry) {
	job := channels.job
	last := step == job.Steps-1
	for entry := range input {
		if entry.message == nil {
			channels.steps[step].empty.Done()
			continue
		}
		job.Compute(entry.message, table.state(entry.key, entry.message))
		if last && job.Outputs == 0 {
			continue
		}
		channels.pass(last, entry.message)
	}
}

// pass sends a message on to the second step or the sink.
func (channels *channels) pass(last bool, message *keyed.Message) {
	if last {
		for range channels.job.Outputs {
			channels.sink.inputs[0] <- entry{message: message}
		}
		return
	}
	channels.steps[1].send(entry{keyed.SecondPartition(message), message})
}

// take is the sink.
func (channels *channels) take(input <-chan entry) {
	for entry := range input {
		if entry.message == nil {
			channels.sink.empty.Done()
			continue
		}
		channels.outputs.Add(entry.message)
	}
}

func (stage *channelStage) send(entry entry) {
	stage.inputs[place(entry.key, len(stage.inputs))] <- entry
}

// wait waits until the goroutines are done with all that was sent before.
func (stage *channelStage) wait() {
	stage.empty.Add(len(stage.inputs))
	for _, input := range stage.inputs {
		input <- entry{}
	}
	stage.empty.Wait()
}

func (channels *channels) Feed(input *keyed.Input) error {
	job := channels.job
	each(input.Messages, func(_ int, messages []*keyed.Message) {
		for _, message := range messages {
			channels.steps[0].send(entry{job.Partition(message), message})
		}
	})
	for step := range job.Steps {
		channels.steps[step].wait()
	}
	channels.sink.wait()
	return nil
}

func (channels *channels) States(visit func(step int, key uint64, state *keyed.State)) error {
	for step, tables := range channels.tables {
		for _, table := range tables {
			table.visit(step, visit)
		}
	}
	return nil
}

func (channels *channels) Outputs() keyed.Tally { return channels.outputs }

func (channels *channels) Close() error {
	for _, stage := range []*channelStage{&channels.steps[0], &channels.steps[1], &channels.sink} {
		for _, input := range stage.inputs {
			close(input)
		}
	}
	channels.running.Wait()
	return nil
}
