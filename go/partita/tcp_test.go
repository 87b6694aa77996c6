package partita_test

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/partita-stream/partita/go/partita"
)

// patience is how long a test waits for what must come.
const patience = 30 * time.Second

// peer is where a sink connects to.
type peer struct{ net.Listener }

func newPeer(t *testing.T) peer {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	return peer{listener}
}

func (peer peer) address() string { return peer.Addr().String() }

// accept waits for the sink.
func (peer peer) accept(t *testing.T) *bufio.Reader {
	t.Helper()
	connection, err := peer.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { connection.Close() })
	if err := connection.SetDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	return bufio.NewReader(connection)
}

// dial is a client of a source.
func dial(t *testing.T, address string) *net.TCPConn {
	t.Helper()
	connection, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { connection.Close() })
	if err := connection.SetDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	return connection.(*net.TCPConn)
}

// readLines reads so many lines.
func readLines(t *testing.T, from *bufio.Reader, count int) []string {
	t.Helper()
	var lines []string
	for range count {
		line, err := from.ReadString('\n')
		if err != nil {
			t.Fatalf("after %d of %d lines: %v", len(lines), count, err)
		}
		lines = append(lines, strings.TrimSuffix(line, "\n"))
	}
	return lines
}

func write(t *testing.T, to io.Writer, text string) {
	t.Helper()
	if _, err := io.WriteString(to, text); err != nil {
		t.Fatal(err)
	}
}

// number decodes a line: "skip" is filtered, "panic" panics, "exit" ends the goroutine, and what is no
// number is an error.
func number(frame []byte) (int, bool, error) {
	switch string(frame) {
	case "skip":
		return 0, false, nil
	case "panic":
		panic("a bad frame")
	case "exit":
		runtime.Goexit()
	}
	n, err := strconv.Atoi(string(frame))
	return n, true, err
}

// line encodes a number: 13 fails, 14 panics, and 15 ends the goroutine.
func line(out []byte, n int) ([]byte, error) {
	switch n {
	case 13:
		return nil, errors.New("bad luck")
	case 14:
		panic("worse luck")
	case 15:
		runtime.Goexit()
	}
	return append(strconv.AppendInt(out, int64(n), 10), '\n'), nil
}

// digits are states by last digit: how many numbers there were.
var digits = partita.PartitionOf[int, int]{Name: "digits"}

// startTCP starts an application, and closes it at the end: then nothing must be left.
func startTCP(t *testing.T, app *partita.Application) {
	t.Helper()
	if err := app.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := app.Close(ctx); err != nil {
			t.Error(err)
		}
		if held := app.Metrics().ValuesHeld; held != 0 {
			t.Errorf("%d values are held", held)
		}
		if held := partita.SlotsHeld(app); held != 0 {
			t.Errorf("%d slots are held", held)
		}
	})
}

// until waits until something is so.
func until(t *testing.T, what string, is func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !is(); runtime.Gosched() {
		if time.Now().After(end) {
			t.Fatalf("not in time: %s", what)
		}
	}
}

func drainTCP(t *testing.T, app *partita.Application) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := app.Drain(ctx); err != nil {
		t.Fatal(err)
	}
}

// passOn is a pipeline with a step by the last digit that passes numbers on.
func passOn(app *partita.Application, source *partita.SourceOf[int], sink partita.SinkOf[int], options ...partita.StepOption) {
	count := func(_ int, n int, state *int, out *partita.Emitter[int]) (bool, error) {
		*state++
		out.Emit(n)
		return true, nil
	}
	byDigit := func(n int) int { return n % 10 }
	partita.ToStatePartition(partita.NewPipelineOf(app, "numbers", source), digits, byDigit, count).ToSink(sink, options...)
}

// numbers are the lines of some numbers.
func numbers(from, to int) string {
	var text []byte
	for n := from; n < to; n++ {
		text = append(strconv.AppendInt(text, int64(n), 10), '\n')
	}
	return string(text)
}

// ascending checks that the numbers of each client and digit ascend.
func ascending(t *testing.T, lines []string) {
	t.Helper()
	last := make(map[[2]int]int)
	for _, line := range lines {
		n, err := strconv.Atoi(line)
		if err != nil {
			t.Fatal(err)
		}
		key := [2]int{n / 1_000_000, n % 10}
		if before, known := last[key]; known && before >= n {
			t.Fatalf("%d comes behind %d", n, before)
		}
		last[key] = n
	}
}

func TestClientsOfATCPSourceKeepTheirOrderThroughToATCPSink(t *testing.T) {
	for _, workers := range []int{1, 2, 8} {
		t.Run(fmt.Sprint(workers, " workers"), func(t *testing.T) {
			peer := newPeer(t)
			app := partita.NewApplication("tcp", partita.Workers(workers))
			source := partita.NewTCPSourceOf("127.0.0.1:0", partita.Lines(), number, partita.Credits(500))
			sink := partita.NewTCPSinkOf("out", peer.address(), line)
			passOn(app, source, sink)
			startTCP(t, app)
			reader := peer.accept(t)
			const clients, each = 5, 20_000
			var group sync.WaitGroup
			for client := range clients {
				group.Add(1)
				go func() {
					defer group.Done()
					connection, err := net.Dial("tcp", source.Addr())
					if err != nil {
						t.Error(err)
						return
					}
					defer connection.Close()
					first := (client + 1) * 1_000_000
					if _, err := io.WriteString(connection, numbers(first, first+each)); err != nil {
						t.Error(err)
					}
				}()
			}
			ascending(t, readLines(t, reader, clients*each))
			group.Wait()
			drainTCP(t, app)
			if traffic := source.Traffic(); traffic.Frames != clients*each || traffic.Connected != clients {
				t.Errorf("source: %+v", traffic)
			}
			if traffic := sink.Traffic(); traffic.Connections != 1 || traffic.Bytes == 0 {
				t.Errorf("sink: %+v", traffic)
			}
		})
	}
}

func TestFramesThatAreFilteredOrFailAreCountedAndTheirConnectionGoesOn(t *testing.T) {
	peer := newPeer(t)
	var lock sync.Mutex
	var letters []partita.DeadLetter
	app := partita.NewApplication("tcp", partita.Workers(2), partita.DeadLetters(func(letter partita.DeadLetter) {
		lock.Lock()
		defer lock.Unlock()
		letters = append(letters, letter)
	}))
	source := partita.NewTCPSourceOf("127.0.0.1:0", partita.Lines(), number)
	passOn(app, source, partita.NewTCPSinkOf("out", peer.address(), line))
	startTCP(t, app)
	reader := peer.accept(t)
	client := dial(t, source.Addr())
	write(t, client, "20\nskip\nnonsense\n30\npanic\n40\nexit\n50\nexit\nexit\n60\nskip\n")
	for i, line := range readLines(t, reader, 5) {
		if want := strconv.Itoa(20 + 10*i); line != want {
			t.Errorf("got %s, expected %s", line, want)
		}
	}
	until(t, "frames are dead", func() bool {
		lock.Lock()
		defer lock.Unlock()
		return len(letters) == 5
	})
	drainTCP(t, app)
	frames := []string{"nonsense", "panic", "exit", "exit", "exit"}
	reasons := []string{"invalid syntax", "a bad frame", "Goexit", "Goexit", "Goexit"}
	for i, letter := range letters {
		if letter.Data != nil || letter.Frame != frames[i] || letter.Reason != partita.DeadDecode ||
			!strings.Contains(letter.Text, reasons[i]) || !strings.HasSuffix(letter.Path, "/ source") {
			t.Errorf("letter %d: %+v", i, letter)
		}
	}
	traffic, metrics := source.Traffic(), app.Metrics()
	if traffic.Frames != 12 || traffic.Filtered != 2 || metrics.Dead[partita.DeadDecode] != 5 || metrics.Sent != 5 {
		t.Errorf("%+v, %+v", traffic, metrics)
	}
}

func TestMessagesThatCannotBeEncodedFollowTheSinksOptions(t *testing.T) {
	peer := newPeer(t)
	app := partita.NewApplication("tcp", partita.Workers(2))
	source := partita.NewTCPSourceOf("127.0.0.1:0", partita.Lines(), number)
	passOn(app, source, partita.NewTCPSinkOf("out", peer.address(), line), partita.Skip())
	startTCP(t, app)
	reader := peer.accept(t)
	client := dial(t, source.Addr())
	write(t, client, numbers(0, 20))
	readLines(t, reader, 17)
	drainTCP(t, app)
	if metrics := app.Metrics(); metrics.Dead[partita.DeadSink] != 3 || metrics.Delivered != 17 {
		t.Errorf("%+v", metrics)
	}

	app = partita.NewApplication("tcp", partita.Workers(2))
	source = partita.NewTCPSourceOf("127.0.0.1:0", partita.Lines(), number)
	passOn(app, source, partita.NewTCPSinkOf("out", peer.address(), line))
	startTCP(t, app)
	write(t, dial(t, source.Addr()), "13\n")
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	err := app.Wait(ctx)
	if !errors.Is(err, partita.ErrFailed) || !strings.Contains(err.Error(), "bad luck") {
		t.Errorf("%v", err)
	}
}

// wallaroo is a decoder with frames of a header of two bytes, and an encoder, of the interface API.
type wallaroo struct{}

func (wallaroo) HeaderLength() uint64 { return 2 }

func (wallaroo) PayloadLength(header []byte) uint64 {
	switch header[0] {
	case 0xff:
		panic("no such header")
	case 0xfe:
		runtime.Goexit()
	}
	return uint64(binary.BigEndian.Uint16(header))
}

func (wallaroo) Decode(frame []byte) interface{} {
	if len(frame) == 0 {
		return nil
	}
	return frame
}

func (wallaroo) Encode(data interface{}) []byte { return append(data.([]byte), '\n') }

func TestFramedDecodersCutFramesInBatchesAndMayKeepThem(t *testing.T) {
	peer := newPeer(t)
	app := partita.NewApplication("tcp", partita.Workers(2))
	source := partita.NewFramedTCPSource("127.0.0.1:0", wallaroo{}, partita.MaxFrame(1000))
	app.NewPipeline("text", source).ToSink(partita.NewTCPSink("out", peer.address(), wallaroo{}))
	startTCP(t, app)
	reader := peer.accept(t)
	client := dial(t, source.Addr())
	var bytes []byte
	const count = 10_000
	for i := range count {
		text := fmt.Sprintf("%0*d", 5+i%50, i)
		bytes = binary.BigEndian.AppendUint16(bytes, uint16(len(text)))
		bytes = append(bytes, text...)
		bytes = append(bytes, 0, 0) // filtered
	}
	if _, err := client.Write(bytes); err != nil {
		t.Fatal(err)
	}
	for i, line := range readLines(t, reader, count) {
		if want := fmt.Sprintf("%0*d", 5+i%50, i); line != want {
			t.Fatalf("line %d: got %q, expected %q", i, line, want)
		}
	}
	// A header on which PayloadLength panics or ends its goroutine, and one that is too long, end their
	// connections.
	for _, header := range []string{"\xff\x00", "\xfe\x00", "\x7f\xff"} {
		client := dial(t, source.Addr())
		write(t, client, header)
		if _, err := client.Read(make([]byte, 1)); err == nil {
			t.Error("the connection goes on")
		}
	}
	drainTCP(t, app)
	if traffic := source.Traffic(); traffic.Cut != 3 || traffic.Filtered != count {
		t.Errorf("%+v", traffic)
	}
}

func TestAClientThatAsksIsToldHowManyOfItsFramesAreDone(t *testing.T) {
	app := partita.NewApplication("tcp", partita.Workers(2))
	source := partita.NewTCPSourceOf("127.0.0.1:0", partita.FixedSize(4), number, partita.AckRequest([]byte("ack?")))
	queue := partita.NewQueueSinkOf[int]("out", 10)
	passOn(app, source, queue)
	startTCP(t, app)
	client := dial(t, source.Addr())
	write(t, client, "ack?000100020003")
	var told [8]byte
	for taken := 0; binary.BigEndian.Uint64(told[:]) < 3; {
		for taken < 3 && source.Traffic().Frames > 0 {
			batch := make([]int, 3)
			n, err := queue.Poll(context.Background(), batch)
			if err != nil {
				t.Fatal(err)
			}
			taken += n
		}
		if taken < 3 {
			runtime.Gosched()
			continue
		}
		if _, err := io.ReadFull(client, told[:]); err != nil {
			t.Fatal(err)
		}
	}
	if metrics := app.Metrics(); metrics.Delivered != 3 {
		t.Errorf("%+v", metrics)
	}
}

// logged collects what is logged.
type logged struct {
	slog.Handler
	lines chan string
}

func (logged logged) Enabled(context.Context, slog.Level) bool { return true }

func (logged logged) Handle(_ context.Context, record slog.Record) error {
	line := record.Level.String() + " " + record.Message
	record.Attrs(func(attribute slog.Attr) bool {
		line += " " + attribute.String()
		return true
	})
	logged.lines <- line
	// What it does to its goroutine is its own affair.
	runtime.Goexit()
	return nil
}

func (logged logged) WithAttrs([]slog.Attr) slog.Handler { return logged }

func TestWhatHappensAtSocketsIsLogged(t *testing.T) {
	peer := newPeer(t)
	logged := logged{lines: make(chan string, 100)}
	app := partita.NewApplication("tcp", partita.Workers(1), partita.Logger(slog.New(logged)))
	source := partita.NewTCPSourceOf("127.0.0.1:0", partita.Lines(), number, partita.MaxFrame(3))
	passOn(app, source, partita.NewTCPSinkOf("out", peer.address(), line))
	startTCP(t, app)
	peer.accept(t)
	expect := func(want string) {
		t.Helper()
		select {
		case line := <-logged.lines:
			if !strings.Contains(line, want) {
				t.Errorf("got %q, expected %q", line, want)
			}
		case <-time.After(patience):
			t.Fatalf("not logged: %q", want)
		}
	}
	expect("INFO connected to " + peer.address())
	client := dial(t, source.Addr())
	write(t, client, "12345")
	expect("WARN closed the connection of " + client.LocalAddr().String() + ": a line of more than 3 bytes")
}

func TestATCPSourceIsASourceThatOneCanSendInto(t *testing.T) {
	peer := newPeer(t)
	app := partita.NewApplication("tcp", partita.Workers(2))
	source := partita.NewTCPSourceOf("127.0.0.1:0", partita.Lines(), number)
	passOn(app, source, partita.NewTCPSinkOf("out", peer.address(), line))
	startTCP(t, app)
	reader := peer.accept(t)
	if err := source.Send(context.Background(), 7); err != nil {
		t.Fatal(err)
	}
	if got := readLines(t, reader, 1); got[0] != "7" {
		t.Errorf("got %q", got)
	}
}

func TestAnAddressThatCannotBeUsedIsToldAndTheApplicationStartsLater(t *testing.T) {
	taken := newPeer(t)
	app := partita.NewApplication("tcp", partita.Workers(1))
	source := partita.NewTCPSourceOf(taken.address(), partita.Lines(), number)
	passOn(app, source, partita.NewQueueSinkOf[int]("out", 0))
	err := app.Start()
	if !errors.Is(err, partita.ErrAddress) || !strings.Contains(err.Error(), taken.address()) ||
		!strings.Contains(err.Error(), `application "tcp" / pipeline "numbers" / source`) {
		t.Errorf("%v", err)
	}
	if source.Addr() != "" || source.Traffic() != (partita.Traffic{}) {
		t.Error("it listens")
	}
	taken.Close()
	startTCP(t, app)
	if source.Addr() != taken.address() {
		t.Errorf("it listens on %q", source.Addr())
	}
}

func TestMistakesOfTCPSourcesAndSinksAreToldAllAtOnce(t *testing.T) {
	app := partita.NewApplication("tcp")
	source := partita.NewTCPSourceOf[int]("here", partita.Framing{}, nil, partita.MaxFrame(0),
		partita.MaxConnections(-1), partita.MaxBuffered(0), partita.IdleTimeout(0), partita.AckRequest(nil))
	sink := partita.NewTCPSinkOf[int]("out", "there", nil, partita.Reconnect(2, 1), partita.FlushTimeout(0),
		partita.MaxUnsent(0), partita.MaxQueued(0), nil)
	partita.NewPipelineOf(app, "numbers", source).ToSink(sink, partita.Retry(1, 0))
	plain := partita.NewSourceOf[int](partita.MaxFrame(1))
	partita.NewPipelineOf(app, "plain", plain).Done()
	err := app.Check()
	if !errors.Is(err, partita.ErrInvalidTopology) {
		t.Fatalf("%v", err)
	}
	for _, want := range []string{
		"its decoder is nil", "the zero Framing", "MaxFrame: expected 1 or more, got 0",
		"MaxConnections: expected 1 or more, got -1", "MaxBuffered: expected 1 or more", "IdleTimeout: expected",
		"AckRequest: it is empty", `the address is "here": expected host:port`,
		"its encoder is nil", "Reconnect: expected", "FlushTimeout: expected", "MaxUnsent: expected",
		"MaxQueued: expected", "an option is nil", "expected no retries", `the address is "there"`,
		"MaxFrame is set: expected it for a source that listens only",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("not told: %s", want)
		}
	}
	if t.Failed() {
		t.Log(err)
	}
}

func TestATCPSinkWaitsForItsPeer(t *testing.T) {
	// A port that is taken, and that nobody listens on for the moment.
	socket, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	file := os.NewFile(uintptr(socket), "socket")
	defer file.Close()
	if err := syscall.Bind(socket, &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		t.Fatal(err)
	}
	bound, err := syscall.Getsockname(socket)
	if err != nil {
		t.Fatal(err)
	}
	address := fmt.Sprint("127.0.0.1:", bound.(*syscall.SockaddrInet4).Port)
	app := partita.NewApplication("tcp", partita.Workers(2))
	source := partita.NewTCPSourceOf("127.0.0.1:0", partita.Lines(), number)
	sink := partita.NewTCPSinkOf("out", address, line, partita.Reconnect(time.Millisecond, 10*time.Millisecond))
	passOn(app, source, sink)
	startTCP(t, app)
	write(t, dial(t, source.Addr()), numbers(100, 2_000))
	until(t, "frames come", func() bool { return source.Traffic().Frames == 1_900 })
	if err := syscall.Listen(socket, 1); err != nil {
		t.Fatal(err)
	}
	listener, err := net.FileListener(file)
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	ascending(t, readLines(t, peer{listener}.accept(t), 1_900))
}

func TestClosingAtAnyMomentLeavesNothing(t *testing.T) {
	for round := range 30 {
		peer := newPeer(t)
		app := partita.NewApplication("tcp", partita.Workers(1+round%3))
		source := partita.NewTCPSourceOf("127.0.0.1:0", partita.Lines(), number, partita.Credits(1+round*7))
		sink := partita.NewTCPSinkOf("out", peer.address(), line, partita.FlushTimeout(time.Duration(1+round)*time.Millisecond),
			partita.MaxQueued(1+round), partita.MaxUnsent(100))
		passOn(app, source, sink, partita.Skip())
		if err := app.Start(); err != nil {
			t.Fatal(err)
		}
		var writers sync.WaitGroup
		for range 3 {
			connection, err := net.Dial("tcp", source.Addr())
			if err != nil {
				t.Fatal(err)
			}
			writers.Add(1)
			go func() {
				defer writers.Done()
				defer connection.Close()
				// It ends when the connection is closed.
				_, _ = io.WriteString(connection, numbers(0, 100_000))
			}()
		}
		if round%2 == 0 {
			reader := peer.accept(t)
			readLines(t, reader, 1+round*20)
		}
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		if err := app.Close(ctx); err != nil {
			t.Fatal(err)
		}
		cancel()
		writers.Wait()
		if held := partita.SlotsHeld(app); held != 0 {
			t.Errorf("round %d: %d slots are held", round, held)
		}
		metrics, traffic := app.Metrics(), source.Traffic()
		if metrics.ValuesHeld != 0 || traffic.Connections != 0 ||
			traffic.Frames != metrics.Stages[0].Completed+traffic.Filtered+metrics.Dead[partita.DeadDecode] {
			t.Errorf("round %d: %+v, %+v", round, metrics, traffic)
		}
	}
}

func TestNothingIsAllocatedForEachMessageOverTCP(t *testing.T) {
	if instrumented {
		return // it allocates by itself
	}
	peer := newPeer(t)
	app := partita.NewApplication("tcp", partita.Workers(2))
	source := partita.NewTCPSourceOf("127.0.0.1:0", partita.FixedSize(8), func(frame []byte) (int, bool, error) {
		return int(binary.BigEndian.Uint64(frame)), true, nil
	})
	var encoded atomic.Int64
	sink := partita.NewTCPSinkOf("out", peer.address(), func(out []byte, n int) ([]byte, error) {
		encoded.Add(1)
		return binary.BigEndian.AppendUint64(out, uint64(n)), nil
	})
	passOn(app, source, sink)
	startTCP(t, app)
	reader := peer.accept(t)
	go func() { _, _ = io.Copy(io.Discard, reader) }()
	client := dial(t, source.Addr())
	const count = 200_000
	bytes := make([]byte, 0, 8*count)
	for i := range count {
		bytes = binary.BigEndian.AppendUint64(bytes, uint64(i))
	}
	send := func() {
		want := encoded.Load() + count
		if _, err := client.Write(bytes); err != nil {
			t.Fatal(err)
		}
		until(t, "all come", func() bool { return encoded.Load() == want })
	}
	send()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	send()
	runtime.ReadMemStats(&after)
	if each := float64(after.Mallocs-before.Mallocs) / count; each > 0.02 {
		t.Errorf("%.4f allocations a message", each)
	}
}
