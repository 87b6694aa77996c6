package keyed

// Input is what a system is fed: for each sender its messages, in the forms that systems take. All of them
// exist, whichever is used, so that all systems run beside the same heap.
type Input struct {
	Messages [][]*Message
	// Values are the same as interface values, and Plain as values.
	Values [][]interface{}
	Plain  [][]Message
}

// NewInput deals messages out to senders by key: nothing orders the messages of two senders.
func NewInput(messages []*Message, senders int) *Input {
	input := &Input{Messages: Deal(messages, senders)}
	for _, part := range input.Messages {
		values, plain := make([]interface{}, len(part)), make([]Message, len(part))
		for i, message := range part {
			values[i], plain[i] = message, *message
		}
		input.Values, input.Plain = append(input.Values, values), append(input.Plain, plain)
	}
	return input
}

// System is one way to run jobs.
type System interface {
	// Name identifies the system in reports.
	Name() string
	// Open starts what runs a job. Nothing of it is timed.
	Open(job *Job) (Runner, error)
}

// Runner runs one job. Its methods are called by one goroutine.
type Runner interface {
	// Feed sends all of the input, each sender's from a goroutine of its own, and returns when all is
	// computed and all outputs have been taken by the sink. It is timed, and may be called again.
	Feed(input *Input) error
	// States visits the states, once each, with the number of their step.
	States(visit func(step int, key uint64, state *State)) error
	// Outputs is what the sink was given.
	Outputs() Tally
	// Close ends what Open started.
	Close() error
}

// Preparer is a Runner that is given the input before the clock starts.
type Preparer interface{ Prepare(input *Input) }
