package partita

import "fmt"

// step is a state computation that the engine runs: the host of its callbacks.
type step struct {
	engine *engine
	// single or multi is the computation, which has this name.
	single      StateComputation
	multi       StateComputationMulti
	computation string
	policy      policy
	// try or tryMulti is the same computation, if it is to be called with an error result.
	try      TryComputation
	tryMulti TryComputationMulti
	// words or texts is the partition function, as kind says, which has this name.
	words    PartitionFunction
	texts    StringPartitionFunction
	kind     KeyKind
	function string
}

// owner is the engine whose messages the step emits.
func (step *step) owner() *engine { return step.engine }

// describeKey names the partition function and the message on which it failed.
func (step *step) describeKey(data any) string {
	return fmt.Sprintf("partition function %q, message %s", step.function, show(data))
}
