package partita

import "reflect"

// ToStatePartition adds a computation to a stream, whose state is partitioned by key: compute gets the
// key, a message, and the state of the key, which is lent for the call; it emits any number of outputs,
// and returns whether the state changed and must be kept. An error fails the message as a panic does, by
// the policy of the step; then what was emitted for the message is dropped.
//
// key finds the key of a message. It may be called by any number of goroutines at once, and must always
// give the same key for the same message. compute is called by one goroutine at a time for each key.
func ToStatePartition[K KeyType, In, S, Out any](
	stream Stream[In],
	partition PartitionOf[K, S],
	key func(In) K,
	compute func(key K, in In, state *S, out *Emitter[Out]) (changed bool, err error),
	options ...StepOption,
) Stream[Out] {
	var finder keyFinder[In]
	item := typedItem(partition.item(), compute)
	if key == nil {
		item.wrong("the partition function is nil: expected one")
	} else {
		finder = typedFinder[K, In]{codecOf[K](), key, nameOf(key)}
	}
	item.host = func(base stepBase) stepHost {
		return newStep(base, finder, func(run *runJob[In, keyed[K, S], Out]) { computeKeyed(run, compute) })
	}
	return next[In, Out](stream, item, options)
}

// ToStateful adds a computation to a stream, whose state is one object. It is like [ToStatePartition],
// without a key.
func ToStateful[In, S, Out any](
	stream Stream[In],
	state StateOf[S],
	compute func(in In, state *S, out *Emitter[Out]) (changed bool, err error),
	options ...StepOption,
) Stream[Out] {
	item := typedItem(state.item(), compute)
	keyless := func(_ None, in In, state *S, out *Emitter[Out]) (bool, error) { return compute(in, state, out) }
	item.host = func(base stepBase) stepHost {
		return newStep(base, nil, func(run *runJob[In, keyed[None, S], Out]) { computeKeyed(run, keyless) })
	}
	return next[In, Out](stream, item, options)
}

// typedItem declares a step of the typed API.
func typedItem(part *partItem, compute any) *stepItem {
	item := &stepItem{part: part}
	if reflect.ValueOf(compute).IsNil() {
		item.wrong("the computation is nil: expected one")
	} else {
		item.computation = compute
	}
	return item
}

// next is the stream behind a step that continues another.
func next[In, Out any](stream Stream[In], item *stepItem, options []StepOption) Stream[Out] {
	stream.add(item, options)
	return streamOf[Out](stream.pipeline)
}
