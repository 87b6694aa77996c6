package workload

// System is one way to run the workload.
type System interface {
	// Name identifies the system in reports and on the command line.
	Name() string

	// Prepare sets up one round with that many workers: what it starts and allocates is not timed.
	// The keys are not known yet: the tables it makes are empty, and it makes no states.
	Prepare(workers int) (Round, error)
}

// Round is a System set up for one round. Its methods are called once each, in the order they are
// declared, by one goroutine. After an error only Close follows.
type Round interface {
	// Run is what is timed. The calling goroutine is the only sender: it feeds the messages in order
	// and returns when every one of them has been computed. A key may be used first by any message.
	Run(input *Input) error

	// States calls visit for the final state of each key, once, in any order.
	States(visit func(stock *Stock))

	// Close ends what Prepare started and leaves nothing running.
	Close() error
}
