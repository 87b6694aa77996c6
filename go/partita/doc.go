// Package partita partitions state: a program says what its state is made of and how a message
// finds its part of it, and the engine runs the parts in parallel, one message at a time for each
// key, in order.
//
//	data --Partition(data)--> key --engine--> that key's state --Compute(data, state)--> output, changed?
//
// # A program
//
// A computation is a plain type. Compute gets a message and the state of the message's key. It
// returns an output, or nil for none, and whether it changed the state:
//
//	type Total struct{ Votes int }
//
//	type AddVotes struct{}
//
//	func (AddVotes) Compute(data interface{}, state interface{}) (interface{}, bool) {
//		total := state.(*Total)
//		total.Votes += data.(*Vote).Count
//		return total.Votes, true
//	}
//
// A partition function says which key a message belongs to:
//
//	type ByLetter struct{}
//
//	func (ByLetter) Partition(data interface{}) uint64 { return uint64(data.(*Vote).Letter) }
//
// A pipeline leads from a source through computations to sinks, or to none:
//
//	votes := partita.NewSource()
//	app := partita.NewApplication("alphabet")
//	app.NewPipeline("votes", votes).
//		ToStatePartition(AddVotes{}, partita.Build(func() interface{} { return new(Total) }),
//			"totals", ByLetter{}, nil).
//		ToSink(partita.NewSinkFunc("print", show))
//
// [Application.Start] runs it, [SourceOf.Send] feeds it, [Application.Drain] waits until all that
// was sent is done, [Application.Parts] then reads the states, and [Application.Close] ends it.
// [Application.Run] does all but the feeding in one call, for programs that run until they are told
// to stop.
//
// # What is promised
//
// No two goroutines see the same state at once, so Compute needs no lock. Messages of one key that
// one goroutine sends into one pipeline are computed in the order sent, at every later step that
// keeps the key. Memory is bounded: a source has credits, and Send waits when they are used up.
// Nothing is lost silently: a message that cannot be processed is counted, and handed to the
// function given with [DeadLetters].
//
// # Which goroutine runs what
//
// The first step's partition function runs on the goroutine that sends. Everything else (Compute,
// later partition functions, Build, sink functions, the dead-letter function) runs on the workers:
// goroutines of the engine, by default as many as GOMAXPROCS. Code on a worker must not wait for
// its own application: Send, Drain, Wait and Close answer [ErrWouldDeadlock] there. It should not
// block for long either: the worker is held up for that time. If no worker is there when the
// application is closed, Close itself does what is left to do, on a goroutine of its own: it may
// hand over dead letters.
//
// # When user code fails
//
// A panic is recovered. By default the application then fails: sending ends, what is queued is
// dropped and counted, and Wait returns an error with the computation, the key, the message and
// the stack. A step declared with [Skip] makes the message a dead letter instead and goes on; one
// declared with [Reset] also gives the message's key a new state; one declared with [Quarantine] sets
// the key aside, until [Application.Release] lets its messages in again.
// A computation that is a [TryComputation], too, returns an error instead of panicking: it fails its
// message in the same way, and [errors.Is] finds it in what Wait returns.
// A call to [runtime.Goexit] (testing.T.FailNow, say) is a failure too, and ends only the worker it
// was called on; another takes its place.
package partita
