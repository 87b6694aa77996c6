package partita

import "reflect"

// anyStep declares a step of the interface API, with one of the two computations.
func anyStep(single StateComputation, multi StateComputationMulti, finder keyFinder[any], builder StateBuilder, part partItem) *stepItem {
	item := &stepItem{part: &part}
	switch {
	case single != nil:
		item.computation = single
	case multi != nil:
		item.computation = multi
	default:
		item.wrong("the computation is nil: expected one")
	}
	if mixed(single, multi) {
		item.wrong("one of Compute and TryCompute has one output, the other any number: expected the same of both")
	}
	if part.kind != NoKey && finder == nil {
		item.wrong("the partition function is nil: expected one")
	}
	if builder != nil {
		part.builder, part.builderName = builder, nameOf(builder)
	} else {
		item.wrong("the builder is nil: expected one")
	}
	part.host = func(engine *engine) partHost { return newPart(engine, item.part, buildAny(builder), lendAny) }
	item.host = func(base stepBase) stepHost { return newStep(base, finder, anyCompute(single, multi)) }
	return item
}

// wrong notes a mistake.
func (item *stepItem) wrong(text string) { item.mistakes = append(item.mistakes, text) }

// mixed tells whether TryCompute has the outputs of the form that Compute has not.
func mixed(single StateComputation, multi StateComputationMulti) bool {
	_, many := single.(TryComputationMulti)
	_, one := multi.(TryComputation)
	return many || one
}

// numbered is a partition with keys that are numbers.
func numbered(name string, keys []uint64) partItem {
	return partItem{name: name, kind: NumberKey, keys: declaredKeys{words: keys}}
}

// lettered is a partition with keys that are strings.
func lettered(name string, keys []string) partItem {
	return partItem{name: name, kind: TextKey, keys: declaredKeys{texts: keys}}
}

// byNumber finds keys by a function, or is nil.
func byNumber(function PartitionFunction) keyFinder[any] {
	if function == nil {
		return nil
	}
	return numberFinder{function, nameOf(function)}
}

// byText finds keys by a function, or is nil.
func byText(function StringPartitionFunction) keyFinder[any] {
	if function == nil {
		return nil
	}
	return textFinder{function, nameOf(function)}
}

// sameBuilder tells whether two builders are of the same type; two functions must be the same one.
func sameBuilder(one, other any) bool {
	if reflect.TypeOf(one) != reflect.TypeOf(other) {
		return false
	}
	if kind := reflect.TypeOf(one); kind == nil || kind.Kind() != reflect.Func {
		return true
	}
	return reflect.ValueOf(one).Pointer() == reflect.ValueOf(other).Pointer()
}
