package main

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"runtime"
	"runtime/debug"
	"slices"
	"time"

	"github.com/partita-stream/partita/benches/go/figures"
)

const (
	symbolCount = 350
	orderLen    = 57
	quoteLen    = 46
	resultLen   = 60
)

// market is the input of market_spread: as many quotes as orders. Every other symbol is rejected, by each of
// its quotes. An order's account is the number of the order.
type market struct {
	// first has a quote for each symbol.
	first, quotes, orders []byte
	// results are the accounts of the orders that are rejected, for each symbol in order.
	results [symbolCount][]uint32
	count   int
}

func symbolName(symbol int) string {
	return string([]byte{'A' + byte(symbol/676), 'A' + byte(symbol/26%26), 'A' + byte(symbol%26), ' '})
}

const someTime = "20261125-12:34:56.789"

func appendQuote(frames []byte, symbol int, bid float64) []byte {
	frames = append(frames, 0, 0, 0, quoteLen-4, 2)
	frames = append(append(frames, symbolName(symbol)...), someTime...)
	frames = binary.BigEndian.AppendUint64(frames, math.Float64bits(bid))
	return binary.BigEndian.AppendUint64(frames, math.Float64bits(bid+0.04+0.04*float64(symbol%2)))
}

func appendOrder(frames []byte, account uint32, symbol int) []byte {
	frames = binary.BigEndian.AppendUint32(append(frames, 0, 0, 0, orderLen-4, 1, 1), account)
	frames = append(append(frames, "order1"...), symbolName(symbol)...)
	frames = binary.BigEndian.AppendUint64(frames, math.Float64bits(10))
	frames = binary.BigEndian.AppendUint64(frames, math.Float64bits(20))
	return append(frames, someTime...)
}

func newMarket(count int) *market {
	random := rand.New(rand.NewPCG(2, 2))
	made := new(market)
	for symbol := range symbolCount {
		made.first = appendQuote(made.first, symbol, 50)
	}
	for account := range uint32(count / 2) {
		made.quotes = appendQuote(made.quotes, random.IntN(symbolCount), 50+random.Float64())
		symbol := random.IntN(symbolCount)
		made.orders = appendOrder(made.orders, account, symbol)
		if symbol%2 == 1 {
			made.results[symbol] = append(made.results[symbol], account)
			made.count++
		}
	}
	return made
}

// begin starts the program, and waits until each symbol has had a quote.
func (market *market) begin(path string) (running *process, send [2]io.WriteCloser, out *bufio.Reader, err error) {
	if running, err = start(path, "127.0.0.1:0,127.0.0.1:0", 2); err != nil {
		return
	}
	for source := range send {
		if send[source], err = running.dial(source); err != nil {
			return
		}
	}
	out = bufio.NewReaderSize(running.out, 1<<18)
	if _, err = send[0].Write(market.first); err != nil {
		return
	}
	// An order of the last symbol gives a result once its quote was taken.
	result := make([]byte, resultLen)
	for account := uint32(1 << 31); ; account++ {
		if _, err = send[1].Write(appendOrder(nil, account, symbolCount-1)); err != nil {
			return
		}
		if err = running.out.SetReadDeadline(time.Now().Add(10 * time.Millisecond)); err != nil {
			return
		}
		if _, err = io.ReadFull(out, result); err == nil {
			break
		}
	}
	err = running.out.SetReadDeadline(time.Time{})
	return
}

// run sends all through the program as fast as it goes, checks what comes out, and tells how many messages
// went through a second.
func (market *market) run(path string) (float64, error) {
	running, send, out, err := market.begin(path)
	if err != nil {
		return 0, err
	}
	sent := make(chan error, 2)
	began := time.Now()
	for source, frames := range [][]byte{market.quotes, market.orders} {
		go func() {
			_, err := send[source].Write(frames)
			sent <- err
		}()
	}
	if err := market.check(out, func(uint32) {}); err != nil {
		return 0, err
	}
	for range 2 {
		if err := <-sent; err != nil {
			return 0, err
		}
	}
	messages := len(market.quotes)/quoteLen + len(market.orders)/orderLen
	rate := float64(messages) / time.Since(began).Seconds()
	return rate, running.stop()
}

// check reads all results: those of each symbol must come in order.
func (market *market) check(out *bufio.Reader, came func(account uint32)) error {
	var next [symbolCount]int
	result := make([]byte, resultLen)
	for range market.count {
		for {
			if _, err := io.ReadFull(out, result); err != nil {
				return err
			}
			// What is left of the beginning.
			if binary.BigEndian.Uint32(result[6:]) < 1<<31 {
				break
			}
		}
		account := binary.BigEndian.Uint32(result[6:])
		symbol := int(result[16]-'A')*676 + int(result[17]-'A')*26 + int(result[18]-'A')
		if symbol >= symbolCount || next[symbol] == len(market.results[symbol]) ||
			market.results[symbol][next[symbol]] != account {
			return fmt.Errorf("a result of account %d and symbol %d came out of order", account, symbol)
		}
		next[symbol]++
		came(account)
	}
	return nil
}

// tick is how often a client sends what is due by then.
const tick = 100 * time.Microsecond

// latencies sends at a rate, whatever comes back, and tells how long after it was due each order's result
// came. What is sent is repeated as often as the time asks for.
func latencies(path string, rate float64, lasting time.Duration) ([]figures.Value, error) {
	paced := newMarket(int(rate * lasting.Seconds()))
	late := make([]time.Duration, 0, paced.count)
	// Nothing is collected here while it is measured: that would be taken for the program's.
	runtime.GC()
	defer debug.SetGCPercent(debug.SetGCPercent(-1))
	running, send, out, err := paced.begin(path)
	if err != nil {
		return nil, err
	}
	// Half of the messages are orders; the n-th is due n of these behind the beginning.
	each := time.Duration(2 * float64(time.Second) / rate)
	began := time.Now()
	sent := make(chan error, 2)
	for source, frames := range [][]byte{paced.quotes, paced.orders} {
		go func() { sent <- pace(send[source], frames, []int{quoteLen, orderLen}[source], began, each) }()
	}
	err = paced.check(out, func(account uint32) {
		late = append(late, time.Since(began)-time.Duration(account)*each)
	})
	if err != nil {
		return nil, err
	}
	for range 2 {
		if err := <-sent; err != nil {
			return nil, err
		}
	}
	slices.Sort(late)
	at := func(measure string, part float64) figures.Value {
		taken := late[min(len(late)-1, int(part*float64(len(late))))]
		return figures.Value{Measure: measure, Unit: "us", Value: float64(taken) / 1000}
	}
	return []figures.Value{at("p50", 0.5), at("p99", 0.99), at("p99.9", 0.999), at("longest", 1)}, running.stop()
}

// pace writes frames when they are due.
func pace(to io.Writer, frames []byte, size int, began time.Time, each time.Duration) error {
	for at := 0; at < len(frames); {
		due := int(time.Since(began)/each+1) * size
		if due = min(due, len(frames)); due > at {
			if _, err := to.Write(frames[at:due]); err != nil {
				return err
			}
			at = due
		}
		time.Sleep(tick)
	}
	return nil
}
