package partita_test

import (
	"context"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/partita-stream/partita/go/partita"
)

// compute is a computation made of a function.
type compute func(data, state interface{}) (interface{}, bool)

func (compute compute) Compute(data, state interface{}) (interface{}, bool) {
	return compute(data, state)
}

// computeMulti is one with any number of outputs.
type computeMulti func(data, state interface{}) ([]interface{}, bool)

func (compute computeMulti) Compute(data, state interface{}) ([]interface{}, bool) {
	return compute(data, state)
}

// keyed is a partition function made of a function.
type keyed func(data interface{}) uint64

func (keyed keyed) Partition(data interface{}) uint64 { return keyed(data) }

// keyedText is one whose keys are strings.
type keyedText func(data interface{}) string

func (keyed keyedText) Partition(data interface{}) string { return keyed(data) }

// event is a message: the n-th one of a sender for a key.
type event struct{ key, sender, n int }

func keyOf(data interface{}) uint64 { return uint64(data.(event).key) }

var byKey = keyed(keyOf)

// counter is a state that counts.
type counter struct{ count int }

var counters = partita.Build(func() interface{} { return new(counter) })

// count adds one to the state, and emits the message.
func count(data, state interface{}) (interface{}, bool) {
	state.(*counter).count++
	return data, true
}

// deadline is a context for one test: no test waits for longer.
func deadline(t testing.TB) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	t.Cleanup(cancel)
	return ctx
}

// start starts an application. When the test is over it is closed, and must leave nothing.
func start(t testing.TB, app *partita.Application) {
	t.Helper()
	goroutines, hosts := runtime.NumGoroutine(), partita.HostsHeld()
	if err := app.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := app.Close(context.Background()); err != nil {
			t.Errorf("close: %v", err)
		}
		leavesNothing(t, app)
		if held := partita.HostsHeld(); held > hosts {
			t.Errorf("after close %d hosts are held", held-hosts)
		}
		// A goroutine that has ended its work may take a moment to be gone.
		await(t, "no goroutine is left", func() bool { return runtime.NumGoroutine() <= goroutines })
	})
}

// leavesNothing checks that a closed application holds nothing any more.
func leavesNothing(t testing.TB, app *partita.Application) {
	t.Helper()
	if metrics := app.Metrics(); metrics.ValuesHeld != 0 || metrics.InFlight != 0 {
		t.Errorf("after close %d values are held and %d messages in flight", metrics.ValuesHeld, metrics.InFlight)
	}
	if held := partita.SlotsHeld(app); held != 0 {
		t.Errorf("after close %d slots are taken", held)
	}
}

// await waits until something is so.
func await(t testing.TB, what string, so func() bool) {
	t.Helper()
	for end := time.Now().Add(time.Minute); !so(); runtime.Gosched() {
		if time.Now().After(end) {
			t.Fatalf("it never came about that %s", what)
		}
	}
}

// must ends the test if there is an error.
func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// send sends messages, each of them.
func send(t testing.TB, source *partita.Source, messages ...interface{}) {
	t.Helper()
	sent, err := source.SendBatch(deadline(t), messages)
	if err != nil || sent != len(messages) {
		t.Fatalf("sent %d of %d: %v", sent, len(messages), err)
	}
}

// events makes messages for keys, one after another.
func events(sender, messages, keys int) []interface{} {
	batch := make([]interface{}, messages)
	for i := range batch {
		batch[i] = event{key: i % keys, sender: sender, n: i}
	}
	return batch
}

// says checks that an error has each of the texts.
func says(t testing.TB, err error, texts ...string) {
	t.Helper()
	if err == nil {
		t.Fatalf("there is no error, expected one with %q", texts)
	}
	for _, text := range texts {
		if !strings.Contains(err.Error(), text) {
			t.Errorf("the error lacks %q: %v", text, err)
		}
	}
}

// threads counts the threads of the process.
func threads(t testing.TB) int { return processStatus(t, "Threads:") }

// residentMemory is the memory of the process, in KiB, when all garbage is given back.
func residentMemory(t testing.TB) int {
	debug.FreeOSMemory()
	return processStatus(t, "VmRSS:")
}

// processStatus is a number that the system knows of the process.
func processStatus(t testing.TB, name string) int {
	t.Helper()
	status, err := os.ReadFile("/proc/self/status")
	must(t, err)
	for _, line := range strings.Split(string(status), "\n") {
		if rest, found := strings.CutPrefix(line, name); found {
			number, err := strconv.Atoi(strings.Fields(rest)[0])
			must(t, err)
			return number
		}
	}
	t.Fatalf("/proc/self/status has no %s", name)
	return 0
}
