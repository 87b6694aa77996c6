// Package wire is what the tests of the examples that run between sockets have in common: an application
// with its clients and its peer.
package wire

import (
	"bufio"
	"context"
	"encoding/binary"
	"flag"
	"io"
	"math/rand/v2"
	"net"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/partita-stream/partita/go/examples/internal/program"
	"github.com/partita-stream/partita/go/partita"
)

// patience is how long a test waits for what must come.
const patience = 60 * time.Second

var seed = flag.Uint64("seed", 0, "use `N` for what is random; 0 is another each time")

// Random is what is random in a test. Its seed is printed.
func Random(t testing.TB) *rand.Rand {
	t.Helper()
	chosen := *seed
	if chosen == 0 {
		chosen = rand.Uint64()
	}
	t.Logf("-seed %d", chosen)
	return rand.New(rand.NewPCG(chosen, chosen))
}

// Running is an application that runs between sockets.
type Running struct {
	App *partita.Application
	// Out is what it writes.
	Out     *bufio.Reader
	t       testing.TB
	sources []program.Listener
	senders sync.WaitGroup
	letters chan partita.DeadLetter
}

// lettersMax is how many dead letters may wait for a test.
const lettersMax = 1000

// Start starts an application, and closes it at the end of the test.
func Start(t testing.TB, workers int, declare program.Declare) *Running {
	t.Helper()
	peer, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer peer.Close()
	running := &Running{t: t, letters: make(chan partita.DeadLetter, lettersMax)}
	running.App = program.New("test", workers, partita.DeadLetters(func(letter partita.DeadLetter) {
		running.letters <- letter
	}))
	flags := program.Flags{In: "127.0.0.1:0", Out: peer.Addr().String(), Workers: workers}
	if running.sources, err = declare(running.App, flags); err != nil {
		t.Fatal(err)
	}
	if err := running.App.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := running.App.Close(ctx); err != nil {
			t.Error(err)
		}
	})
	out, err := peer.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { out.Close() })
	if err := out.SetDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	running.Out = bufio.NewReaderSize(out, 1<<16)
	return running
}

// Send sends bytes to a source, as a client of its own, in pieces of random lengths; it does not wait.
func (running *Running) Send(source int, bytes []byte, random *rand.Rand) {
	running.t.Helper()
	client, err := net.Dial("tcp", running.sources[source].Addr())
	if err != nil {
		running.t.Fatal(err)
	}
	pieces := rand.New(rand.NewPCG(random.Uint64(), 0))
	running.senders.Add(1)
	go func() {
		defer running.senders.Done()
		defer client.Close()
		for len(bytes) > 0 {
			size := min(len(bytes), 1+pieces.IntN(1<<pieces.IntN(16)))
			if _, err := client.Write(bytes[:size]); err != nil {
				running.t.Error(err)
				return
			}
			bytes = bytes[size:]
		}
	}()
}

// Line reads a line, without its newline.
func (running *Running) Line() string {
	running.t.Helper()
	line, err := running.Out.ReadString('\n')
	if err != nil {
		running.t.Fatalf("%q: %v", line, err)
	}
	return line[:len(line)-1]
}

// Rest ends intake, waits until all is through, closes the application, and reads what else it has written.
func (running *Running) Rest() string {
	running.t.Helper()
	running.senders.Wait()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := running.App.Drain(ctx); err != nil {
		running.t.Fatal(err)
	}
	if err := running.App.Close(ctx); err != nil {
		running.t.Fatal(err)
	}
	rest, err := io.ReadAll(running.Out)
	if err != nil {
		running.t.Fatal(err)
	}
	return string(rest)
}

// Dead are the next dead letters, once there are so many.
func (running *Running) Dead(count int) []partita.DeadLetter {
	running.t.Helper()
	var letters []partita.DeadLetter
	late := time.After(patience)
	for range count {
		select {
		case letter := <-running.letters:
			letters = append(letters, letter)
		case <-late:
			running.t.Fatalf("%d dead letters in time, expected %d", len(letters), count)
		}
	}
	return letters
}

// Frame puts the length of a payload before it.
func Frame(bytes, payload []byte) []byte {
	bytes = binary.BigEndian.AppendUint32(bytes, uint32(len(payload)))
	return append(bytes, payload...)
}

// EachWorkers runs a test with 1, 2 and 8 workers.
func EachWorkers(t *testing.T, test func(t *testing.T, workers int)) {
	for _, workers := range []int{1, 2, 8} {
		t.Run(strconv.Itoa(workers), func(t *testing.T) { test(t, workers) })
	}
}
