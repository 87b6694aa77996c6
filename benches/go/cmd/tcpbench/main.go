// Command tcpbench measures the examples alphabet and market_spread between sockets. Each runs in a process of
// its own; this one makes their input, and reads and checks their output. Beside them stands a process that
// only reads the same input, cuts it into frames, and throws them away.
package main

import (
	"bufio"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/partita-stream/partita/benches/go/figures"
)

type options struct {
	*figures.Options
	programs string
	messages int
	lasting  time.Duration
}

func main() {
	options := options{Options: figures.Define(flag.CommandLine, 7)}
	discards := flag.Bool("discard", false, "be the process that reads frames and throws them away")
	flag.StringVar(&options.programs, "programs", "target/examples", "find the examples in `FOLDER`")
	flag.IntVar(&options.messages, "n", 4_000_000, "send `N` messages in each round")
	flag.DurationVar(&options.lasting, "lasting", 3*time.Second, "how long latencies are measured in each round")
	quick := flag.Bool("quick", false, "be quick: 1,000,000 messages, 3 rounds of 1 second")
	flag.Parse()
	if *discards {
		discard()
		return
	}
	if *quick {
		options.messages, options.Rounds, options.lasting = 1_000_000, 3, time.Second
	}
	if options.Try {
		options.messages, options.lasting = 20_000, 20*time.Millisecond
	}
	err := options.Check()
	if err == nil {
		err = measure(options)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "tcpbench:", err)
		os.Exit(1)
	}
}

// The systems between sockets.
const (
	discarding = "frames read and discarded"
	alphabet   = "alphabet"
	spread     = "market_spread"
)

func measure(options options) error {
	values, err := rates(options)
	if err != nil {
		return err
	}
	all := figures.Summarize(values)
	late, err := latenciesAt(options, medianOf(all, spread)*1e6)
	if err != nil {
		return err
	}
	all = append(all, figures.Summarize(late)...)
	return options.Tell(all)
}

// rates measures how many messages a second go through.
func rates(options options) (values []figures.Value, err error) {
	votes, market := newVotes(options.messages), newMarket(options.messages)
	systems := []struct {
		name string
		run  func() (float64, error)
	}{
		{discarding, func() (float64, error) {
			rate, err := discardRate(votes.frames)
			return rate * float64(options.messages) / float64(len(votes.frames)), err
		}},
		{alphabet, func() (float64, error) { return votes.run(options.programs + "/" + alphabet) }},
		{spread, func() (float64, error) { return market.run(options.programs + "/" + spread) }},
	}
	err = figures.InTurn(options.Rounds, len(systems), func(_, i int) error {
		rate, err := systems[i].run()
		if err != nil {
			return fmt.Errorf("%s: %w", systems[i].name, err)
		}
		values = append(values, figures.Value{
			Bench: "as fast as it goes", System: systems[i].name, Measure: "messages a second", Unit: "millions", Value: rate / 1e6,
		})
		return nil
	})
	return values, err
}

func medianOf(all []figures.Figure, system string) float64 {
	return all[slices.IndexFunc(all, func(figure figures.Figure) bool { return figure.System == system })].Median
}

// latenciesAt measures latencies at half of what market_spread is to take, and a quarter and half of what it takes.
func latenciesAt(options options, highest float64) (values []figures.Value, err error) {
	rates := []struct {
		name string
		rate float64
	}{
		{"0.75 million a second", goal / 2}, {"a quarter of the highest rate", highest / 4}, {"half of the highest rate", highest / 2},
	}
	err = figures.InTurn(options.Rounds, len(rates), func(_, i int) error {
		late, err := latencies(options.programs+"/"+spread, rates[i].rate, options.lasting)
		if err != nil {
			return err
		}
		for _, measure := range late {
			measure.Bench, measure.System = rates[i].name, spread
			values = append(values, measure)
		}
		return nil
	})
	return values, err
}

// goal is how many messages a second market_spread is to take.
const goal = 1_500_000

// process is an example that runs.
type process struct {
	command   *exec.Cmd
	addresses []string
	// out is what it writes.
	out *net.TCPConn
}

// start starts a program, whose output comes here, and waits until it listens on so many addresses.
func start(path, in string, sources int) (*process, error) {
	peer, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	defer peer.Close()
	running := &process{command: exec.Command(path, "-in", in, "-out", peer.Addr().String())}
	said, err := running.command.StderrPipe()
	if err != nil {
		return nil, err
	}
	if err := running.command.Start(); err != nil {
		return nil, err
	}
	lines := bufio.NewReader(said)
	for len(running.addresses) < sources {
		line, err := lines.ReadString('\n')
		if err != nil {
			return nil, fmt.Errorf("%s does not listen: %w", path, err)
		}
		if _, address, listens := strings.Cut(strings.TrimSpace(line), "listening on "); listens {
			running.addresses = append(running.addresses, address)
		}
	}
	go func() { _, _ = io.Copy(os.Stderr, lines) }()
	out, err := peer.Accept()
	if err != nil {
		return nil, err
	}
	running.out = out.(*net.TCPConn)
	return running, nil
}

// stop lets the program end, and checks that it has written no more.
func (running *process) stop() error {
	defer running.out.Close()
	if err := running.command.Process.Signal(syscall.SIGINT); err != nil {
		return err
	}
	rest, err := io.ReadAll(running.out)
	if err == nil && len(rest) > 0 {
		err = fmt.Errorf("%d bytes more came out", len(rest))
	}
	if ended := running.command.Wait(); err == nil {
		err = ended
	}
	return err
}

// dial connects to one of its sources.
func (running *process) dial(source int) (net.Conn, error) {
	return net.Dial("tcp", running.addresses[source])
}
