package partita_test

import (
	"bufio"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/partita-stream/partita/go/partita"
)

// Detectors of loss, duplication, reordering and corruption: applications between sockets whose every output
// tells whether all was right before it. They run for a set number of messages, or, with PARTITA_SOAK=10m,
// again and again for that long. PARTITA_SEED=n is one run.

// detect runs a detector with one seed after another.
func detect(t *testing.T, runs int, detector func(t *testing.T, random *rand.Rand)) {
	one := func(seed uint64) {
		t.Logf("PARTITA_SEED=%d", seed)
		detector(t, rand.New(rand.NewPCG(seed, 0)))
	}
	if text, given := os.LookupEnv("PARTITA_SEED"); given {
		seed, err := strconv.ParseUint(text, 10, 64)
		if err != nil {
			t.Fatalf("PARTITA_SEED: %v", err)
		}
		one(seed)
		return
	}
	text, long := os.LookupEnv("PARTITA_SOAK")
	if !long {
		for range runs {
			one(rand.Uint64())
		}
		return
	}
	soak, err := time.ParseDuration(text)
	if err != nil {
		t.Fatalf("PARTITA_SOAK: %v", err)
	}
	for end := time.Now().Add(soak); time.Now().Before(end) && !t.Failed(); {
		one(rand.Uint64())
	}
}

// write64 writes numbers as frames of eight bytes each, on a connection of their own; errors are told.
func write64(t *testing.T, address string, numbers func(yield func(uint64) bool)) {
	connection, err := net.Dial("tcp", address)
	if err != nil {
		t.Error(err)
		return
	}
	defer connection.Close()
	writer := bufio.NewWriterSize(connection, 1<<14)
	for number := range numbers {
		if err := binary.Write(writer, binary.BigEndian, number); err != nil {
			t.Error(err)
			return
		}
	}
	if err := writer.Flush(); err != nil {
		t.Error(err)
	}
}

// window is the last four numbers of a parity, the newest last.
type window [4]uint64

func TestDetectorOfSequenceWindows(t *testing.T) {
	detect(t, 3, func(t *testing.T, random *rand.Rand) {
		const count = 100_000
		peer := newPeer(t)
		app := partita.NewApplication("windows", partita.Workers(1+random.IntN(4)))
		source := partita.NewTCPSourceOf("127.0.0.1:0", partita.FixedSize(8), func(frame []byte) (uint64, bool, error) {
			return binary.BigEndian.Uint64(frame), true, nil
		}, partita.Credits(1+random.IntN(10_000)))
		sink := partita.NewTCPSinkOf("windows", peer.address(), func(out []byte, window window) ([]byte, error) {
			return binary.Append(out, binary.BigEndian, window)
		}, partita.MaxQueued(1+random.IntN(1000)))
		windows := partita.PartitionOf[uint64, window]{Name: "windows", Keys: []uint64{0, 1}}
		partita.ToStatePartition(partita.NewPipelineOf(app, "numbers", source), windows,
			func(number uint64) uint64 { return number % 2 },
			func(_ uint64, number uint64, state *window, out *partita.Emitter[window]) (bool, error) {
				*state = window{state[1], state[2], state[3], number}
				out.Emit(*state)
				return true, nil
			}).ToSink(sink)
		startTCP(t, app)
		reader := peer.accept(t)
		go write64(t, source.Addr(), func(yield func(uint64) bool) {
			for number := uint64(1); number <= count && yield(number); number++ {
			}
		})
		var last [2]window
		for range count {
			var got window
			if err := binary.Read(reader, binary.BigEndian, &got); err != nil {
				t.Fatal(err)
			}
			before := &last[got[3]%2]
			next := before[3] + 2
			if before[3] == 0 {
				next = got[3] % 2
				if next == 0 {
					next = 2
				}
			}
			if want := (window{before[1], before[2], before[3], next}); got != want {
				t.Fatalf("window %v came behind %v, expected %v", got, *before, want)
			}
			*before = got
		}
		if want := [2]window{{count - 6, count - 4, count - 2, count}, {count - 7, count - 5, count - 3, count - 1}}; last != want {
			t.Fatalf("the last windows are %v, expected %v", last, want)
		}
		nothingMore(t, app, reader)
	})
}

// nothingMore drains and closes an application, and checks that it has written no more.
func nothingMore(t *testing.T, app *partita.Application, reader io.Reader) {
	t.Helper()
	drainTCP(t, app)
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := app.Close(ctx); err != nil {
		t.Fatal(err)
	}
	if rest, err := io.ReadAll(reader); err != nil || len(rest) > 0 {
		t.Fatalf("%d bytes more came out, %v", len(rest), err)
	}
}

// traced is a message of a key's own ascending sequence, and what it went through: at each keyed step the
// number of messages that the key's state had seen with it, at each other step a mark.
type traced struct {
	Key, Seq uint32
	Steps    uint32
	Trace    [6]uint32
}

const mark = 0xfeedbeef

func (traced *traced) note(what uint32) {
	traced.Trace[traced.Steps] = what
	traced.Steps++
}

// worked keeps the compiler from leaving work out.
var worked atomic.Uint32

// work takes some time for one in so many messages, and none for the others.
func work(in traced) {
	if (in.Key^in.Seq)%64 != 0 {
		return
	}
	var sum uint32
	for i := range uint32(20_000) {
		sum += i * i
	}
	worked.Add(sum)
}

func TestDetectorOfSequencesThroughSeveralPartitions(t *testing.T) {
	detect(t, 6, func(t *testing.T, random *rand.Rand) {
		keys, each := 1+random.IntN(300), 1+random.IntN(300)
		connections, keyed := 1+random.IntN(6), 1+random.IntN(3)
		peer := newPeer(t)
		app := partita.NewApplication("traces", partita.Workers(1+random.IntN(16)))
		source := partita.NewTCPSourceOf("127.0.0.1:0", partita.FixedSize(8), func(frame []byte) (traced, bool, error) {
			return traced{Key: binary.BigEndian.Uint32(frame), Seq: binary.BigEndian.Uint32(frame[4:])}, true, nil
		}, partita.Credits(1+random.IntN(5_000)))
		stream := partita.NewPipelineOf(app, "traces", source)
		var expected []uint32 // at each step a mark, or 0 for a count
		for step := range keyed {
			if random.IntN(2) == 0 {
				stream = partita.To(stream, func(in traced) (traced, bool, error) {
					in.note(mark)
					return in, true, nil
				}, partita.WithName(fmt.Sprint("mark ", step)))
				expected = append(expected, mark)
			}
			partition := partita.PartitionOf[uint32, uint32]{Name: fmt.Sprint("seen ", step)}
			stream = partita.ToStatePartition(stream, partition, func(in traced) uint32 { return in.Key },
				func(_ uint32, in traced, seen *uint32, out *partita.Emitter[traced]) (bool, error) {
					*seen++
					work(in)
					in.note(*seen)
					out.Emit(in)
					return true, nil
				}, partita.WithName(fmt.Sprint("count ", step)))
			expected = append(expected, 0)
		}
		stream.ToSink(partita.NewTCPSinkOf("traces", peer.address(), func(out []byte, in traced) ([]byte, error) {
			return binary.Append(out, binary.BigEndian, in)
		}))
		startTCP(t, app)
		reader := peer.accept(t)
		for connection := range connections {
			order := rand.New(rand.NewPCG(random.Uint64(), 0))
			go write64(t, source.Addr(), func(yield func(uint64) bool) {
				sequences(keys, each, connection, connections, order, yield)
			})
		}
		next := make([]uint32, keys)
		for range keys * each {
			var got traced
			if err := binary.Read(reader, binary.BigEndian, &got); err != nil {
				t.Fatal(err)
			}
			want := traced{Key: got.Key, Seq: next[got.Key], Steps: uint32(len(expected))}
			for i, mark := range expected {
				want.Trace[i] = mark
				if mark == 0 {
					want.Trace[i] = want.Seq + 1
				}
			}
			if got != want {
				t.Fatalf("%+v came out, expected %+v", got, want)
			}
			next[got.Key]++
		}
		nothingMore(t, app, reader)
	})
}

// sequences yields the messages of a connection's keys, each key's in order, the keys mixed.
func sequences(keys, each, connection, connections int, order *rand.Rand, yield func(uint64) bool) {
	var mine []uint32
	for key := connection; key < keys; key += connections {
		mine = append(mine, uint32(key))
	}
	next := make(map[uint32]uint32)
	for len(mine) > 0 {
		i := order.IntN(len(mine))
		key := mine[i]
		if !yield(uint64(key)<<32 | uint64(next[key])) {
			return
		}
		next[key]++
		if int(next[key]) == each {
			mine[i] = mine[len(mine)-1]
			mine = mine[:len(mine)-1]
		}
	}
}
