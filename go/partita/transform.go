package partita

// transform is a stateless computation that the engine runs, the host of its callbacks: messages of type
// In lead to outputs of type Out.
type transform[In, Out any] struct {
	stepBase
	messages *store[In]
	outputs  *store[Out]
	// compute lets messages through, until none waits or as many as should be came out; or up to the
	// first that fails.
	compute func(level *levelOf[In, Out])
	// jobs are the chains that begin with it on each seat, made when they are needed.
	jobs []*chainJob
}

// transformHost is a stateless computation of any types.
type transformHost interface {
	holder
	based
	// exit is the end of a chain behind the step, and level is its level in one, with what is next.
	exit(behind stepHost, seat int) exit
	level(chain *chain, next target, seat int) level
	// job is where the chain of a seat is that begins with the step.
	job(seat int) **chainJob
}

func newTransform[In, Out any](base stepBase, compute func(*levelOf[In, Out])) *transform[In, Out] {
	step := &transform[In, Out]{
		stepBase: base,
		messages: messagesOf[In](base.engine),
		outputs:  messagesOf[Out](base.engine),
		compute:  compute,
	}
	base.engine.seated = append(base.engine.seated, step)
	return step
}

// holds are the outputs: those are what the engine gives back.
func (step *transform[In, Out]) holds() keeper { return step.outputs }

func (step *transform[In, Out]) seat(count int) { step.jobs = make([]*chainJob, count) }

func (step *transform[In, Out]) job(seat int) **chainJob { return &step.jobs[seat] }

func (step *transform[In, Out]) exit(behind stepHost, seat int) exit {
	exit := &exitOf[Out]{cache: cacheOf(step.outputs, seat)}
	exit.tracks, exit.most = seat != noSeat, pieceMax
	if behind != nil {
		exit.finder = behind.(interface{ keyed() keyFinder[Out] }).keyed()
	}
	return exit
}

func (step *transform[In, Out]) level(chain *chain, next target, seat int) level {
	level := &levelOf[In, Out]{
		transform: step,
		chain:     chain,
		in:        &buffer[In]{tracks: seat != noSeat, most: together},
		out:       next.entry().(*buffer[Out]),
		cache:     cacheOf(step.messages, seat),
	}
	level.emitter = Emitter[Out]{nilable: isInterface[Out]()}
	return level
}

// cacheOf is the cache of a seat, or one of its own.
func cacheOf[T any](store *store[T], seat int) *slotCache[T] {
	if seat == noSeat {
		return &slotCache[T]{store: store.slots}
	}
	return store.cache(seat)
}
