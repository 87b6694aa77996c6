package main

import (
	"encoding/binary"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/partita-stream/partita/go/examples/internal/program"
	"github.com/partita-stream/partita/go/examples/internal/wire"
	"github.com/partita-stream/partita/go/partita"
)

func start(t *testing.T, workers int) *wire.Running {
	return wire.Start(t, workers, func(app *partita.Application, flags program.Flags) ([]program.Listener, error) {
		flags.In += "," + flags.In
		return declare(app, flags, generatedSymbols())
	})
}

// These are written from the table of fields, not with the program's own code.

func quoteFrame(bytes []byte, symbol string, bid, offer float64) []byte {
	payload := append([]byte{2}, symbol...)
	payload = append(payload, "20261125-12:34:56.789"...)
	payload = binary.BigEndian.AppendUint64(payload, math.Float64bits(bid))
	payload = binary.BigEndian.AppendUint64(payload, math.Float64bits(offer))
	bytes = wire.Frame(bytes, payload)
	return bytes
}

func orderFrame(bytes []byte, side byte, account uint32, id, symbol string, quantity, price float64) []byte {
	payload := binary.BigEndian.AppendUint32([]byte{1, side}, account)
	payload = append(append(payload, id...), symbol...)
	payload = binary.BigEndian.AppendUint64(payload, math.Float64bits(quantity))
	payload = binary.BigEndian.AppendUint64(payload, math.Float64bits(price))
	return wire.Frame(bytes, append(payload, "20261125-12:34:56.789"...))
}

// resultFrame is what must come out, but for the time.
func resultFrame(side byte, account uint32, id, symbol string, numbers ...float64) string {
	frame := binary.BigEndian.AppendUint32(nil, 56)
	frame = binary.BigEndian.AppendUint16(frame, uint16(side))
	frame = binary.BigEndian.AppendUint32(frame, account)
	frame = append(append(frame, id...), symbol...)
	for _, number := range numbers {
		frame = binary.BigEndian.AppendUint64(frame, math.Float64bits(number))
	}
	return string(frame)
}

// names are symbols as they are written.
func names(symbols []symbol) []string {
	var names []string
	for _, symbol := range symbols {
		names = append(names, string(binary.BigEndian.AppendUint32(nil, uint32(symbol))))
	}
	return names
}

func TestFramesHaveTheLengthsOfTheirTable(t *testing.T) {
	if size := len(quoteFrame(nil, "AAA ", 1, 2)); size != 46 {
		t.Errorf("a quote has %d bytes, expected 46", size)
	}
	if size := len(orderFrame(nil, 1, 1, "order1", "AAA ", 1, 2)); size != 57 {
		t.Errorf("an order has %d bytes, expected 57", size)
	}
}

func TestOrdersOfASymbolThatIsRejectedGiveResultsInOrder(t *testing.T) {
	wire.EachWorkers(t, func(t *testing.T, workers int) {
		random := wire.Random(t)
		running := start(t, workers)
		symbols := names(generatedSymbols())
		// The last quote of each symbol decides; half of them are far apart.
		quotes := make(map[string][2]float64)
		var bytes []byte
		for range 20_000 {
			symbol := symbols[random.IntN(len(symbols))]
			bid := 10 + random.Float64()*100
			offer := bid + random.Float64()*0.1
			quotes[symbol] = [2]float64{bid, offer}
			bytes = quoteFrame(bytes, symbol, bid, offer)
		}
		running.Send(0, bytes, random)
		waitFor(t, running, 20_000)
		expected := make(map[string][]string)
		count := 0
		bytes = nil
		for range 20_000 {
			symbol := symbols[random.IntN(len(symbols))]
			side, account, id := byte(1+random.IntN(2)), random.Uint32(), randomID(random)
			quantity, price := random.Float64()*1000, random.Float64()*100
			bytes = orderFrame(bytes, side, account, id, symbol, quantity, price)
			if quote, known := quotes[symbol]; known && quote[1]-quote[0] >= 0.05 {
				result := resultFrame(side, account, id, symbol, quantity, price, quote[0], quote[1])
				expected[symbol] = append(expected[symbol], result)
				count++
			}
		}
		running.Send(1, bytes, random)
		frame := make([]byte, 60)
		for range count {
			if _, err := io.ReadFull(running.Out, frame); err != nil {
				t.Fatal(err)
			}
			symbol := string(frame[16:20])
			if len(expected[symbol]) == 0 || string(frame[:52]) != expected[symbol][0] {
				t.Fatalf("an unexpected result of %q: %x", symbol, frame)
			}
			if binary.BigEndian.Uint64(frame[52:]) == 0 {
				t.Fatal("a result has no time")
			}
			expected[symbol] = expected[symbol][1:]
		}
		if rest := running.Rest(); rest != "" {
			t.Errorf("more came out: %q", rest)
		}
	})
}

func randomID(random *rand.Rand) string {
	id := make([]byte, 6)
	for i := range id {
		id[i] = byte('0' + random.IntN(10))
	}
	return string(id)
}

// waitFor waits until so many messages were computed.
func waitFor(t *testing.T, running *wire.Running, count uint64) {
	t.Helper()
	for running.App.Metrics().Computed < count {
		if err := running.App.Drain(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
}

func TestAQuoteDecidesByMoneyAndByPart(t *testing.T) {
	for _, quote := range []struct {
		bid, offer float64
		reject     bool
	}{
		{100, 100.04, false}, {100, 100.06, true}, {0.5, 0.54, true}, {0.5, 0.52, false}, {0, 0, false}, {1, 0.5, false},
		{math.NaN(), 1, false}, {0, math.Inf(1), true},
	} {
		var market market
		if _, err := update(0, quoteOf(quote.bid, quote.offer), &market, nil); err != nil {
			t.Fatal(err)
		}
		if market.reject != quote.reject {
			t.Errorf("bid %v, offer %v: reject is %v", quote.bid, quote.offer, market.reject)
		}
	}
}

func quoteOf(bid, offer float64) quote { return quote{bid: bid, offer: offer} }

func TestWrongFramesAndUnknownSymbolsAreDeadLettersAndTheConnectionGoesOn(t *testing.T) {
	random := wire.Random(t)
	running := start(t, 2)
	bytes := wire.Frame(nil, []byte("short"))
	bytes = orderFrame(bytes, 1, 1, "order1", "AAA ", 1, 2) // an order among quotes
	bytes = quoteFrame(bytes, "ZZZZ", 1, 2)
	bytes = quoteFrame(bytes, "AAA\x00", 1, 2) // padded otherwise
	running.Send(0, bytes, random)
	waitFor(t, running, 1)
	running.Send(1, orderFrame(nil, 2, 7, "order2", "AAA ", 3, 4), random)
	frame := make([]byte, 60)
	if _, err := io.ReadFull(running.Out, frame); err != nil {
		t.Fatal(err)
	}
	if want := resultFrame(2, 7, "order2", "AAA ", 3, 4, 1, 2); string(frame[:52]) != want {
		t.Errorf("%x came out", frame)
	}
	reasons := make(map[partita.DeadReason]int)
	for _, letter := range running.Dead(3) {
		reasons[letter.Reason]++
	}
	if reasons[partita.DeadUnknownKey] != 1 || reasons[partita.DeadDecode] != 2 {
		t.Errorf("%v", reasons)
	}
}

func TestTheReadmeShowsWhatComesOut(t *testing.T) {
	running := start(t, 1)
	running.SendShown(wire.Readme(t, "README.md"), "7010", "7011")
	want := resultFrame(1, 7, "order1", "AAA ", 10, 10, 1, 2)
	if rest := running.Rest(); len(rest) != 60 || rest[:52] != want {
		t.Errorf("%x came out", rest)
	}
}

func TestSymbolsAreReadFromAFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "symbols")
	for text, want := range map[string]string{
		"IBM\n\nMSFT\r\nA": "", "IBM\nIBM": "is there twice", "GOOGL": "has 5 bytes", "\n": "has no symbol",
	} {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		symbols, err := readSymbols(file)
		switch {
		case want == "" && (err != nil || strings.Join(names(symbols), ",") != "IBM ,MSFT,A   "):
			t.Errorf("%q: %q, %v", text, symbols, err)
		case want != "" && (err == nil || !strings.Contains(err.Error(), want)):
			t.Errorf("%q: %v, expected %s", text, err, want)
		}
	}
	if symbols, err := readSymbols(""); err != nil || len(symbols) != 350 {
		t.Errorf("%d symbols, %v", len(symbols), err)
	}
}
