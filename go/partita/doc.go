// Package partita partitions state: a program says what its state is made of and how a message
// finds its part of it, and the engine runs the parts in parallel, one message at a time for each
// key, in order.
//
//	data --Partition(data)--> key --engine--> that key's state --Compute(data, state)--> output, changed?
//
// # A program
//
// Messages and states are of types of the program's own:
//
//	type Vote struct {
//		Letter rune
//		Count  int
//	}
//
//	type Total struct{ Votes int }
//
// A computation gets the key of a message, the message, and a pointer to the state of that key, which is
// lent for the call. It gives its outputs to an [Emitter], and returns whether it changed the state; an
// error fails the message:
//
//	func addVotes(letter rune, vote Vote, total *Total, out *partita.Emitter[int]) (bool, error) {
//		total.Votes += vote.Count
//		out.Emit(total.Votes)
//		return true, nil
//	}
//
// A partition function says which key a message belongs to. Keys are of any integer or string type:
//
//	func byLetter(vote Vote) rune { return vote.Letter }
//
// A pipeline leads from a source through computations to sinks, or to none:
//
//	totals := partita.PartitionOf[rune, Total]{Name: "totals"}
//	votes := partita.NewSourceOf[Vote]()
//	app := partita.NewApplication("alphabet")
//	stream := partita.NewPipelineOf(app, "votes", votes)
//	sums := partita.ToStatePartition(stream, totals, byLetter, addVotes)
//	sums.ToSink(partita.NewSinkFuncOf("print", show))
//
// [To] and [ToMulti] add computations without a state, and [ToStateful] one whose state is one object.
//
// [Application.Start] runs it, [SourceOf.Send] feeds it ([SourceOf.SendBatch] with many messages at once,
// [SourceOf.Buffer] with those that come one by one), [Application.Drain] waits until all that
// was sent is done, [PartitionOf.Parts] then reads the states, and [Application.Close] ends it.
// [Application.Run] does all but the feeding in one call, for programs that run until they are told
// to stop.
//
// # Interfaces in place of types
//
// Programs may also be written with interfaces: there messages and states are any objects, computations
// and partition functions are types with a method, and a [Pipeline] is declared by its methods. Messages
// that are pointers cost as much as typed ones; values are boxed. An application may have pipelines of
// both kinds.
//
//	type AddVotes struct{}
//
//	func (AddVotes) Compute(data interface{}, state interface{}) (interface{}, bool) {
//		total := state.(*Total)
//		total.Votes += data.(*Vote).Count
//		return total.Votes, true // the output, or nil for none; and whether the state changed
//	}
//
//	type ByLetter struct{}
//
//	func (ByLetter) Partition(data interface{}) uint64 { return uint64(data.(*Vote).Letter) }
//
//	votes := partita.NewSource()
//	app.NewPipeline("votes", votes).
//		ToStatePartition(AddVotes{}, partita.Build(func() interface{} { return new(Total) }),
//			"totals", ByLetter{}, nil).
//		ToSink(partita.NewSinkFunc("print", show))
//
// Steps without a state stand anywhere in a pipeline: [Pipeline.To], [Pipeline.ToMulti], and
// [Pipeline.ToParallel] for what is worth being spread over all workers.
//
// # What is promised
//
// No two goroutines see the same state at once, so Compute needs no lock. Messages of one key that
// one goroutine sends into one pipeline are computed in the order sent, at every later step that
// keeps the key and is not behind a parallel one. Memory is bounded: a source has credits, and Send waits when they are used up.
// Nothing is lost silently: a message that cannot be processed is counted, and handed to the
// function given with [DeadLetters].
//
// # When something is done, and answers
//
// [SourceOf.SendAck] sends a batch and returns an [Ack], which is done when nothing is left of the batch in
// the application: all that follows from it was delivered, dropped or is dead. It says how many died, and
// why the first did. [SourceOf.Watermark] is the position up to which all of that is done, for brokers that
// are acknowledged in order.
//
// A pipeline that ends in [CallersOf] can be called: [CallersOf.Call] sends one message and returns the
// output that follows from it. Very many goroutines may call at once, as HTTP handlers do: their messages
// are sent together while another is sent, and at once if none is. Where the pipeline begins with steps
// without a state, each call runs them on its own goroutine, and is sent by itself. Code on a worker must
// wait for neither. Such a step may, also for what it sends into its own pipeline; but its own message has a
// credit meanwhile, so that with few of them it may wait for ever.
//
// # Streams over TCP
//
// [NewTCPSource] and [NewTCPSourceOf] make a source that listens: a [Framing] says how its clients' streams are
// cut into frames, and a decoder makes messages of those, many in one call of the engine. A [FramedDecoder]
// cuts them itself. [NewTCPSink] and [NewTCPSinkOf] make a sink that connects and writes what an encoder
// makes of its messages. Decoders and encoders run on one goroutine, which has all sockets of the
// application: they should not block. The steps that such a pipeline begins with run on workers. In a test a
// pipeline is fed from a source of [NewSourceOf] instead: package partitatest has no sockets.
//
// # Which goroutine runs what
//
// The steps without a state that a pipeline begins with, up to a parallel one, and the partition function
// behind them run on the goroutine that sends. Everything else (Compute,
// later partition functions, Build, sink functions, the dead-letter function) runs on the workers:
// goroutines of the engine, by default as many as GOMAXPROCS. Code on a worker must not wait for
// its own application: Send, Call, Drain, Wait, Run, Close and what else would wait answer [ErrWouldDeadlock] there. It should not
// block for long either: the worker is held up for that time. A computation that waits for a disk or a
// remote service belongs into a step declared with [Blocking], which has goroutines of its own and holds
// nothing up. If no worker is there when the
// application is closed, Close itself does what is left to do, on a goroutine of its own: it may
// hand over dead letters.
//
// # When user code fails
//
// A panic is recovered. By default the application then fails: sending ends, what is queued is
// dropped and counted, and Wait returns an error with the computation, the key, the message and
// the stack. A step declared with [Skip] makes the message a dead letter instead and goes on; one
// declared with [Reset] also gives the message's key a new state; one declared with [Quarantine] sets
// the key aside, until [Application.Release] lets its messages in again. Before any of that, [Retry]
// tries the message again.
// An error that a computation returns (one of the interface API must be a [TryComputation] for that) fails
// its message in the same way, without a stack, and [errors.Is] finds it in what Wait returns.
// A call to [runtime.Goexit] (testing.T.FailNow, say) is a failure too, and ends only the worker it
// was called on; another takes its place. On a goroutine that sends it ends that, when what was begun of its
// messages is through; the others are not sent.
//
// # Building
//
// The engine is linked by cgo, so a build needs a C compiler and CGO_ENABLED=1, and no Rust. It comes in a module for
// each platform, of which a build takes one. Build tags choose:
//
//   - none: the engine for glibc, on linux/amd64 and linux/arm64.
//   - musl: the engine for musl, on linux/amd64. CC is then a compiler for musl; zig as one needs
//     CGO_LDFLAGS=-lunwind.
//   - partita_system: a shared library that is installed, of this version or a newer one, which pkg-config finds. Also
//     on platforms for which there is no engine.
//
// A build that cannot be is refused with a sentence that says why. Programs may be linked wholly statically, with
// -ldflags '-linkmode=external -extldflags=-static'. In a clone of the repository make builds the engine first.
//
// # Testing
//
// Package partitatest runs an application in one order of events after the other, on the goroutine of a
// test: it finds what a program takes for granted that is not promised.
package partita
