package partita_test

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"io"
	"runtime/pprof"
	"slices"
	"strings"
	"testing"

	"github.com/partita-stream/partita/go/partita"
)

// profile is what is read of a CPU profile: for each sample, the functions on its stack, innermost first.
type profile struct{ samples [][]string }

// readProfile reads a profile as pprof writes it: a message of protocol buffers, compressed.
func readProfile(t *testing.T, compressed []byte) profile {
	t.Helper()
	unpacked, err := gzip.NewReader(bytes.NewReader(compressed))
	must(t, err)
	message, err := io.ReadAll(unpacked)
	must(t, err)
	var texts []string
	var stacks [][]uint64
	locations, functions := make(map[uint64][]uint64), make(map[uint64]uint64)
	must(t, eachField(message, func(field, value uint64, part []byte) error {
		switch field {
		case 2: // a sample: its locations
			var stack []uint64
			err := eachField(part, func(field, value uint64, part []byte) error {
				if field == 1 {
					stack = append(stack, numbersIn(value, part)...)
				}
				return nil
			})
			stacks = append(stacks, stack)
			return err
		case 4: // a location: its lines, each with a function
			var id uint64
			var lines []uint64
			err := eachField(part, func(field, value uint64, part []byte) error {
				switch field {
				case 1:
					id = value
				case 4:
					return eachField(part, func(field, value uint64, _ []byte) error {
						if field == 1 {
							lines = append(lines, value)
						}
						return nil
					})
				}
				return nil
			})
			locations[id] = lines
			return err
		case 5: // a function: its name
			var id, name uint64
			err := eachField(part, func(field, value uint64, _ []byte) error {
				switch field {
				case 1:
					id = value
				case 2:
					name = value
				}
				return nil
			})
			functions[id] = name
			return err
		case 6:
			texts = append(texts, string(part))
		}
		return nil
	}))
	var read profile
	for _, stack := range stacks {
		var names []string
		for _, location := range stack {
			for _, function := range locations[location] {
				names = append(names, texts[functions[function]])
			}
		}
		read.samples = append(read.samples, names)
	}
	return read
}

var errCutShort = errors.New("a message is cut short")

// eachField reads the fields of a message: a number has a value, and all else a part.
func eachField(message []byte, read func(field, value uint64, part []byte) error) error {
	for len(message) > 0 {
		key, size := binary.Uvarint(message)
		if size <= 0 {
			return errCutShort
		}
		message = message[size:]
		value, size := binary.Uvarint(message)
		if size <= 0 {
			return errCutShort
		}
		message = message[size:]
		var part []byte
		if key%8 == 2 {
			if value > uint64(len(message)) {
				return errCutShort
			}
			part, message = message[:value], message[value:]
		}
		if err := read(key/8, value, part); err != nil {
			return err
		}
	}
	return nil
}

// numbersIn are the numbers of a field that may have many: packed into a part, or alone.
func numbersIn(value uint64, part []byte) []uint64 {
	if part == nil {
		return []uint64{value}
	}
	var numbers []uint64
	for len(part) > 0 {
		number, size := binary.Uvarint(part)
		if size <= 0 {
			break
		}
		numbers, part = append(numbers, number), part[size:]
	}
	return numbers
}

// count counts the samples whose stacks have functions whose names end so, the inner ones first.
func (profile profile) count(names ...string) (count int) {
	for _, stack := range profile.samples {
		rest := stack
		found := 0
		for _, name := range names {
			at := slices.IndexFunc(rest, func(function string) bool { return strings.HasSuffix(function, name) })
			if at < 0 {
				break
			}
			rest = rest[at+1:]
			found++
		}
		if found == len(names) {
			count++
		}
	}
	return count
}

// spin is user code that takes as long as the engine does for a message.
//
//go:noinline
func spin(n int) int {
	for i := range 30 {
		n = n*31 + i
	}
	return n
}

// profiled is a profile of an application that computes so many messages.
func profiled(t *testing.T, messages int) profile {
	t.Helper()
	source := partita.NewSourceOf[int]()
	app := partita.NewApplication("profiled", partita.Workers(2))
	partita.ToStatePartition(partita.NewPipelineOf(app, "p", source), partita.PartitionOf[int, int]{Name: "s"},
		func(n int) int { return n % 50_000 },
		func(_, n int, sum *int, _ *partita.Emitter[partita.None]) (bool, error) {
			*sum += spin(n)
			return true, nil
		}).Done()
	start(t, app)
	batch := make([]int, 10_000)
	var buffer bytes.Buffer
	must(t, pprof.StartCPUProfile(&buffer))
	defer pprof.StopCPUProfile()
	for sent := 0; sent < messages; sent += len(batch) {
		for i := range batch {
			batch[i] = sent + i
		}
		_, err := source.SendBatch(deadline(t), batch)
		must(t, err)
	}
	must(t, app.Drain(deadline(t)))
	pprof.StopCPUProfile()
	return readProfile(t, buffer.Bytes())
}

// A profile names the user's functions below the loop of a worker, and has the time that the engine takes itself as
// that of the call into it.
func TestAProfileShowsUserCodeAndTheEngine(t *testing.T) {
	const loop, call = "partita.(*worker).serve", "_Cfunc_partita_go_serve"
	for messages := 1_000_000; ; messages *= 2 {
		profile := profiled(t, messages)
		user, engine := profile.count("partita_test.spin", loop), 0
		for _, stack := range profile.samples {
			// The innermost of Go's functions is the call.
			if len(stack) > 1 && stack[0] == "runtime.cgocall" && strings.HasSuffix(stack[1], call) {
				engine++
			}
		}
		if user > 0 && engine > 0 {
			t.Logf("%d stacks of %d messages: %d in user code, %d in the engine", len(profile.samples), messages, user, engine)
			return
		}
		if messages > 50_000_000 {
			t.Fatalf("%d stacks: %d in user code, %d in the engine:\n%q", len(profile.samples), user, engine, profile.samples)
		}
	}
}
