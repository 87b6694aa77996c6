package byengine

import (
	"github.com/partita-stream/partita/benches/go/keyed"
	"github.com/partita-stream/partita/go/partita"
)

// Typed is Partita's typed API, with messages that are values.
type Typed struct{}

// Name implements keyed.System.
func (Typed) Name() string { return "partita-typed" }

// Open implements keyed.System.
func (Typed) Open(job *keyed.Job) (keyed.Runner, error) {
	runner := &typed{source: partita.NewSourceOf[keyed.Message]()}
	runner.job = job
	runner.app = partita.NewApplication("bench", partita.Workers(job.Workers))
	stream := partita.NewPipelineOf(runner.app, "messages", runner.source)
	for i := range job.Stateless {
		stream = partita.To(stream, pass, partita.WithName(stateless(i)))
	}
	if job.Steps == 2 {
		stream = runner.step(stream, 0, 1)
	}
	stream = runner.step(stream, job.Steps-1, job.Outputs)
	if job.Outputs == 0 {
		stream.Done()
	} else {
		stream.ToSink(partita.NewSinkFuncOf("sink", runner.take))
	}
	return runner, runner.app.Start()
}

type typed struct {
	application
	source *partita.SourceOf[keyed.Message]
}

type stream = partita.Stream[keyed.Message]

// pass is a computation that does nothing.
func pass(message keyed.Message) (keyed.Message, bool, error) { return message, true, nil }

// step declares one keyed step, which emits its message so many times.
func (typed *typed) step(from stream, step, outputs int) stream {
	job, named := typed.job, partita.WithName(partitions[step])
	if job.Kind == keyed.Text && step == 0 {
		partition := partita.PartitionOf[string, keyed.State]{Name: partitions[step], Keys: texts(job)}
		return partita.ToStatePartition(from, partition,
			func(message keyed.Message) string { return message.Symbol }, update[string](job, outputs), named)
	}
	partition := partita.PartitionOf[uint64, keyed.State]{Name: partitions[step], Keys: numbers(job, step)}
	key := func(message keyed.Message) uint64 { return job.Partition(&message) }
	if step > 0 {
		key = func(message keyed.Message) uint64 { return keyed.SecondPartition(&message) }
	}
	return partita.ToStatePartition(from, partition, key, update[uint64](job, outputs), named)
}

func update[K any](job *keyed.Job, outputs int) func(K, keyed.Message, *keyed.State, *partita.Emitter[keyed.Message]) (bool, error) {
	return func(_ K, message keyed.Message, state *keyed.State, out *partita.Emitter[keyed.Message]) (bool, error) {
		job.Compute(&message, state)
		for range outputs {
			out.Emit(message)
		}
		return true, nil
	}
}

func (typed *typed) take(batch []keyed.Message) error {
	for i := range batch {
		typed.outputs.Add(&batch[i])
	}
	return nil
}

func (typed *typed) Feed(input *keyed.Input) error {
	return feed(&typed.application, typed.source, input.Plain)
}

func (typed *typed) States(visit func(step int, key uint64, state *keyed.State)) error {
	for step := range typed.job.Steps {
		var err error
		if typed.job.Kind == keyed.Text && step == 0 {
			err = partita.PartitionOf[string, keyed.State]{Name: partitions[step]}.Parts(typed.app,
				func(key string, state *keyed.State) bool { visit(step, keyed.HashText(key), state); return true })
		} else {
			err = partita.PartitionOf[uint64, keyed.State]{Name: partitions[step]}.Parts(typed.app,
				func(key uint64, state *keyed.State) bool { visit(step, key, state); return true })
		}
		if err != nil {
			return err
		}
	}
	return nil
}
