package partita_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/partita-stream/partita/go/partita"
)

func TestATypedDeclarationTellsItsMistakes(t *testing.T) {
	type stream = partita.Stream[reading]
	const (
		application = `application "a"`
		pipeline    = application + ` / pipeline "p"`
		step        = pipeline + ` / step 1 "pass"`
		second      = pipeline + ` / step 2 "again"`
		partition   = application + ` / partition "s"`
	)
	meters := partita.PartitionOf[string, meter]{Name: "s"}
	again := partita.WithName("again")
	to := func(from stream, options ...partita.StepOption) stream {
		return partita.ToStatePartition(from, meters, meterOf, pass, options...)
	}
	share := func(from stream, partition partita.PartitionOf[string, meter]) {
		partita.ToStatePartition(to(from), partition, meterOf, pass, again).Done()
	}
	var noKey func(reading) string
	var noCompute func(string, reading, *meter, *partita.Emitter[reading]) (bool, error)
	var noState func(reading, *meter, *partita.Emitter[reading]) (bool, error)
	var queue *partita.QueueSinkOf[reading]
	shared := partita.NewSourceOf[reading]()
	for name, test := range map[string]struct {
		declare    func(app *partita.Application, from stream)
		path, text string
	}{
		"states of another type": {func(_ *partita.Application, from stream) {
			partita.ToStatePartition(to(from), partita.PartitionOf[string, int]{Name: "s"}, meterOf,
				func(string, reading, *int, *partita.Emitter[partita.None]) (bool, error) { return false, nil }).Done()
		}, partition, "declared twice, with a partita_test.meter for each string and with a int for each string: expected the same"},
		"keys of another type": {func(_ *partita.Application, from stream) {
			partita.ToStatePartition(to(from), partita.PartitionOf[name, meter]{Name: "s"},
				func(reading reading) name { return name(reading.meter) },
				func(name, reading, *meter, *partita.Emitter[partita.None]) (bool, error) { return false, nil }).Done()
		}, partition, "with a partita_test.meter for each partita_test.name: expected the same"},
		"keys and none": {func(_ *partita.Application, from stream) {
			partita.ToStateful(to(from), partita.StateOf[meter]{Name: "s"},
				func(reading, *meter, *partita.Emitter[partita.None]) (bool, error) { return false, nil }).Done()
		}, partition, "with a partita_test.meter: expected the same"},
		"a partition of the interface API": {func(app *partita.Application, from stream) {
			to(from).Done()
			app.NewPipeline("q", partita.NewSource()).ToStatePartitionString(compute(count), counters, "s",
				keyedText(func(interface{}) string { return "" }), nil).Done()
		}, partition, "with a partita_test.meter for each string and with interface types: expected the same"},
		"different keys": {func(_ *partita.Application, from stream) {
			share(from, partita.PartitionOf[string, meter]{Name: "s", Keys: []string{"m"}})
		}, partition, "different declared keys"},
		"different builders": {func(_ *partita.Application, from stream) {
			share(from, partita.PartitionOf[string, meter]{Name: "s", Build: func(string) meter { return meter{} }})
		}, partition, "different builders"},
		"a key twice": {func(_ *partita.Application, from stream) {
			partita.ToStatePartition(from, partita.PartitionOf[string, meter]{Name: "s", Keys: []string{"m", "m"}}, meterOf, pass).Done()
		}, partition, `key "m" is declared twice`},
		"no keys": {func(_ *partita.Application, from stream) {
			partita.ToStatePartition(from, partita.PartitionOf[string, meter]{Name: "s", Keys: []string{}}, meterOf, pass).Done()
		}, partition, "no key is declared"},
		"a partition without a name": {func(_ *partita.Application, from stream) {
			partita.ToStatePartition(from, partita.PartitionOf[string, meter]{}, meterOf, pass).Done()
		}, application, "name"},
		"no partition function": {func(_ *partita.Application, from stream) {
			partita.ToStatePartition(from, meters, noKey, pass).Done()
		}, step, "the partition function is nil"},
		"no computation": {func(_ *partita.Application, from stream) {
			partita.ToStatePartition(from, meters, meterOf, noCompute).Done()
		}, pipeline + ` / step 1 "nil"`, "the computation is nil"},
		"no computation without keys": {func(_ *partita.Application, from stream) {
			partita.ToStateful(from, partita.StateOf[meter]{Name: "s"}, noState).Done()
		}, pipeline + ` / step 1 "nil"`, "the computation is nil"},
		"no stateless computation": {func(_ *partita.Application, from stream) {
			var none func(reading) (reading, bool, error)
			to(partita.To(from, none)).Done()
		}, pipeline + ` / step 1 "nil"`, "the computation is nil"},
		"no parallel computation": {func(_ *partita.Application, from stream) {
			var none func(reading, *partita.Emitter[reading]) error
			to(partita.ToParallelMulti(from, none)).Done()
		}, pipeline + ` / step 1 "nil"`, "the computation is nil"},
		"reset without a state": {func(_ *partita.Application, from stream) {
			partita.To(from, func(in reading) (reading, bool, error) { return in, true, nil },
				partita.Reset(), partita.WithName("pass")).Done()
		}, step, "reset"},
		"two stateless steps behind one stream": {func(_ *partita.Application, from stream) {
			same := func(in reading, out *partita.Emitter[reading]) error { return nil }
			partita.ToMulti(from, same)
			partita.ToMulti(from, same, again).Done()
		}, second, "its stream is continued elsewhere, too"},
		"a nil option": {func(_ *partita.Application, from stream) {
			to(from, nil).Done()
		}, step, "an option is nil"},
		"two steps behind one stream": {func(_ *partita.Application, from stream) {
			to(from)
			to(from, again).Done()
		}, second, "its stream is continued elsewhere, too"},
		"a step behind sinks": {func(_ *partita.Application, from stream) {
			from = to(from)
			from.ToSink(partita.NewQueueSinkOf[reading]("out", 0))
			to(from, again)
		}, second, "its stream is continued elsewhere, too"},
		"a sink behind a stream with a step": {func(_ *partita.Application, from stream) {
			to(from)
			from.ToSink(partita.NewQueueSinkOf[reading]("out", 0))
		}, pipeline + ` / sink "out"`, "its stream is continued elsewhere, too"},
		"no end": {func(_ *partita.Application, from stream) {
			to(from)
		}, pipeline, "never ended"},
		"no source": {func(app *partita.Application, from stream) {
			to(from).Done()
			to(partita.NewPipelineOf[reading](app, "q", nil)).Done()
		}, application + ` / pipeline "q" / source`, "it is nil"},
		"a source of two pipelines": {func(app *partita.Application, from stream) {
			to(from).Done()
			to(partita.NewPipelineOf(app, "q", shared)).Done()
			to(partita.NewPipelineOf(app, "r", shared)).Done()
		}, application + ` / pipeline "r" / source`, `it feeds application "a" / pipeline "q" already`},
		"a nil option of a source": {func(app *partita.Application, from stream) {
			to(from).Done()
			to(partita.NewPipelineOf(app, "q", partita.NewSourceOf[reading](nil))).Done()
		}, application + ` / pipeline "q" / source`, "an option is nil"},
		"no sink": {func(_ *partita.Application, from stream) {
			to(from).ToSink(nil)
		}, pipeline, "a sink is nil"},
		"a queue that is nil": {func(_ *partita.Application, from stream) {
			to(from).ToSink(queue)
		}, pipeline, "a sink is nil"},
		"a sink without a function": {func(_ *partita.Application, from stream) {
			to(from).ToSink(partita.NewSinkFuncOf[reading]("out", nil))
		}, pipeline + ` / sink "out"`, "its function is nil"},
		"a channel used twice": {func(_ *partita.Application, from stream) {
			channel := make(chan reading)
			to(from).ToSinks(partita.NewChannelSinkOf("one", channel), partita.NewChannelSinkOf("two", channel))
		}, pipeline + ` / sink "two"`, "the channel is used twice"},
		"reset at a sink": {func(_ *partita.Application, from stream) {
			to(from).ToSink(partita.NewQueueSinkOf[reading]("out", 0), partita.Reset())
		}, pipeline + ` / sink "out"`, "reset"},
	} {
		t.Run(name, func(t *testing.T) {
			hosts := partita.HostsHeld()
			app := partita.NewApplication("a")
			test.declare(app, partita.NewPipelineOf(app, "p", partita.NewSourceOf[reading]()))
			for what, err := range map[string]error{"Check": app.Check(), "Start": app.Start()} {
				var topology *partita.TopologyError
				if !errors.Is(err, partita.ErrInvalidTopology) || !errors.As(err, &topology) {
					t.Fatalf("%s: %v", what, err)
				}
				told := false
				for _, mistake := range topology.Mistakes {
					told = told || strings.HasPrefix(mistake.Path, test.path) && strings.Contains(mistake.Message, test.text)
				}
				if !told || len(topology.Mistakes) > 2 {
					t.Errorf("%s says: %v\nexpected %s: %s", what, err, test.path, test.text)
				}
			}
			if held := partita.HostsHeld(); held > hosts {
				t.Errorf("%d hosts are held", held-hosts)
			}
		})
	}
}

func TestATypedStepDeclaredAfterTheStartIsTold(t *testing.T) {
	source := partita.NewSourceOf[reading]()
	app := partita.NewApplication("late")
	stream := partita.NewPipelineOf(app, "p", source)
	sink, _ := collect[reading]("out")
	stream.ToSink(sink)
	start(t, app)
	partita.ToStatePartition(stream, partita.PartitionOf[string, meter]{Name: "s"}, meterOf, pass)
	if err := app.Check(); !errors.Is(err, partita.ErrAlreadyStarted) {
		t.Errorf("Check: %v", err)
	}
}

func TestASourceThatIsNoSourceIsTold(t *testing.T) {
	var source *partita.SourceOf[reading]
	var noContext context.Context
	for what, err := range map[string]error{
		"Send":    source.Send(deadline(t), reading{}),
		"TrySend": source.TrySend(reading{}),
		"a nil context": func() error {
			_, err := partita.NewSourceOf[reading]().SendBatch(noContext, nil)
			return err
		}(),
	} {
		if !errors.Is(err, partita.ErrInvalidArgument) {
			t.Errorf("%s: %v", what, err)
		}
	}
	if err := partita.NewSourceOf[reading]().Send(deadline(t), reading{}); !errors.Is(err, partita.ErrNotStarted) {
		t.Errorf("no pipeline: %v", err)
	}
}
