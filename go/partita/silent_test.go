package partita_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"runtime"
	"testing"
	"time"

	"github.com/partita-stream/partita/go/partita"
)

// misuses are what a program may do wrong; each makes something fail, or is refused.
var misuses = map[string]func(options ...partita.Option){
	"failures at each place": func(options ...partita.Option) {
		for _, spot := range spots {
			for _, way := range ways {
				if !way.returns || spot.returns {
					misuseOf(spot, way, options...)
				}
			}
		}
	},
	"declarations with mistakes": func(options ...partita.Option) {
		app := partita.NewApplication("", append(options, nil, partita.Workers(-1))...)
		app.NewPipeline("", nil).ToStatePartition(nil, nil, "", nil, nil, nil).ToSink(nil)
		_ = app.Check()
		_ = app.Start()
		_ = app.Close(context.Background())
	},
	"clients that break off": func(options ...partita.Option) {
		gone, err := net.Listen("tcp", "127.0.0.1:0")
		orDie(err)
		address := gone.Addr().String()
		orDie(gone.Close())
		app := partita.NewApplication("tcp", append(options, partita.Workers(1))...)
		source := partita.NewTCPSourceOf("127.0.0.1:0", partita.Lines(), number, partita.MaxFrame(8))
		passOn(app, source, partita.NewTCPSinkOf("out", address, line, partita.FlushTimeout(time.Millisecond)))
		orDie(app.Start())
		for _, text := range []string{"much too long a line", "1\n2\nnonsense\npanic\nexit\n", "half"} {
			client, err := net.Dial("tcp", source.Addr())
			orDie(err)
			_, err = io.WriteString(client, text)
			orDie(err)
			orDie(client.Close())
		}
		for source.Traffic().Cut < 1 || app.Metrics().Dead[partita.DeadDecode] < 3 {
			runtime.Gosched()
		}
		orDie(app.Close(context.Background()))
	},
	"calls at the wrong time": func(options ...partita.Option) {
		app := partita.NewApplication("late", append(options, partita.Workers(1))...)
		source, queue := partita.NewSource(), partita.NewQueueSink("out", 1)
		app.NewPipeline("p", source).ToStateful(compute(count), counters, "s").ToSink(queue)
		calls := func() {
			ended, cancel := context.WithCancel(context.Background())
			cancel()
			_, _, _ = app.Wait(ended), app.Drain(ended), source.Send(ended, event{})
			_, _ = source.TrySend(nil), source.TrySend(event{})
			_, _ = queue.TryPoll(nil)
			_ = app.Parts("none", visitAll)
			_, _ = app.Quarantined("none")
			_, _ = app.Start(), app.Stop()
		}
		calls()
		calls()
		orDie(app.Close(context.Background()))
		calls()
	},
}

// misuseOf lets code end at a spot, and the application fail of it.
func misuseOf(spot spot, way way, options ...partita.Option) {
	scene := &scene{way: way}
	scene.app = partita.NewApplication("scene", append(options, partita.Workers(1))...)
	scene.declare(spot, false)
	orDie(scene.app.Start())
	aside(func() {
		_, err := scene.send(context.Background(), []event{{}, wrong, {}})
		if err != nil && !errors.Is(err, partita.ErrFailed) {
			orDie(err)
		}
	})
	if !unheard(spot, way, false) {
		_ = scene.app.Wait(context.Background())
	}
	orDie(scene.app.Close(context.Background()))
}

func init() {
	for name, misuse := range misuses {
		children[name] = func() { misuse() }
		// A logger is the only one to be told.
		children[name+", logged"] = func() {
			misuse(partita.Logger(slog.New(slog.NewTextHandler(io.Discard, nil))))
		}
	}
}

// The package and the engine print nothing, whatever goes wrong: who wants to know has a logger, errors, dead
// letters and counters.
func TestNothingIsEverPrinted(t *testing.T) {
	for name := range misuses {
		for _, name := range []string{name, name + ", logged"} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				if ran := runChild(t, name); ran.code != 0 || ran.stdout+ran.stderr != "" {
					t.Errorf("%+v, expected nothing printed", ran)
				}
			})
		}
	}
}
