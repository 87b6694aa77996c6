package partita

// #include "bridge.h"
import "C"

import (
	"fmt"
	"slices"
	"unsafe"
)

// source declares the source of a pipeline.
func (assembly *assembly) source(pipeline *Pipeline, handle C.partita_pipeline) gate {
	path := pipeline.path() + " / source"
	source, credits := pipeline.source, creditsDefault
	switch {
	case pipeline.missing:
		assembly.wrong(path, "it is nil: expected a source made by NewSource")
	case source.owner() != pipeline:
		assembly.wrong(path, "it feeds %s already: expected a source of its own", source.owner().path())
	default:
		assembly.options(path, source.settings().nilOption)
		credits = int(assembly.number(path, "credits", source.settings().credits))
	}
	gate := source.side(gateBase{engine: assembly.engine, pipeline: handle, path: path, index: len(assembly.engine.gates)})
	settings := source.settings()
	if settings.listening != nil {
		assembly.listen(path, settings, credits, handle, gate)
	} else {
		for _, name := range settings.limits.given {
			assembly.wrong(path, "%s is set: expected it for a source that listens only", name)
		}
		assembly.declare(path, gate, func(host C.uintptr_t, object *C.partita_error) C.partita_status {
			return C.partita_go_from_source(handle, C.uint64_t(credits), host, object)
		})
	}
	assembly.engine.gates = append(assembly.engine.gates, gate)
	assembly.stage(NoKey, gate.holds())
	return gate
}

// step declares a step, to which messages come, and its partition unless an earlier step did.
func (assembly *assembly) step(item *stepItem, handle C.partita_pipeline, path string, messages keeper) holder {
	name := assembly.stepName(item, path)
	path = fmt.Sprintf(`%s / step %d "%s"`, path, len(assembly.names), name)
	for _, mistake := range item.mistakes {
		assembly.wrong(path, "%s", mistake)
	}
	assembly.options(path, item.options.nilOption)
	if item.transform != nil {
		return assembly.transform(item, handle, path, name, messages)
	}
	assembly.part(item.part)
	step := item.host(stepBase{
		engine:      assembly.engine,
		computation: name,
		policy:      item.options.policy,
		signed:      item.part.signed,
		place:       assembly.engine.stepper.place(name, path),
	})
	retries, pause := assembly.retry(path, item.options.retry)
	options := C.partita_step_options{
		name:           assembly.text(name),
		partition:      assembly.text(item.part.name),
		policy:         C.uint32_t(item.options.policy),
		retries:        retries,
		retry_pause_ns: pause,
		blocking:       assembly.blocking(path, item.options),
	}
	assembly.declare(path, step, func(host C.uintptr_t, object *C.partita_error) C.partita_status {
		return C.partita_go_to_step(handle, options, item.part.kind != NoKey, host, object)
	})
	assembly.stage(item.part.kind, messages)
	return step
}

// transform declares a step without a state.
func (assembly *assembly) transform(item *stepItem, handle C.partita_pipeline, path, name string, messages keeper) holder {
	step := item.transform(stepBase{
		engine:      assembly.engine,
		computation: name,
		policy:      item.options.policy,
		parallel:    item.parallel,
		place:       assembly.engine.stepper.place(name, path),
	})
	if item.options.retry.given {
		assembly.wrong(path, "it has no state: expected no retries, which are for steps with a state, and for sinks")
	}
	options := C.partita_computation_options{
		name:     assembly.text(name),
		policy:   C.uint32_t(item.options.policy),
		blocking: assembly.blocking(path, item.options),
	}
	if item.parallel {
		options.parallel = 1
	}
	assembly.declare(path, step, func(host C.uintptr_t, object *C.partita_error) C.partita_status {
		return C.partita_go_to(handle, options, host, object)
	})
	assembly.stage(NoKey, messages)
	return step
}

// blocking is how many threads of its own a step has, or 0.
func (assembly *assembly) blocking(path string, options stepOptions) C.uint32_t {
	if !options.isBlocking {
		return 0
	}
	return C.uint32_t(assembly.number(path, "threads of a blocking step", options.blocking))
}

// stepName is the name of the next step, which no other of its pipeline has.
func (assembly *assembly) stepName(item *stepItem, path string) string {
	name := item.options.name
	if item.computation == nil {
		name = "nil"
	}
	if slices.Contains(assembly.names, name) {
		if item.computation != nil {
			assembly.wrong(path, `two steps are named "%s": expected one; WithName names a step`, name)
		}
		name = fmt.Sprintf("%s (%d)", name, len(assembly.names)+1)
	}
	assembly.names = append(assembly.names, name)
	return name
}

// policy says what happens when a message fails.
type policy C.uint32_t

const (
	stop       policy = C.PARTITA_POLICY_STOP
	skip       policy = C.PARTITA_POLICY_SKIP
	reset      policy = C.PARTITA_POLICY_RESET
	quarantine policy = C.PARTITA_POLICY_QUARANTINE
)

// partition is a partition as declared, and the host of its callbacks.
type partition struct {
	item *partItem
	host partHost
}

// part declares the partition of a step, or compares it with that of the first step that uses it.
func (assembly *assembly) part(item *partItem) {
	path := assembly.app.path() + ` / partition "` + item.name + `"`
	first, known := assembly.engine.partitions[item.name]
	if known {
		assembly.same(path, first.item, item)
		return
	}
	options := C.partita_partition_options{name: assembly.text(item.name), key_kind: keyKinds[item.kind]}
	assembly.keys(item, &options)
	host := item.host(assembly.engine)
	assembly.engine.partitions[item.name] = partition{item, host}
	assembly.declare(path, host, func(host C.uintptr_t, object *C.partita_error) C.partita_status {
		return C.partita_go_add_partition(assembly.engine.app, options, host, object)
	})
}

var keyKinds = [...]C.uint32_t{
	NoKey:     C.PARTITA_KEY_SINGLE,
	NumberKey: C.PARTITA_KEY_WORD,
	TextKey:   C.PARTITA_KEY_BYTES,
}

var keyKindNames = [...]string{
	NoKey:     "no keys",
	NumberKey: "keys that are numbers",
	TextKey:   "keys that are strings",
}

// same compares two declarations of one partition.
func (assembly *assembly) same(path string, first, second *partItem) {
	const twice = "declared twice, with "
	switch {
	case first.types != second.types:
		assembly.wrong(path, twice+"%s and with %s: expected the same", first.types, second.types)
		return
	case first.kind != second.kind:
		assembly.wrong(path, twice+"%s and with %s: expected the same", keyKindNames[first.kind], keyKindNames[second.kind])
	case !first.keys.equal(second.keys):
		assembly.wrong(path, twice+"different declared keys: expected the same")
	}
	if first.builder != nil && second.builder != nil && !sameBuilder(first.builder, second.builder) {
		assembly.wrong(path, twice+"different builders, %T and %T: expected the same", first.builder, second.builder)
	}
}

// equal compares keys, in any order.
func (keys declaredKeys) equal(others declaredKeys) bool {
	return (keys.words == nil) == (others.words == nil) && (keys.texts == nil) == (others.texts == nil) &&
		slices.Equal(slices.Sorted(slices.Values(keys.words)), slices.Sorted(slices.Values(others.words))) &&
		slices.Equal(slices.Sorted(slices.Values(keys.texts)), slices.Sorted(slices.Values(others.texts)))
}

// keys lends the declared keys of a partition to the engine.
func (assembly *assembly) keys(item *partItem, options *C.partita_partition_options) {
	words, texts := item.keys.words, item.keys.texts
	if words == nil && texts == nil {
		return
	}
	options.declared = 1
	options.keys_len = C.size_t(len(words) + len(texts))
	room := assembly.room(8 * len(words))
	copy(unsafe.Slice((*uint64)(room), len(words)), words)
	options.word_keys = (*C.uint64_t)(room)
	size := 0
	for _, text := range texts {
		size += len(text)
	}
	room = assembly.room(len(texts) * C.sizeof_partita_bytes)
	writer := keyWriter{
		spans: unsafe.Slice((*keySpan)(room), len(texts)),
		text:  unsafe.Slice((*byte)(assembly.room(size)), size),
	}
	for i, text := range texts {
		writer.put(i, text)
	}
	options.byte_keys = (*C.partita_bytes)(room)
}

// sink declares a sink.
func (assembly *assembly) sink(item *sinkItem, handle C.partita_pipeline, pipeline *Pipeline, messages keeper) {
	if item.missing {
		assembly.wrong(pipeline.path(), "a sink is nil: expected one")
	}
	name := item.options.name
	if name == "" {
		name = item.sink.Name()
	}
	path := fmt.Sprintf(`%s / sink "%s"`, pipeline.path(), name)
	assembly.options(path, item.options.nilOption)
	if owner := item.sink.owner(); owner != pipeline {
		assembly.wrong(path, "it belongs to %s already: expected a sink of its own", owner.path())
	}
	assembly.once(path, "the sink", item.sink)
	if channel := item.sink.target(); channel != nil {
		assembly.once(path, "the channel", channel)
	}
	for _, mistake := range item.mistakes {
		assembly.wrong(path, "%s", mistake)
	}
	if item.options.isBlocking {
		assembly.wrong(path, "it is blocking: expected that of a step only")
	}
	if mistake := item.sink.mistake(); mistake != "" {
		assembly.wrong(path, "%s", mistake)
	}
	outlet := item.outlet(outletBase{engine: assembly.engine, name: name, path: path, stage: assembly.stage(NoKey, messages)})
	if outlet, connects := outlet.(connects); connects {
		assembly.connect(path, item, handle, outlet)
		return
	}
	retries, pause := assembly.retry(path, item.options.retry)
	options := C.partita_sink_options{
		name:           assembly.text(name),
		policy:         C.uint32_t(item.options.policy),
		capacity:       C.uint64_t(max(outlet.capacity(), 0)),
		retries:        retries,
		retry_pause_ns: pause,
	}
	if assembly.engine.stepper != nil {
		options.capacity = min(options.capacity, stepperCapacity)
	}
	assembly.declare(path, outlet, func(host C.uintptr_t, object *C.partita_error) C.partita_status {
		return C.partita_go_to_sink(handle, options, takerOf(outlet), host, &outlet.base().handle, object)
	})
	assembly.engine.outlets = append(assembly.engine.outlets, outlet)
	if stepper := assembly.engine.stepper; stepper != nil {
		stepper.records.add(item.sink, outlet.record())
		if outlet.capacity() == 0 {
			outlet.base().place = stepper.place(name, path)
		}
	}
}

// takerOf is what takes the messages of a sink.
func takerOf(outlet outlet) C.partita_go_taker {
	if _, answers := outlet.(answering); answers {
		return C.PARTITA_GO_CALLERS
	}
	if outlet.capacity() == 0 {
		return C.PARTITA_GO_FUNCTION
	}
	return C.PARTITA_GO_QUEUE
}

// once notes what may be used only once.
func (assembly *assembly) once(path, what string, object any) {
	if assembly.taken[object] {
		assembly.wrong(path, "%s is used twice: expected once", what)
	}
	assembly.taken[object] = true
}

// stage notes the next stage, a source, step or sink with keys of a kind, and returns its number.
func (assembly *assembly) stage(kind KeyKind, messages keeper) int {
	assembly.engine.stages = append(assembly.engine.stages, stage{kind: kind, messages: messages})
	return len(assembly.engine.stages) - 1
}
