package partita_test

import (
	"strings"
	"sync/atomic"

	"github.com/partita-stream/partita/go/partita"
)

// spot is a place where user code runs.
type spot struct {
	// declare adds it to a pipeline, and its end.
	declare func(scene *scene, pipeline *partita.Pipeline, options ...partita.StepOption)
	// declareTyped does in the typed API.
	declareTyped func(scene *scene, stream partita.Stream[event], options ...partita.StepOption)
	// returns says that the code may return an error.
	returns bool
	// leads says that the code runs on the goroutine that sends if nothing is before it, and finds that it
	// finds a key then.
	leads, finds bool
	// sink says that it is a sink.
	sink bool
}

// out is the end of a scene's pipeline.
func (scene *scene) out() partita.Sink {
	return partita.NewSinkFunc("out", func(batch []interface{}) error {
		scene.taken.Add(int64(len(batch)))
		return nil
	})
}

// outOf is that of a typed one.
func (scene *scene) outOf() partita.SinkOf[event] {
	return partita.NewSinkFuncOf("out", func(batch []event) error {
		scene.taken.Add(int64(len(batch)))
		return nil
	})
}

// textKey is the key of a message as a text.
func textKey(data interface{}) string { return strings.Repeat("k", data.(event).key) }

// spots are all places in steps and sinks that are functions.
var spots = map[string]spot{
	"Computation": {leads: true, declare: func(scene *scene, pipeline *partita.Pipeline, options ...partita.StepOption) {
		pipeline.To(transform(func(data interface{}) interface{} { _ = scene.on(data); return data }), options...).ToSink(scene.out())
	}},
	"ComputationMulti": {leads: true, declare: func(scene *scene, pipeline *partita.Pipeline, options ...partita.StepOption) {
		pipeline.ToMulti(transformMulti(func(data interface{}) []interface{} {
			_ = scene.on(data)
			return []interface{}{data}
		}), options...).ToSink(scene.out())
	}},
	"TryStateless": {leads: true, returns: true, declare: func(scene *scene, pipeline *partita.Pipeline, options ...partita.StepOption) {
		pipeline.To(tryTransform(func(data interface{}) (interface{}, error) { return data, scene.on(data) }), options...).ToSink(scene.out())
	}},
	"TryStatelessMulti": {leads: true, returns: true, declare: func(scene *scene, pipeline *partita.Pipeline, options ...partita.StepOption) {
		pipeline.ToMulti(tryTransformMulti(func(data interface{}) ([]interface{}, error) {
			return []interface{}{data}, scene.on(data)
		}), options...).ToSink(scene.out())
	}},
	"Computation of a parallel step": {declare: func(scene *scene, pipeline *partita.Pipeline, options ...partita.StepOption) {
		pipeline.ToParallel(transform(func(data interface{}) interface{} { _ = scene.on(data); return data }), options...).ToSink(scene.out())
	}},
	"TryStatelessMulti of a parallel step that blocks": {returns: true, declare: func(scene *scene, pipeline *partita.Pipeline, options ...partita.StepOption) {
		pipeline.ToParallelMulti(tryTransformMulti(func(data interface{}) ([]interface{}, error) {
			return []interface{}{data}, scene.on(data)
		}), append(options, partita.Blocking(2))...).ToSink(scene.out())
	}},
	"StateComputation": {declare: func(scene *scene, pipeline *partita.Pipeline, options ...partita.StepOption) {
		pipeline.ToStatePartition(compute(func(data, _ interface{}) (interface{}, bool) { _ = scene.on(data); return data, true }),
			counters, "s", byKey, nil, options...).ToSink(scene.out())
	}},
	"StateComputation of the only state": {declare: func(scene *scene, pipeline *partita.Pipeline, options ...partita.StepOption) {
		pipeline.ToStateful(compute(func(data, _ interface{}) (interface{}, bool) { _ = scene.on(data); return data, true }),
			counters, "s", options...).ToSink(scene.out())
	}},
	"StateComputation of a step that blocks": {declare: func(scene *scene, pipeline *partita.Pipeline, options ...partita.StepOption) {
		pipeline.ToStatePartition(compute(func(data, _ interface{}) (interface{}, bool) { _ = scene.on(data); return data, true }),
			counters, "s", byKey, nil, append(options, partita.Blocking(2))...).ToSink(scene.out())
	}},
	"StateComputationMulti": {declare: func(scene *scene, pipeline *partita.Pipeline, options ...partita.StepOption) {
		pipeline.ToStatePartitionMulti(computeMulti(func(data, _ interface{}) ([]interface{}, bool) {
			_ = scene.on(data)
			return []interface{}{data}, true
		}), counters, "s", byKey, nil, options...).ToSink(scene.out())
	}},
	"TryComputation": {returns: true, declare: func(scene *scene, pipeline *partita.Pipeline, options ...partita.StepOption) {
		pipeline.ToStatePartitionString(trying(func(data, _ interface{}) (interface{}, bool, error) { return data, true, scene.on(data) }),
			counters, "s", keyedText(textKey), nil, options...).ToSink(scene.out())
	}},
	"TryComputationMulti": {returns: true, declare: func(scene *scene, pipeline *partita.Pipeline, options ...partita.StepOption) {
		pipeline.ToStatePartitionStringMulti(tryingMulti(func(data, _ interface{}) ([]interface{}, bool, error) {
			return []interface{}{data}, true, scene.on(data)
		}), counters, "s", keyedText(textKey), nil, options...).ToSink(scene.out())
	}},
	"TryComputationMulti of a step that blocks": {returns: true, declare: func(scene *scene, pipeline *partita.Pipeline, options ...partita.StepOption) {
		pipeline.ToStatefulMulti(tryingMulti(func(data, _ interface{}) ([]interface{}, bool, error) {
			return []interface{}{data}, true, scene.on(data)
		}), counters, "s", append(options, partita.Blocking(1))...).ToSink(scene.out())
	}},
	"PartitionFunction": {finds: true, declare: func(scene *scene, pipeline *partita.Pipeline, options ...partita.StepOption) {
		pipeline.ToStatePartition(compute(count), counters, "s", keyed(func(data interface{}) uint64 {
			_ = scene.on(data)
			return keyOf(data)
		}), nil, options...).ToSink(scene.out())
	}},
	"StringPartitionFunction": {finds: true, declare: func(scene *scene, pipeline *partita.Pipeline, options ...partita.StepOption) {
		pipeline.ToStatePartitionString(compute(count), counters, "s", keyedText(func(data interface{}) string {
			_ = scene.on(data)
			return textKey(data)
		}), nil, options...).ToSink(scene.out())
	}},
	"PartitionFunction behind a step without a state": {leads: true, declare: func(scene *scene, pipeline *partita.Pipeline, options ...partita.StepOption) {
		pipeline.To(transform(func(data interface{}) interface{} { return data })).
			ToStatePartition(compute(count), counters, "s", keyed(func(data interface{}) uint64 {
				_ = scene.on(data)
				return keyOf(data)
			}), nil, options...).ToSink(scene.out())
	}},
	"StringPartitionFunction of a step that blocks": {finds: true, declare: func(scene *scene, pipeline *partita.Pipeline, options ...partita.StepOption) {
		pipeline.ToStatePartitionString(compute(count), counters, "s", keyedText(func(data interface{}) string {
			_ = scene.on(data)
			return textKey(data)
		}), nil, append(options, partita.Blocking(2))...).ToSink(scene.out())
	}},
	"StateBuilder": {declare: func(scene *scene, pipeline *partita.Pipeline, options ...partita.StepOption) {
		var built atomic.Int64
		pipeline.ToStatePartition(compute(count), partita.Build(func() interface{} { scene.onPart(&built); return new(counter) }),
			"s", byKey, nil, options...).ToSink(scene.out())
	}},
	"StateBuilder of a step that blocks": {declare: func(scene *scene, pipeline *partita.Pipeline, options ...partita.StepOption) {
		var built atomic.Int64
		pipeline.ToStatePartitionString(compute(count), partita.Build(func() interface{} { scene.onPart(&built); return new(counter) }),
			"s", keyedText(textKey), nil, append(options, partita.Blocking(2))...).ToSink(scene.out())
	}},
	"sink function": {returns: true, sink: true, declare: func(scene *scene, pipeline *partita.Pipeline, options ...partita.StepOption) {
		pipeline.ToSink(partita.NewSinkFunc("out", func(batch []interface{}) error {
			for _, data := range batch {
				if err := scene.on(data); err != nil {
					return err
				}
			}
			scene.taken.Add(int64(len(batch)))
			return nil
		}), options...)
	}},

	"To": {leads: true, returns: true, declareTyped: func(scene *scene, stream partita.Stream[event], options ...partita.StepOption) {
		partita.To(stream, func(in event) (event, bool, error) { return in, true, scene.on(in) }, options...).ToSink(scene.outOf())
	}},
	"ToMulti": {leads: true, returns: true, declareTyped: func(scene *scene, stream partita.Stream[event], options ...partita.StepOption) {
		partita.ToMulti(stream, func(in event, out *partita.Emitter[event]) error { out.Emit(in); return scene.on(in) }, options...).ToSink(scene.outOf())
	}},
	"ToParallel": {returns: true, declareTyped: func(scene *scene, stream partita.Stream[event], options ...partita.StepOption) {
		partita.ToParallel(stream, func(in event) (event, bool, error) { return in, true, scene.on(in) }, options...).ToSink(scene.outOf())
	}},
	"ToParallelMulti, blocking": {returns: true, declareTyped: func(scene *scene, stream partita.Stream[event], options ...partita.StepOption) {
		partita.ToParallelMulti(stream, func(in event, out *partita.Emitter[event]) error { out.Emit(in); return scene.on(in) },
			append(options, partita.Blocking(2))...).ToSink(scene.outOf())
	}},
	"ToStatePartition": {returns: true, declareTyped: func(scene *scene, stream partita.Stream[event], options ...partita.StepOption) {
		partita.ToStatePartition(stream, partita.PartitionOf[int, int]{Name: "s"}, func(in event) int { return in.key },
			func(_ int, in event, _ *int, out *partita.Emitter[event]) (bool, error) {
				out.Emit(in)
				return true, scene.on(in)
			},
			options...).ToSink(scene.outOf())
	}},
	"ToStatePartition, blocking": {returns: true, declareTyped: func(scene *scene, stream partita.Stream[event], options ...partita.StepOption) {
		partita.ToStatePartition(stream, partita.PartitionOf[string, int]{Name: "s"}, func(in event) string { return textKey(in) },
			func(_ string, in event, _ *int, out *partita.Emitter[event]) (bool, error) {
				out.Emit(in)
				return true, scene.on(in)
			},
			append(options, partita.Blocking(2))...).ToSink(scene.outOf())
	}},
	"ToStateful": {returns: true, declareTyped: func(scene *scene, stream partita.Stream[event], options ...partita.StepOption) {
		partita.ToStateful(stream, partita.StateOf[int]{Name: "s"},
			func(in event, _ *int, out *partita.Emitter[event]) (bool, error) {
				out.Emit(in)
				return true, scene.on(in)
			},
			options...).ToSink(scene.outOf())
	}},
	"key of ToStatePartition": {finds: true, declareTyped: func(scene *scene, stream partita.Stream[event], options ...partita.StepOption) {
		partita.ToStatePartition(stream, partita.PartitionOf[int, int]{Name: "s"}, func(in event) int { _ = scene.on(in); return in.key },
			func(_ int, in event, _ *int, out *partita.Emitter[event]) (bool, error) {
				out.Emit(in)
				return true, nil
			},
			options...).ToSink(scene.outOf())
	}},
	"Build of PartitionOf": {declareTyped: func(scene *scene, stream partita.Stream[event], options ...partita.StepOption) {
		var built atomic.Int64
		parts := partita.PartitionOf[int, int]{Name: "s", Build: func(int) int { scene.onPart(&built); return 0 }}
		partita.ToStatePartition(stream, parts, func(in event) int { return in.key },
			func(_ int, in event, _ *int, out *partita.Emitter[event]) (bool, error) {
				out.Emit(in)
				return true, nil
			},
			options...).ToSink(scene.outOf())
	}},
	"typed sink function": {returns: true, sink: true, declareTyped: func(scene *scene, stream partita.Stream[event], options ...partita.StepOption) {
		stream.ToSink(partita.NewSinkFuncOf("out", func(batch []event) error {
			for _, data := range batch {
				if err := scene.on(data); err != nil {
					return err
				}
			}
			scene.taken.Add(int64(len(batch)))
			return nil
		}), options...)
	}},
}
