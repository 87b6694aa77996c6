package main

import (
	"github.com/partita-stream/partita/benches/go/workload"
	"github.com/partita-stream/partita/go/partita"
)

func init() { systems = append(systems, engineWithSteps{}) }

// engineWithSteps is Partita with three stateless steps before the one with a state, which pass messages
// on: what they cost is the difference to [engine].
type engineWithSteps struct{}

func (engineWithSteps) Name() string { return "partita-steps" }

func (engineWithSteps) Prepare(workers int) (workload.Round, error) {
	return prepare(workers, func(pipeline *partita.Pipeline) {
		for _, name := range []string{"first", "second", "third"} {
			pipeline.To(passOn{}, partita.WithName(name))
		}
	})
}

// passOn is a computation that does nothing.
type passOn struct{}

func (passOn) Compute(data interface{}) interface{} { return data }
