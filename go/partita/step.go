package partita

// #include "bridge.h"
import "C"

// step is a state computation that the engine runs, the host of its callbacks: messages of type In
// and parts of type Part lead to outputs of type Out.
type step[In, Part, Out any] struct {
	stepBase
	messages *store[In]
	parts    *store[Part]
	outputs  *store[Out]
	// finder finds keys, or is nil.
	finder keyFinder[In]
	// compute computes a run, up to the first message that fails, or until the memory for outputs
	// is full.
	compute func(run *runJob[In, Part, Out])

	// runs and batches are what it does on each seat, one at a time; kept so that a callback
	// allocates nothing.
	runs    []*runJob[In, Part, Out]
	batches []*keyJob[In]
}

// stepBase is what all steps have.
type stepBase struct {
	engine *engine
	// computation is the name of the computation.
	computation string
	policy      policy
	// parallel says that a stateless step is spread over the workers.
	parallel bool
	// signed says that the keys are numbers with a sign.
	signed bool
	// place is where it can be made to fail, or nil.
	place *place
}

// stepHost is a step of any types.
type stepHost interface {
	holder
	run(worker *worker, room *C.partita_run, outside bool) C.partita_status
	keys(worker *worker, room *C.partita_keys) C.partita_status
	base() *stepBase
	// kind is that of the keys.
	kind() KeyKind
}

func newStep[In, Part, Out any](base stepBase, finder keyFinder[In], compute func(*runJob[In, Part, Out])) *step[In, Part, Out] {
	step := &step[In, Part, Out]{
		stepBase: base,
		messages: messagesOf[In](base.engine),
		parts:    statesOf[Part](base.engine),
		outputs:  messagesOf[Out](base.engine),
		finder:   finder,
		compute:  compute,
	}
	base.engine.seated = append(base.engine.seated, step)
	return step
}

func (step *step[In, Part, Out]) kind() KeyKind {
	if step.finder == nil {
		return NoKey
	}
	return step.finder.kind()
}

// keyed is how keys are found, or nil.
func (step *step[In, Part, Out]) keyed() keyFinder[In] { return step.finder }

func (step *stepBase) base() *stepBase { return step }

// holds are the outputs: those are what the engine gives back.
func (step *step[In, Part, Out]) holds() keeper { return step.outputs }

func (step *step[In, Part, Out]) seat(count int) {
	step.runs = seats[runJob[In, Part, Out]](count)
	step.batches = seats[keyJob[In]](count)
	for seat, run := range step.runs {
		run.step, run.messages, run.outputs = step, step.messages.cache(seat), step.outputs.cache(seat)
		run.pointers = isPointer[In]()
		run.emitter = Emitter[Out]{cache: run.outputs, nilable: isInterface[Out]()}
		step.batches[seat].finder, step.batches[seat].messages = step.finder, step.messages
	}
}
