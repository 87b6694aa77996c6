package partita

// anyLevel is a level of the interface API.
type anyLevel = levelOf[any, any]

// anyTransform declares a stateless step of the interface API, with one of the two computations.
func anyTransform(single Computation, multi ComputationMulti, parallel bool) *stepItem {
	item := &stepItem{parallel: parallel}
	switch {
	case single != nil:
		item.computation = single
	case multi != nil:
		item.computation = multi
	default:
		item.wrong("the computation is nil: expected one")
	}
	_, many := single.(TryStatelessMulti)
	_, one := multi.(TryStateless)
	if many || one {
		item.wrong("one of Compute and TryCompute has one output, the other any number: expected the same of both")
	}
	item.transform = func(base stepBase) transformHost { return newTransform(base, anyLetThrough(single, multi)) }
	return item
}

// anyLetThrough makes what lets messages through a step. The choice is made once, so that the loops have
// none.
func anyLetThrough(single Computation, multi ComputationMulti) func(level *anyLevel) {
	if try, is := single.(TryStateless); is {
		return func(level *anyLevel) { tryLetThrough(level, try) }
	}
	if try, is := multi.(TryStatelessMulti); is {
		return func(level *anyLevel) { tryLetThroughMulti(level, try) }
	}
	if multi != nil {
		return func(level *anyLevel) { letThroughMulti(level, multi) }
	}
	return func(level *anyLevel) { letThrough(level, single) }
}

func letThrough(level *anyLevel, computation Computation) {
	in, out := level.in, level.out
	items := in.items
	out.reserve(in.left())
	for at := in.at; at < len(items); {
		if result := computation.Compute(items[at]); result != nil {
			place := len(out.items)
			out.items = out.items[:place+1]
			out.items[place] = result
			if out.tracks {
				out.from = append(out.from, in.from[at])
			}
		}
		at++
		in.at = at
	}
}

func letThroughMulti(level *anyLevel, computation ComputationMulti) {
	in, out := level.in, level.out
	for in.at < len(in.items) && !out.full() {
		putAll(out, computation.Compute(in.items[in.at]), in)
		in.at++
	}
}

func tryLetThrough(level *anyLevel, computation TryStateless) {
	in, out := level.in, level.out
	for in.at < len(in.items) {
		result, err := computation.TryCompute(in.items[in.at])
		if err != nil {
			level.refuse(err)
			return
		}
		if result != nil {
			put(out, result, in)
		}
		in.at++
	}
}

func tryLetThroughMulti(level *anyLevel, computation TryStatelessMulti) {
	in, out := level.in, level.out
	for in.at < len(in.items) && !out.full() {
		results, err := computation.TryCompute(in.items[in.at])
		if err != nil {
			level.refuse(err)
			return
		}
		putAll(out, results, in)
		in.at++
	}
}

// putAll appends messages that are not nil.
func putAll(out *buffer[any], results []any, in *buffer[any]) {
	for _, result := range results {
		if result != nil {
			put(out, result, in)
		}
	}
}
