package partita_test

import (
	"bufio"
	"context"
	"encoding/binary"
	"io"
	"log/slog"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/partita-stream/partita/go/partita"
)

// coder decodes and encodes numbers, with a header of two bytes if it is to cut frames. It ends in its way at
// one place, once, on the number 13.
type coder struct {
	way   way
	place string
	ended atomic.Bool
}

func (coder *coder) at(place string, n int) error {
	if place != coder.place || n != 13 || coder.ended.Swap(true) {
		return nil
	}
	return coder.way.end()
}

func (coder *coder) HeaderLength() uint64 { return 2 }

func (coder *coder) PayloadLength(header []byte) uint64 {
	n := int(binary.BigEndian.Uint16(header))
	_ = coder.at("header", n)
	return 2
}

func (coder *coder) Decode(frame []byte) interface{} {
	n, err := strconv.Atoi(string(frame))
	if err != nil {
		return nil
	}
	_ = coder.at("frame", n)
	return n
}

func (coder *coder) Encode(data interface{}) []byte {
	_ = coder.at("message", data.(int))
	return append(strconv.AppendInt(nil, int64(data.(int)), 10), '\n')
}

// trier is a coder of which decoding can fail.
type trier struct{ *coder }

func (trier trier) Decode(frame []byte) (interface{}, error) {
	n, err := strconv.Atoi(string(frame))
	if err != nil {
		return nil, err
	}
	return n, trier.at("frame", n)
}

func (coder *coder) decode(frame []byte) (int, bool, error) {
	n, err := strconv.Atoi(string(frame))
	if err != nil {
		return 0, false, err
	}
	return n, true, coder.at("frame", n)
}

func (coder *coder) encode(out []byte, n int) ([]byte, error) {
	return append(strconv.AppendInt(out, int64(n), 10), '\n'), coder.at("message", n)
}

// streamed is a pipeline between sockets, whose coder can end in a way.
type streamed struct {
	// returns says that what ends may return an error.
	returns bool
	place   string
	declare func(app *partita.Application, coder *coder, address string, options ...partita.StepOption) (addr func() string, send func(n int) error)
}

// text is what sends a number.
func (streamed streamed) text(n int) string {
	if streamed.place == "header" {
		return string(binary.BigEndian.AppendUint16(nil, uint16(n))) + strconv.Itoa(n)
	}
	return strconv.Itoa(n) + "\n"
}

// streams are all places where coders run.
var streams = map[string]streamed{
	"Decoder": {place: "frame", declare: func(app *partita.Application, coder *coder, address string, options ...partita.StepOption) (func() string, func(int) error) {
		source := partita.NewTCPSource("127.0.0.1:0", partita.Lines(), coder)
		app.NewPipeline("p", source).ToSink(partita.NewTCPSink("out", address, coder), options...)
		return source.Addr, nil
	}},
	"TryDecoder": {place: "frame", returns: true, declare: func(app *partita.Application, coder *coder, address string, options ...partita.StepOption) (func() string, func(int) error) {
		source := partita.NewTryTCPSource("127.0.0.1:0", partita.Lines(), trier{coder})
		app.NewPipeline("p", source).ToSink(partita.NewTCPSink("out", address, coder), options...)
		return source.Addr, nil
	}},
	"decoder of the typed API": {place: "frame", returns: true, declare: func(app *partita.Application, coder *coder, address string, options ...partita.StepOption) (func() string, func(int) error) {
		source := partita.NewTCPSourceOf("127.0.0.1:0", partita.Lines(), coder.decode)
		partita.NewPipelineOf(app, "p", source).ToSink(partita.NewTCPSinkOf("out", address, coder.encode), options...)
		return source.Addr, nil
	}},
	"PayloadLength of a FramedDecoder": {place: "header", declare: func(app *partita.Application, coder *coder, address string, options ...partita.StepOption) (func() string, func(int) error) {
		source := partita.NewFramedTCPSource("127.0.0.1:0", coder)
		app.NewPipeline("p", source).ToSink(partita.NewTCPSink("out", address, coder), options...)
		return source.Addr, nil
	}},
	"Encoder": {place: "message", declare: func(app *partita.Application, coder *coder, address string, options ...partita.StepOption) (func() string, func(int) error) {
		source := partita.NewSource()
		app.NewPipeline("p", source).ToSink(partita.NewTCPSink("out", address, coder), options...)
		return nil, func(n int) error { return source.Send(context.Background(), n) }
	}},
	"encoder of the typed API": {place: "message", returns: true, declare: func(app *partita.Application, coder *coder, address string, options ...partita.StepOption) (func() string, func(int) error) {
		source := partita.NewSourceOf[int]()
		partita.NewPipelineOf(app, "p", source).ToSink(partita.NewTCPSinkOf("out", address, coder.encode), options...)
		return nil, func(n int) error { return source.Send(context.Background(), n) }
	}},
}

// eachStream runs a test of each place with each way that its code can end in.
func eachStream(t *testing.T, test func(t *testing.T, streamed streamed, way way)) {
	for name, streamed := range streams {
		t.Run(name, func(t *testing.T) {
			for how, way := range ways {
				if !way.returns || streamed.returns {
					t.Run(how, func(t *testing.T) { test(t, streamed, way) })
				}
			}
		})
	}
}

func TestWhereverAndHoweverCodersEndAllElseGoesOn(t *testing.T) {
	eachStream(t, func(t *testing.T, streamed streamed, way way) {
		peer := newPeer(t)
		letters := make(chan partita.DeadLetter, 10)
		lines := make(chan string, 100)
		app := partita.NewApplication("tcp", partita.Workers(1),
			partita.DeadLetters(func(letter partita.DeadLetter) { letters <- letter }),
			partita.Logger(slog.New(logged{lines: lines})))
		addr, sendNumber := streamed.declare(app, &coder{way: way, place: streamed.place}, peer.address(), partita.Skip())
		startTCP(t, app)
		reader := peer.accept(t)
		var client net.Conn
		connect := func() {
			if addr != nil {
				client = dial(t, addr())
			}
		}
		feed := func(numbers ...int) {
			for _, n := range numbers {
				if sendNumber != nil {
					must(t, sendNumber(n))
				} else {
					write(t, client, streamed.text(n))
				}
			}
		}
		connect()
		feed(10, 11)
		expectLines(t, reader, "10", "11")
		feed(13)
		if streamed.place == "header" {
			// Where the next frame begins is not known: the client goes, and why is logged.
			if _, err := io.ReadAll(client); isError(err, context.DeadlineExceeded) {
				t.Errorf("the connection goes on: %v", err)
			}
			for line := range lines {
				if strings.Contains(line, "closed the connection") {
					if !strings.Contains(line, way.says) {
						t.Errorf("it was logged that %s, expected %q", line, way.says)
					}
					break
				}
			}
			connect()
		} else if letter := <-letters; !strings.Contains(letter.Text, way.says) {
			t.Errorf("the dead letter is %+v, expected %q in its text", letter, way.says)
		}
		feed(13, 14)
		expectLines(t, reader, "13", "14")
		drainTCP(t, app)
		if len(letters) != 0 {
			t.Errorf("one more is dead: %+v", <-letters)
		}
	})
}

func expectLines(t *testing.T, reader *bufio.Reader, want ...string) {
	t.Helper()
	if got := readLines(t, reader, len(want)); !slices.Equal(got, want) {
		t.Errorf("got %q, expected %q", got, want)
	}
}

func TestHoweverAnEncoderEndsTheApplicationFailsIfItIsTo(t *testing.T) {
	eachStream(t, func(t *testing.T, streamed streamed, way way) {
		if streamed.place != "message" {
			return
		}
		peer := newPeer(t)
		app := partita.NewApplication("tcp", partita.Workers(1))
		_, sendNumber := streamed.declare(app, &coder{way: way, place: streamed.place}, peer.address())
		startTCP(t, app)
		must(t, sendNumber(13))
		err := app.Wait(deadline(t))
		if !isError(err, partita.ErrFailed) {
			t.Errorf("wait: %v", err)
		}
		says(t, err, way.says, `sink "out"`)
	})
}
