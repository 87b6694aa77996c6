package partita

// To adds a computation without a state to a stream: one message in, none or one out. compute returns the
// output and whether it is emitted; an error fails the message as a panic does, by the policy of the step.
// It may be called by any number of goroutines at once.
//
// The steps that a pipeline begins with, up to the first one with a state or a parallel one, are run by
// the goroutine that sends; others by the worker that has the message. Steps next to each other cost no
// more crossing into the engine than one.
func To[In, Out any](
	stream Stream[In],
	compute func(in In) (out Out, emit bool, err error),
	options ...StepOption,
) Stream[Out] {
	return next[In, Out](stream, typedTransform(compute, false, through(compute)), options)
}

// ToMulti is [To] for a computation with any number of outputs, which it emits. If it fails, they are
// dropped.
func ToMulti[In, Out any](
	stream Stream[In],
	compute func(in In, out *Emitter[Out]) error,
	options ...StepOption,
) Stream[Out] {
	return next[In, Out](stream, typedTransform(compute, false, throughMulti(compute)), options)
}

// ToParallel is [To] for a computation that is worth being spread over all workers: several messages are
// computed at once, also of one sender. From there on they come in any order, also to steps with a state.
func ToParallel[In, Out any](
	stream Stream[In],
	compute func(in In) (out Out, emit bool, err error),
	options ...StepOption,
) Stream[Out] {
	return next[In, Out](stream, typedTransform(compute, true, through(compute)), options)
}

// ToParallelMulti is [ToParallel] for a computation with any number of outputs.
func ToParallelMulti[In, Out any](
	stream Stream[In],
	compute func(in In, out *Emitter[Out]) error,
	options ...StepOption,
) Stream[Out] {
	return next[In, Out](stream, typedTransform(compute, true, throughMulti(compute)), options)
}

// typedTransform declares a stateless step of the typed API.
func typedTransform[In, Out any](compute any, parallel bool, through func(level *levelOf[In, Out])) *stepItem {
	item := typedItem(nil, compute)
	item.parallel = parallel
	item.transform = func(base stepBase) transformHost { return newTransform(base, through) }
	return item
}

// through lets messages through a computation with one output or none.
func through[In, Out any](compute func(In) (Out, bool, error)) func(level *levelOf[In, Out]) {
	return func(level *levelOf[In, Out]) {
		in, out, nilable := level.in, level.out, level.emitter.nilable
		items := in.items
		out.reserve(in.left())
		for at := in.at; at < len(items); {
			result, emits, err := compute(items[at])
			if err != nil {
				level.refuse(err)
				return
			}
			if emits && !(nilable && any(result) == nil) {
				place := len(out.items)
				out.items = out.items[:place+1]
				out.items[place] = result
				out.follow(1, in.since())
			}
			at++
			in.at = at
		}
	}
}

// throughMulti lets messages through a computation with any number of outputs. They are made in the
// buffer that they go to, behind what is there.
func throughMulti[In, Out any](compute func(In, *Emitter[Out]) error) func(level *levelOf[In, Out]) {
	return func(level *levelOf[In, Out]) {
		in, out, emitter := level.in, level.out, &level.emitter
		defer func() { emitter.forget(len(out.items)) }()
		for in.at < len(in.items) && !out.full() {
			emitter.borrow(out.items)
			if err := compute(in.items[in.at], emitter); err != nil {
				level.refuse(err)
				return
			}
			var count int
			out.items, count = emitter.giveBack(len(out.items))
			out.follow(count, in.since())
			in.at++
		}
	}
}
