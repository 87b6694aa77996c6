package partita_test

import (
	"context"
	"io"
	"log/slog"
	"net"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/partita-stream/partita/go/partita"
)

// journal keeps what is logged, and may end in a way of its own each time.
type journal struct {
	least slog.Level
	way   way

	lock    sync.Mutex
	records []slog.Record
}

func (journal *journal) Enabled(_ context.Context, level slog.Level) bool {
	return level >= journal.least
}

func (journal *journal) Handle(_ context.Context, record slog.Record) error {
	journal.lock.Lock()
	journal.records = append(journal.records, record)
	journal.lock.Unlock()
	if journal.way.end != nil {
		return journal.way.end()
	}
	return nil
}

func (journal *journal) WithAttrs([]slog.Attr) slog.Handler { return journal }

func (journal *journal) WithGroup(string) slog.Handler { return journal }

// count counts the records of a level that say something, and adds up how many they say were left out.
func (journal *journal) count(level slog.Level, says string) (count, leftOut int) {
	journal.lock.Lock()
	defer journal.lock.Unlock()
	for _, record := range journal.records {
		if record.Level != level || !strings.Contains(record.Message, says) {
			continue
		}
		count++
		record.Attrs(func(attribute slog.Attr) bool {
			if attribute.Key == "left_out" {
				leftOut += int(attribute.Value.Uint64())
			}
			return true
		})
	}
	return count, leftOut
}

// noisy is an application that has something to log of each level: a sink that connects, workers that are
// replaced, clients that are disconnected, and a failure.
type noisy struct {
	journal *journal
	app     *partita.Application
	lines   *partita.SourceOf[int]
	numbers *partita.SourceOf[int]
	failing *partita.SourceOf[int]
	peer    peer
}

func newNoisy(t *testing.T, least slog.Level, way way) *noisy {
	noisy := &noisy{
		journal: &journal{least: least, way: way},
		lines:   partita.NewTCPSourceOf("127.0.0.1:0", partita.Lines(), number, partita.MaxFrame(4)),
		numbers: partita.NewSourceOf[int](),
		failing: partita.NewSourceOf[int](),
		peer:    newPeer(t),
	}
	noisy.app = partita.NewApplication("noisy", partita.Workers(2), partita.Logger(slog.New(noisy.journal)))
	passOn(noisy.app, noisy.lines, partita.NewTCPSinkOf("out", noisy.peer.address(), line))
	partita.ToStateful(partita.NewPipelineOf(noisy.app, "ends", noisy.numbers), partita.StateOf[int]{Name: "ends"},
		func(int, *int, *partita.Emitter[int]) (bool, error) {
			runtime.Goexit()
			return false, nil
		}, partita.Skip()).Done()
	partita.ToStateful(partita.NewPipelineOf(noisy.app, "fails", noisy.failing), partita.StateOf[int]{Name: "fails"},
		func(int, *int, *partita.Emitter[int]) (bool, error) { return false, errBoom }).Done()
	startTCP(t, noisy.app)
	return noisy
}

// end lets it fail, and closes it: then all is logged.
func (noisy *noisy) end(t *testing.T) {
	t.Helper()
	drainTCP(t, noisy.app)
	must(t, noisy.failing.Send(deadline(t), 1))
	if err := noisy.app.Wait(deadline(t)); !isError(err, errBoom) {
		t.Errorf("wait: %v", err)
	}
	must(t, noisy.app.Close(deadline(t)))
	if count, _ := noisy.journal.count(slog.LevelError, "application failed"); count != 1 {
		t.Errorf("the failure was logged %d times, expected once", count)
	}
}

// breakLimit is a client that is disconnected, because of a line that is too long.
func (noisy *noisy) breakLimit(t *testing.T) {
	t.Helper()
	client, err := net.Dial("tcp", noisy.lines.Addr())
	must(t, err)
	defer client.Close()
	_, err = io.WriteString(client, "12345678")
	must(t, err)
	must(t, client.SetReadDeadline(time.Now().Add(patience)))
	if _, err := client.Read(make([]byte, 1)); err == nil {
		t.Error("the connection goes on")
	}
}

func TestEachThingIsLoggedWithItsLevel(t *testing.T) {
	for _, least := range []slog.Level{slog.LevelInfo, slog.LevelWarn, slog.LevelError} {
		t.Run(least.String(), func(t *testing.T) {
			noisy := newNoisy(t, least, way{})
			noisy.peer.accept(t)
			noisy.breakLimit(t)
			must(t, noisy.numbers.Send(deadline(t), 1))
			noisy.end(t)
			for says, level := range map[string]slog.Level{
				"connected to":          slog.LevelInfo,
				"closed the connection": slog.LevelWarn,
				"worker replaced":       slog.LevelWarn,
			} {
				want := 0
				if level >= least {
					want = 1
				}
				if count, _ := noisy.journal.count(level, says); count != want {
					t.Errorf("%q was logged %d times, expected %d", says, count, want)
				}
			}
		})
	}
}

// A worker replaced was logged each time: a computation that ends its goroutine on every message filled the log.
func TestNoMoreIsLoggedThanTenLinesASecondHoweverMuchHappens(t *testing.T) {
	noisy := newNoisy(t, slog.LevelInfo, way{})
	noisy.peer.accept(t)
	began := time.Now()
	for range 300 {
		must(t, noisy.numbers.Send(deadline(t), 1))
		noisy.breakLimit(t)
	}
	noisy.end(t)
	most := 10 * (int(time.Since(began)/time.Second) + 2)
	for _, says := range []string{"worker replaced", "closed the connection"} {
		count, leftOut := noisy.journal.count(slog.LevelWarn, says)
		if count < 9 || count > most || count+leftOut > 300 {
			t.Errorf("%q was logged %d times, and %d times left out, expected 9 to %d", says, count, leftOut, most)
		}
	}
}

func TestHoweverALoggerEndsTheApplicationGoesOn(t *testing.T) {
	for how, way := range ways {
		t.Run(how, func(t *testing.T) {
			noisy := newNoisy(t, slog.LevelInfo, way)
			reader := noisy.peer.accept(t)
			for range 3 {
				must(t, noisy.numbers.Send(deadline(t), 1))
				noisy.breakLimit(t)
			}
			write(t, dial(t, noisy.lines.Addr()), "1\n11\n")
			expectLines(t, reader, "1", "11")
			noisy.end(t)
			if replaced, _ := noisy.journal.count(slog.LevelWarn, "worker replaced"); replaced != 3 {
				t.Errorf("%d workers are said to be replaced, expected 3", replaced)
			}
		})
	}
}
