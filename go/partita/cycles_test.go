package partita_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"runtime"
	"strconv"
	"testing"
	"time"

	"github.com/partita-stream/partita/go/partita"
)

// cyclesOf is how often applications are opened, fed and closed. PARTITA_CYCLES=n sets it.
func cyclesOf(t *testing.T) int {
	text, given := os.LookupEnv("PARTITA_CYCLES")
	if !given {
		return 500
	}
	cycles, err := strconv.Atoi(text)
	if err != nil || cycles < 2 {
		t.Fatalf("PARTITA_CYCLES=%s: expected 2 or more", text)
	}
	return cycles
}

// holdings are what a process has of things that an application may leave behind.
type holdings struct{ goroutines, threads, files, hosts, handles, memory int }

func holdingsOf(t *testing.T) holdings {
	files, err := os.ReadDir("/proc/self/fd")
	must(t, err)
	return holdings{
		goroutines: runtime.NumGoroutine(),
		threads:    threads(t),
		files:      len(files),
		hosts:      partita.HostsHeld(),
		handles:    partita.HandlesHeld(),
		memory:     residentMemory(t),
	}
}

// lives are applications that are opened, fed and closed in different ways.
var lives = map[string]func(t *testing.T, ctx context.Context, n int){
	"with everything": func(t *testing.T, ctx context.Context, n int) {
		whole := newWhole()
		must(t, whole.app.Check())
		must(t, whole.app.Start())
		_, err := whole.source.SendBatch(ctx, events(0, 10, 3))
		must(t, err)
		_, err = whole.texts.SendBatch(ctx, events(0, 10, 4))
		must(t, err)
		if n%2 == 0 {
			go func() {
				for range whole.channel {
				}
			}()
			for read := 0; read < 10; {
				count, err := whole.queue.Poll(ctx, make([]interface{}, 10))
				must(t, err)
				read += count
			}
			must(t, whole.app.Drain(ctx))
		}
		must(t, whole.app.Close(context.Background()))
		leavesNothing(t, whole.app)
	},
	"that is called, buffers and blocks": func(t *testing.T, ctx context.Context, n int) {
		source := partita.NewSourceOf[event]()
		callers := partita.NewCallersOf[event, int]("answers", source)
		app := partita.NewApplication("calls", partita.Workers(1))
		stream := partita.To(partita.NewPipelineOf(app, "p", source), func(in event) (event, bool, error) { return in, true, nil })
		partita.ToStatePartition(stream, partita.PartitionOf[int, int]{Name: "s"}, func(in event) int { return in.key },
			func(_ int, _ event, sum *int, out *partita.Emitter[int]) (bool, error) {
				*sum++
				out.Emit(*sum)
				return true, nil
			},
			partita.Blocking(2)).ToSink(callers)
		must(t, app.Start())
		buffer, err := source.Buffer()
		must(t, err)
		must(t, buffer.Send(ctx, event{}))
		_, err = callers.Call(ctx, event{key: 1})
		must(t, err)
		ack, err := source.SendAck(ctx, []event{{}, {key: 1}})
		must(t, err)
		if n%2 == 0 {
			must(t, ack.Wait(ctx))
			must(t, buffer.Close(ctx))
		}
		must(t, app.Close(context.Background()))
		// What a buffer's goroutine had in hand it gives back in a moment.
		await(t, "no slot is taken", func() bool { return partita.SlotsHeld(app) == 0 })
		leavesNothing(t, app)
	},
	"between sockets": func(t *testing.T, ctx context.Context, n int) {
		peer, err := net.Listen("tcp", "127.0.0.1:0")
		must(t, err)
		defer peer.Close()
		app := partita.NewApplication("tcp", partita.Workers(1))
		source := partita.NewTCPSourceOf("127.0.0.1:0", partita.Lines(), number)
		passOn(app, source, partita.NewTCPSinkOf("out", peer.Addr().String(), line))
		must(t, app.Start())
		client, err := net.Dial("tcp", source.Addr())
		must(t, err)
		defer client.Close()
		out, err := peer.Accept()
		must(t, err)
		defer out.Close()
		write(t, client, "1\n")
		if n%2 == 0 {
			_, err = out.Read(make([]byte, 2))
			must(t, err)
		}
		must(t, app.Close(context.Background()))
		leavesNothing(t, app)
	},
	"whose goroutines end": func(t *testing.T, ctx context.Context, n int) {
		source := partita.NewSource()
		app := partita.NewApplication("ends", partita.Workers(2))
		app.NewPipeline("p", source).
			ToStatePartition(compute(func(data, _ interface{}) (interface{}, bool) {
				if data.(event).n == 1 {
					runtime.Goexit()
				}
				return data, true
			}), counters, "s", byKey, nil, partita.Skip()).
			ToStatefulMulti(computeMulti(func(interface{}, interface{}) ([]interface{}, bool) { panic(errBoom) }), counters, "fails").Done()
		must(t, app.Start())
		// It may fail before all are sent.
		_, err := source.SendBatch(ctx, events(0, 3, 3))
		if err != nil && !errors.Is(err, partita.ErrFailed) {
			t.Error(err)
		}
		if err := app.Wait(ctx); n%2 == 0 && !errors.Is(err, partita.ErrFailed) {
			t.Error(err)
		}
		must(t, app.Close(context.Background()))
		leavesNothing(t, app)
	},
	"that cannot start": func(t *testing.T, _ context.Context, _ int) {
		taken, err := net.Listen("tcp", "127.0.0.1:0")
		must(t, err)
		defer taken.Close()
		app := partita.NewApplication("taken")
		passOn(app, partita.NewTCPSourceOf(taken.Addr().String(), partita.Lines(), number), partita.NewQueueSinkOf[int]("out", 0))
		if err := app.Start(); !errors.Is(err, partita.ErrAddress) {
			t.Errorf("start: %v", err)
		}
		must(t, app.Close(context.Background()))
	},
}

func TestApplicationsThatAreOpenedFedAndClosedLeaveNothing(t *testing.T) {
	cycles := cyclesOf(t)
	for name, live := range lives {
		t.Run(name, func(t *testing.T) {
			// A test's own contexts last as long as it does.
			one := func(n int) {
				ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
				defer cancel()
				live(t, ctx, n)
			}
			// The first half is for what a process gets once.
			for n := range cycles / 2 {
				one(n)
			}
			before := holdingsOf(t)
			for n := range cycles / 2 {
				one(n)
			}
			var after holdings
			var more string
			defer func() {
				if t.Logf("%d cycles: %+v before, %+v after", cycles, before, after); more != "" {
					t.Errorf("there are %s", more)
				}
			}()
			await(t, "all is gone", func() bool {
				after = holdingsOf(t)
				more = before.less(after)
				return more == ""
			})
		})
	}
}

// What is held is seen: otherwise that nothing is left would mean nothing.
func TestWhatAnApplicationHoldsIsCounted(t *testing.T) {
	before := holdingsOf(t)
	whole := newWhole()
	must(t, whole.app.Start())
	open := holdingsOf(t)
	if open.goroutines <= before.goroutines || open.hosts <= before.hosts || open.handles <= before.handles {
		t.Errorf("an open application has %+v, before it there were %+v", open, before)
	}
	must(t, whole.app.Close(context.Background()))
}

// less tells what there is more of afterwards than there may be.
func (before holdings) less(after holdings) (more string) {
	// Go keeps threads that were once needed at the same time, and frees memory as it likes.
	const threadsMore, memoryMore = 10, 4 << 10
	for _, kind := range []struct {
		name                 string
		before, after, allow int
	}{
		{"goroutines", before.goroutines, after.goroutines, 0},
		{"threads", before.threads, after.threads, threadsMore},
		{"files", before.files, after.files, 0},
		{"hosts", before.hosts, after.hosts, 0},
		{"handles", before.handles, after.handles, 0},
		{"KiB of memory", before.memory, after.memory, memoryMore},
	} {
		if kind.after > kind.before+kind.allow && !(instrumented && kind.name == "KiB of memory") {
			more += fmt.Sprintf("%d %s after %d; ", kind.after, kind.name, kind.before)
		}
	}
	return more
}
