// Command latency measures how long a message takes from when it is sent, or was due, to the callback of a
// sink, beside the same through Go channels: to a worker, and from it to whoever takes the outputs.
//
//   - idle: one message at a time, the next one when it has come out;
//   - at rates: messages are due at even times, each a tenth, half and four fifths of the rate at which the
//     slower of the two still keeps up one message at a time, and are sent then, or at once if that is past.
//     What waits to be sent counts, so nothing is omitted when a system falls behind.
//
// Hand-offs are what a message takes from one goroutine to another on another thread and back, halved.
//
//	go run ./cmd/latency -quick
package main

import (
	"flag"
	"fmt"
	"os"
	"runtime"
	"text/tabwriter"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// keys is how many keys there are.
const keys = 1_000

// message is on its way.
type message struct {
	number uint64
	due    time.Time
}

// system passes messages on: those it is given, in the order of each key, go through a computation with the
// state of their key to the function it was made with.
type system interface {
	send(message *message) error
	close() error
}

// maker makes a system. It calls out with each message that has come through, on one goroutine at a time.
type maker struct {
	name string
	make func(out func(*message)) (system, error)
}

func main() {
	quick := flag.Bool("quick", false, "short run")
	flag.Parse()
	lasts, idle := 10*time.Second, 20_000
	if *quick {
		lasts, idle = time.Second, 2_000
	}
	if err := run(lasts, idle); err != nil {
		fmt.Fprintln(os.Stderr, "latency:", err)
		os.Exit(1)
	}
}

func run(lasts time.Duration, idle int) error {
	fmt.Printf("\n%s, GOMAXPROCS %d; microseconds\n", runtime.Version(), runtime.GOMAXPROCS(0))
	table := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
	defer table.Flush()
	fmt.Fprintln(table, "\tsystem\tmessages a second\tp50\tp99\tp99.9\tlongest\t")
	handOff := measureHandOff(idle)
	line(table, "hand-off", "channels", 0, handOff)
	most := 1e12
	for _, maker := range makers {
		taken, err := measureIdle(maker, idle)
		if err != nil {
			return err
		}
		line(table, "idle", maker.name, 0, taken)
		rate, err := measureMost(maker, lasts/5)
		if err != nil {
			return err
		}
		most = min(most, rate)
	}
	for _, share := range []float64{0.1, 0.5, 0.8} {
		for _, maker := range makers {
			rate := share * most
			taken, err := measureRate(maker, rate, lasts)
			if err != nil {
				return err
			}
			line(table, fmt.Sprintf("%.0f %%", 100*share), maker.name, rate, taken)
		}
	}
	return nil
}

// line prints what was measured.
func line(table *tabwriter.Writer, what, system string, rate float64, taken *hdrhistogram.Histogram) {
	micros := func(nanoseconds int64) string { return fmt.Sprintf("%.1f", float64(nanoseconds)/1000) }
	shown := "-"
	if rate > 0 {
		shown = fmt.Sprintf("%.0f", rate)
	}
	fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t\n", what, system, shown, micros(taken.ValueAtQuantile(50)),
		micros(taken.ValueAtQuantile(99)), micros(taken.ValueAtQuantile(99.9)), micros(taken.Max()))
}
