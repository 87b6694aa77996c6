package partita_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/partita-stream/partita/go/partita"
)

// declare makes an application with one pipeline of a source of its own.
func declare(options ...partita.Option) (*partita.Application, *partita.Pipeline) {
	app := partita.NewApplication("a", options...)
	return app, app.NewPipeline("p", partita.NewSource())
}

func state(pipeline *partita.Pipeline, options ...partita.StepOption) *partita.Pipeline {
	return pipeline.ToStatePartition(compute(count), counters, "s", byKey, nil, options...)
}

func TestEachMistakeIsToldWithItsPath(t *testing.T) {
	const pipeline = `application "a" / pipeline "p"`
	const step = pipeline + ` / step 1 "compute"`
	const partition = `application "a" / partition "s"`
	shared := partita.NewChannelSink("out", make(chan interface{}))
	named := partita.WithName("second")
	for name, test := range map[string]struct {
		declare func() *partita.Application
		path    string
		says    string
	}{
		"empty application": {func() *partita.Application {
			return partita.NewApplication("a")
		}, `application "a"`, "no pipeline"},
		"empty name": {func() *partita.Application {
			app := partita.NewApplication("")
			state(app.NewPipeline("p", partita.NewSource())).Done()
			return app
		}, `application ""`, "name is empty"},
		"a name that is not UTF-8": {func() *partita.Application {
			return partita.NewApplication("\xff")
		}, "", ""},
		"a pipeline's name that is not UTF-8": {func() *partita.Application {
			app := partita.NewApplication("a")
			state(app.NewPipeline("\xff", partita.NewSource())).Done()
			return app
		}, `application "a"`, ""},
		"a step's name that is not UTF-8": {func() *partita.Application {
			app, pipeline := declare()
			state(pipeline, partita.WithName("\xff")).Done()
			return app
		}, pipeline, ""},
		"no workers": {func() *partita.Application {
			app, pipeline := declare(partita.Workers(0))
			state(pipeline).Done()
			return app
		}, `application "a"`, "workers: expected 1 or more, got 0"},
		"too many workers": {func() *partita.Application {
			app, pipeline := declare(partita.Workers(1 << 40))
			state(pipeline).Done()
			return app
		}, `application "a"`, "workers: expected 1 to 1024"},
		"a negative drain timeout": {func() *partita.Application {
			app, pipeline := declare(partita.DrainTimeout(-1))
			state(pipeline).Done()
			return app
		}, `application "a"`, "drain timeout: expected 0 or more, got -1ns"},
		"no key groups": {func() *partita.Application {
			app, pipeline := declare(partita.KeyGroups(-1))
			state(pipeline).Done()
			return app
		}, `application "a"`, "key groups: expected 1 or more, got -1"},
		"no credits": {func() *partita.Application {
			app := partita.NewApplication("a")
			state(app.NewPipeline("p", partita.NewSource(partita.Credits(0)))).Done()
			return app
		}, pipeline + " / source", "credits: expected 1 or more, got 0"},
		"no source": {func() *partita.Application {
			app := partita.NewApplication("a")
			state(app.NewPipeline("p", nil)).Done()
			return app
		}, pipeline + " / source", "nil"},
		"a source used twice": {func() *partita.Application {
			source := partita.NewSource()
			app := partita.NewApplication("a")
			state(app.NewPipeline("q", source)).Done()
			state(app.NewPipeline("p", source), named).Done()
			return app
		}, pipeline + " / source", `application "a" / pipeline "q" already`},
		"a source of another application": {func() *partita.Application {
			source := partita.NewSource()
			other := partita.NewApplication("b")
			state(other.NewPipeline("p", source)).Done()
			app := partita.NewApplication("a")
			state(app.NewPipeline("p", source)).Done()
			return app
		}, pipeline + " / source", `application "b" / pipeline "p" already`},
		"a pipeline without an end": {func() *partita.Application {
			app, pipeline := declare()
			state(pipeline)
			return app
		}, pipeline, "never ended"},
		"no sinks": {func() *partita.Application {
			app, pipeline := declare()
			state(pipeline).ToSinks()
			return app
		}, pipeline, "never ended"},
		"a step behind the end": {func() *partita.Application {
			app, pipeline := declare()
			state(pipeline.Done())
			return app
		}, pipeline, "behind the end"},
		"two pipelines of one name": {func() *partita.Application {
			app, pipeline := declare()
			state(pipeline).Done()
			state(app.NewPipeline("p", partita.NewSource())).Done()
			return app
		}, `application "a"`, `two pipelines are named "p"`},
		"two steps of one name": {func() *partita.Application {
			app, pipeline := declare()
			state(state(pipeline)).Done()
			return app
		}, pipeline, `two steps are named "compute": expected one; WithName`},
		"two sinks of one name": {func() *partita.Application {
			app, pipeline := declare()
			state(pipeline).ToSinks(partita.NewQueueSink("out", 0), partita.NewQueueSink("out", 0))
			return app
		}, pipeline, `two sinks are named "out"`},
		"two kinds of keys": {func() *partita.Application {
			app, pipeline := declare()
			state(pipeline).ToStatePartitionString(compute(count), counters, "s",
				keyedText(func(interface{}) string { return "" }), nil, named).Done()
			return app
		}, partition, "with keys that are numbers and with keys that are strings"},
		"keys and none": {func() *partita.Application {
			app, pipeline := declare()
			state(pipeline).ToStateful(compute(count), counters, "s", named).Done()
			return app
		}, partition, "with keys that are numbers and with no keys"},
		"two builders": {func() *partita.Application {
			app, pipeline := declare()
			state(pipeline).ToStatePartition(compute(count), partita.Build(func() interface{} { return 1 }),
				"s", byKey, nil, named).Done()
			return app
		}, partition, "different builders"},
		"different keys": {func() *partita.Application {
			app, pipeline := declare()
			state(pipeline).ToStatePartition(compute(count), counters, "s", byKey, []uint64{1}, named).Done()
			return app
		}, partition, "different declared keys"},
		"a key declared twice": {func() *partita.Application {
			app, pipeline := declare()
			pipeline.ToStatePartition(compute(count), counters, "s", byKey, []uint64{1, 2, 1}).Done()
			return app
		}, partition, "key 1 is declared twice"},
		"no keys declared": {func() *partita.Application {
			app, pipeline := declare()
			pipeline.ToStatePartition(compute(count), counters, "s", byKey, []uint64{}).Done()
			return app
		}, partition, "no key is declared"},
		"a string key declared twice": {func() *partita.Application {
			app, pipeline := declare()
			pipeline.ToStatePartitionString(compute(count), counters, "s",
				keyedText(func(interface{}) string { return "" }), []string{"", "x", ""}).Done()
			return app
		}, partition, `key "" is declared twice`},
		"no computation": {func() *partita.Application {
			app, pipeline := declare()
			pipeline.ToStatePartition(nil, counters, "s", byKey, nil).Done()
			return app
		}, pipeline + ` / step 1 "nil"`, "the computation is nil"},
		"no builder": {func() *partita.Application {
			app, pipeline := declare()
			pipeline.ToStateful(compute(count), nil, "s").Done()
			return app
		}, step, "the builder is nil"},
		"no partition function": {func() *partita.Application {
			app, pipeline := declare()
			pipeline.ToStatePartition(compute(count), counters, "s", nil, nil).Done()
			return app
		}, step, "the partition function is nil"},
		"a builder of no function": {func() *partita.Application {
			app, pipeline := declare()
			pipeline.ToStateful(compute(count), partita.Build(nil), "s").Done()
			return app
		}, step, "the builder is nil"},
		"a nil option": {func() *partita.Application {
			app, pipeline := declare(nil)
			state(pipeline).Done()
			return app
		}, `application "a"`, "an option is nil"},
		"a nil option of a source": {func() *partita.Application {
			app := partita.NewApplication("a")
			state(app.NewPipeline("p", partita.NewSource(nil))).Done()
			return app
		}, pipeline + " / source", "an option is nil"},
		"a nil option of a step": {func() *partita.Application {
			app, pipeline := declare()
			state(pipeline, nil).Done()
			return app
		}, step, "an option is nil"},
		"a nil option of a sink": {func() *partita.Application {
			app, pipeline := declare()
			state(pipeline).ToSink(partita.NewQueueSink("out", 0), nil)
			return app
		}, pipeline + ` / sink "out"`, "an option is nil"},
		"a queue that is nil": {func() *partita.Application {
			var queue *partita.QueueSink
			app, pipeline := declare()
			state(pipeline).ToSink(queue)
			return app
		}, pipeline, "a sink is nil"},
		"no sink": {func() *partita.Application {
			app, pipeline := declare()
			state(pipeline).ToSink(nil)
			return app
		}, pipeline, "a sink is nil"},
		"a sink without a function": {func() *partita.Application {
			app, pipeline := declare()
			state(pipeline).ToSink(partita.NewSinkFunc("out", nil))
			return app
		}, pipeline + ` / sink "out"`, "its function is nil"},
		"a sink without a channel": {func() *partita.Application {
			app, pipeline := declare()
			state(pipeline).ToSink(partita.NewChannelSink("out", nil))
			return app
		}, pipeline + ` / sink "out"`, "its channel is nil"},
		"a queue of negative size": {func() *partita.Application {
			app, pipeline := declare()
			state(pipeline).ToSink(partita.NewQueueSink("out", -1))
			return app
		}, pipeline + ` / sink "out"`, "capacity: expected 0 or more, got -1"},
		"a sink used twice": {func() *partita.Application {
			app, pipeline := declare()
			state(pipeline).ToSink(shared).ToSink(shared, partita.WithName("again"))
			return app
		}, pipeline + ` / sink "again"`, "the sink is used twice"},
		"a sink of another pipeline": {func() *partita.Application {
			queue := partita.NewQueueSink("out", 0)
			app, pipeline := declare()
			state(app.NewPipeline("q", partita.NewSource())).ToSink(queue)
			state(pipeline).ToSink(queue)
			return app
		}, pipeline + ` / sink "out"`, `pipeline "q" already`},
		"a channel used twice": {func() *partita.Application {
			channel := make(chan interface{})
			app, pipeline := declare()
			state(pipeline).ToSinks(partita.NewChannelSink("one", channel), partita.NewChannelSink("two", channel))
			return app
		}, pipeline + ` / sink "two"`, "the channel is used twice"},
	} {
		t.Run(name, func(t *testing.T) {
			hosts := partita.HostsHeld()
			app := test.declare()
			for what, err := range map[string]error{"Check": app.Check(), "Start": app.Start()} {
				var topology *partita.TopologyError
				if !isError(err, partita.ErrInvalidTopology) || !errors.As(err, &topology) {
					t.Fatalf("%s: %v", what, err)
				}
				told := false
				for _, mistake := range topology.Mistakes {
					told = told || strings.HasPrefix(mistake.Path, test.path) && strings.Contains(mistake.Message, test.says)
				}
				if !told || len(topology.Mistakes) > 2 {
					t.Errorf("%s says: %v\nexpected %s: %s", what, err, test.path, test.says)
				}
			}
			if held := partita.HostsHeld(); held != hosts {
				t.Errorf("%d hosts are held", held-hosts)
			}
		})
	}
}

func TestEveryMistakeIsToldAtOnce(t *testing.T) {
	app := partita.NewApplication("a", partita.Workers(-1))
	app.NewPipeline("p", nil).ToStatePartition(nil, nil, "s", nil, nil)
	err := app.Check()
	says(t, err, "workers", "source: it is nil", "computation is nil", "builder is nil", "partition function is nil", "never ended")
	if _, err, _ := strings.Cut(err.Error(), "invalid topology\n"); strings.Count(err, "\n") < 5 {
		t.Errorf("the mistakes are not listed one a line: %s", err)
	}
}

// What follows from a mistake used to be told as mistakes of their own, and some behind it not at all.
func TestOnlyRealMistakesAreTold(t *testing.T) {
	second := partita.WithName("second")
	for name, test := range map[string]struct {
		declare func(pipeline *partita.Pipeline)
		says    []string
	}{
		"a nil builder": {func(pipeline *partita.Pipeline) {
			pipeline.ToStatePartition(compute(count), nil, "s", byKey, nil).Done()
		}, []string{"builder is nil"}},
		"a nil builder, then another": {func(pipeline *partita.Pipeline) {
			pipeline.ToStatePartition(compute(count), nil, "s", byKey, nil).
				ToStatePartition(compute(count), counters, "s", byKey, nil, second).Done()
		}, []string{"builder is nil"}},
		"a nil builder and a key declared twice": {func(pipeline *partita.Pipeline) {
			pipeline.ToStatePartition(compute(count), nil, "s", byKey, []uint64{7, 7}).Done()
		}, []string{"builder is nil", "key 7 is declared twice"}},
		"two nil computations": {func(pipeline *partita.Pipeline) {
			pipeline.ToStateful(nil, counters, "s").ToStateful(nil, counters, "s").Done()
		}, []string{"computation is nil", "computation is nil"}},
		"a nil sink": {func(pipeline *partita.Pipeline) {
			state(pipeline).ToSink(nil)
		}, []string{"a sink is nil"}},
	} {
		t.Run(name, func(t *testing.T) {
			app, pipeline := declare()
			test.declare(pipeline)
			err := app.Check()
			says(t, err, test.says...)
			var topology *partita.TopologyError
			if !errors.As(err, &topology) || len(topology.Mistakes) != len(test.says) {
				t.Errorf("expected %d mistakes: %v", len(test.says), err)
			}
		})
	}
}

func TestADeclarationCanBeMendedAndStarted(t *testing.T) {
	app, pipeline := declare()
	state(pipeline)
	if err := app.Start(); !isError(err, partita.ErrInvalidTopology) {
		t.Fatalf("start: %v", err)
	}
	pipeline.Done()
	must(t, app.Check())
	start(t, app)
	must(t, app.Check())
	if err := app.Start(); !isError(err, partita.ErrAlreadyStarted) {
		t.Errorf("a second start: %v", err)
	}
	state(app.NewPipeline("late", partita.NewSource())).Done()
	err := app.Check()
	if !isError(err, partita.ErrAlreadyStarted) {
		t.Errorf("declared after the start: %v", err)
	}
	says(t, err, `pipeline "late"`)
}

func TestABuilderThatReturnsNilFails(t *testing.T) {
	source := partita.NewSource()
	app := partita.NewApplication("a")
	app.NewPipeline("p", source).ToStateful(compute(count), partita.Build(func() interface{} { return nil }), "s").Done()
	start(t, app)
	err := app.Wait(deadline(t))
	if !isError(err, partita.ErrFailed) {
		t.Errorf("wait: %v", err)
	}
	says(t, err, "returned nil")
}
