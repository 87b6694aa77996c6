package byhand

import (
	"sync"

	"github.com/partita-stream/partita/benches/go/keyed"
)

// sliceStage is what one step of Slices, or its sink, has: for each of its goroutines a channel of slices. A nil
// slice asks to be told of when all before it is done.
type sliceStage struct {
	inputs []chan []entry
	// spare are the slices that nobody uses: giving one back never waits.
	spare chan []entry
	empty sync.WaitGroup
	// length is that of the slices.
	length int
}

// newSliceStage makes all the slices of a stage: for each worker a full channel, the slice it computes, and one
// for each of those who fill them.
func newSliceStage(workers, senders, length int) *sliceStage {
	stage := &sliceStage{length: length}
	count := workers * (sliceDepth + 1 + senders)
	stage.spare = make(chan []entry, count)
	for range count {
		stage.spare <- make([]entry, length)
	}
	for range workers {
		stage.inputs = append(stage.inputs, make(chan []entry, sliceDepth))
	}
	return stage
}

// wait waits until the goroutines are done with all that was sent before.
func (stage *sliceStage) wait() {
	stage.empty.Add(len(stage.inputs))
	for _, input := range stage.inputs {
		input <- nil
	}
	stage.empty.Wait()
}

func (stage *sliceStage) close() {
	for _, input := range stage.inputs {
		close(input)
	}
}

// filling is what one goroutine sends to a stage: a slice for each of its workers.
type filling struct {
	stage *sliceStage
	parts []part
}

// part is the slice for one worker.
type part struct {
	output chan<- []entry
	// entries has its full length always; the first filled of them are in use.
	entries []entry
	filled  int
}

func (stage *sliceStage) filling() *filling {
	filling := &filling{stage: stage}
	for _, input := range stage.inputs {
		filling.parts = append(filling.parts, part{output: input, entries: <-stage.spare})
	}
	return filling
}

// send puts a message into the slice of its key's worker, and sends the slice when it is full.
func (filling *filling) send(key uint64, message *keyed.Message) {
	part := &filling.parts[place(key, len(filling.parts))]
	part.entries[part.filled] = entry{key, message}
	part.filled++
	if part.filled == len(part.entries) {
		filling.push(part)
	}
}

func (filling *filling) push(part *part) {
	part.output <- part.entries[:part.filled]
	part.entries, part.filled = <-filling.stage.spare, 0
}

// flush sends what has been filled.
func (filling *filling) flush() {
	for i := range filling.parts {
		if part := &filling.parts[i]; part.filled > 0 {
			filling.push(part)
		}
	}
}
