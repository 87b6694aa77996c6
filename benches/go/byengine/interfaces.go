package byengine

import (
	"github.com/partita-stream/partita/benches/go/keyed"
	"github.com/partita-stream/partita/go/partita"
)

// Interfaces is Partita's interface API, with messages that are pointers.
type Interfaces struct{}

// Name implements keyed.System.
func (Interfaces) Name() string { return "partita" }

// Open implements keyed.System.
func (Interfaces) Open(job *keyed.Job) (keyed.Runner, error) {
	runner := &interfaces{source: partita.NewSource()}
	runner.job = job
	runner.app = partita.NewApplication("bench", partita.Workers(job.Workers))
	pipeline := runner.app.NewPipeline("messages", runner.source)
	for i := range job.Stateless {
		pipeline.To(passOn{}, partita.WithName(stateless(i)))
	}
	for step := range job.Steps {
		runner.step(pipeline, step)
	}
	if job.Outputs == 0 {
		pipeline.Done()
	} else {
		pipeline.ToSink(partita.NewSinkFunc("sink", runner.take))
	}
	return runner, runner.app.Start()
}

type interfaces struct {
	application
	source *partita.Source
}

// step declares one keyed step.
func (interfaces *interfaces) step(pipeline *partita.Pipeline, step int) {
	job, name := interfaces.job, partitions[step]
	named := partita.WithName(name)
	builder := partita.Build(func() interface{} { return new(keyed.State) })
	last := step == job.Steps-1
	switch {
	case last && job.Outputs > 1:
		pipeline.ToStatePartitionMulti(many{job}, builder, name, byKey(job, step), numbers(job, step), named)
	case job.Kind == keyed.Text && step == 0:
		pipeline.ToStatePartitionString(compute{job, !last || job.Outputs > 0}, builder, name, bySymbol{}, texts(job), named)
	default:
		pipeline.ToStatePartition(compute{job, !last || job.Outputs > 0}, builder, name, byKey(job, step), numbers(job, step), named)
	}
}

func (interfaces *interfaces) take(batch []interface{}) error {
	for _, message := range batch {
		interfaces.outputs.Add(message.(*keyed.Message))
	}
	return nil
}

func (interfaces *interfaces) Feed(input *keyed.Input) error {
	return feed(&interfaces.application, interfaces.source, input.Values)
}

func (interfaces *interfaces) States(visit func(step int, key uint64, state *keyed.State)) error {
	for step := range interfaces.job.Steps {
		err := interfaces.app.Parts(partitions[step], func(key partita.Key, state interface{}) bool {
			number := key.Number
			if key.Kind == partita.TextKey {
				number = keyed.HashText(key.Text)
			}
			visit(step, number, state.(*keyed.State))
			return true
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// passOn is a computation that does nothing.
type passOn struct{}

func (passOn) Compute(data interface{}) interface{} { return data }

// byFirst, bySecond and bySymbol are the partition functions.
type byFirst struct{ job *keyed.Job }

func (by byFirst) Partition(data interface{}) uint64 { return by.job.Partition(data.(*keyed.Message)) }

type bySecond struct{}

func (bySecond) Partition(data interface{}) uint64 {
	return keyed.SecondPartition(data.(*keyed.Message))
}

type bySymbol struct{}

func (bySymbol) Partition(data interface{}) string { return data.(*keyed.Message).Symbol }

func byKey(job *keyed.Job, step int) partita.PartitionFunction {
	if step > 0 {
		return bySecond{}
	}
	return byFirst{job}
}

// compute has at most one output: its message.
type compute struct {
	job    *keyed.Job
	passes bool
}

func (compute compute) Compute(data interface{}, state interface{}) (interface{}, bool) {
	compute.job.Compute(data.(*keyed.Message), state.(*keyed.State))
	if compute.passes {
		return data, true
	}
	return nil, true
}

// many has several.
type many struct{ job *keyed.Job }

func (many many) Compute(data interface{}, state interface{}) ([]interface{}, bool) {
	many.job.Compute(data.(*keyed.Message), state.(*keyed.State))
	outputs := make([]interface{}, many.job.Outputs)
	for i := range outputs {
		outputs[i] = data
	}
	return outputs, true
}
