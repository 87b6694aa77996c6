package byengine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/partita-stream/partita/benches/go/keyed"
	"github.com/partita-stream/partita/go/partita"
)

// application is what both APIs have in a job.
type application struct {
	job     *keyed.Job
	app     *partita.Application
	outputs keyed.Tally
}

// Outputs implements keyed.Runner.
func (application *application) Outputs() keyed.Tally { return application.outputs }

// Close implements keyed.Runner.
func (application *application) Close() error { return application.app.Close(context.Background()) }

// feed sends each sender's messages in batches, and waits until all are computed and taken by the sink.
func feed[T any](application *application, source *partita.SourceOf[T], senders [][]T) error {
	ctx := context.Background()
	var running sync.WaitGroup
	failed := make([]error, len(senders))
	for i, messages := range senders {
		send := func() {
			for batch := range slices.Chunk(messages, application.job.Batch) {
				if _, failed[i] = source.SendBatch(ctx, batch); failed[i] != nil {
					return
				}
			}
		}
		if i == len(senders)-1 {
			send()
			break
		}
		running.Go(send)
	}
	running.Wait()
	return errors.Join(errors.Join(failed...), application.app.Drain(ctx))
}

// partitions are the names of the steps' partitions.
var partitions = [2]string{"first", "second"}

// stateless names a step without a state.
func stateless(i int) string { return fmt.Sprintf("stateless %d", i+1) }

// numbers and texts are the declared keys, or nil.
func numbers(job *keyed.Job, step int) []uint64 {
	if !job.Declared {
		return nil
	}
	keys := make([]uint64, len(job.Keys))
	for i, message := range job.Keys {
		keys[i] = job.Partition(message)
		if step > 0 {
			keys[i] = keyed.SecondPartition(message)
		}
	}
	return keys
}

func texts(job *keyed.Job) []string {
	if !job.Declared {
		return nil
	}
	keys := make([]string, len(job.Keys))
	for i, message := range job.Keys {
		keys[i] = message.Symbol
	}
	return keys
}
