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
)

func main() {
	discards := flag.Bool("discard", false, "be the process that reads frames and throws them away")
	programs := flag.String("programs", "target/examples", "find the examples in `FOLDER`")
	messages := flag.Int("n", 4_000_000, "send `N` messages in each round")
	rounds := flag.Int("rounds", 5, "measure `N` rounds")
	seconds := flag.Int("seconds", 10, "measure latencies for `N` seconds")
	quick := flag.Bool("quick", false, "be quick: 1,000,000 messages, 3 rounds, 2 seconds")
	flag.Parse()
	if *discards {
		discard()
		return
	}
	if *quick {
		*messages, *rounds, *seconds = 1_000_000, 3, 2
	}
	if err := measure(*programs, *messages, *rounds, *seconds); err != nil {
		fmt.Fprintln(os.Stderr, "tcpbench:", err)
		os.Exit(1)
	}
}

func measure(programs string, messages, rounds, seconds int) error {
	votes := newVotes(messages)
	market := newMarket(messages)
	var alone, counted, spread []float64
	for round := range rounds {
		rate, err := discardRate(votes.frames)
		if err != nil {
			return err
		}
		alone = append(alone, rate*float64(messages)/float64(len(votes.frames)))
		if rate, err = votes.run(programs + "/alphabet"); err != nil {
			return fmt.Errorf("alphabet: %w", err)
		}
		counted = append(counted, rate)
		if rate, err = market.run(programs + "/market_spread"); err != nil {
			return fmt.Errorf("market_spread: %w", err)
		}
		spread = append(spread, rate)
		fmt.Printf("round %d: discarding %s, alphabet %s, market_spread %s messages a second\n", round+1,
			millions(alone[round]), millions(counted[round]), millions(spread[round]))
	}
	fmt.Printf("\nmedians of %d rounds of %d messages, in millions a second:\n", rounds, messages)
	fmt.Printf("    frames of votes read and discarded  %s\n", millions(median(alone)))
	fmt.Printf("    alphabet                            %s   %.2f of that (the aim is 2.00)\n", millions(median(counted)),
		median(counted)/median(alone))
	fmt.Printf("    market_spread                       %s   %.2f of that (the aim is 1.50)\n", millions(median(spread)),
		median(spread)/median(alone))
	fmt.Printf("\nmarket_spread, open loop for %d s at a rate: from when an order is due to its result here\n", seconds)
	fmt.Printf("    millions a second   p50        p99      p99.9    longest (the aim is a p99 of 2ms)\n")
	highest := median(spread)
	for _, rate := range []float64{goal / 2, highest / 4, highest / 2} {
		if err := latencies(programs+"/market_spread", rate, time.Duration(seconds)*time.Second); err != nil {
			return err
		}
	}
	return nil
}

// goal is how many messages a second market_spread is to take.
const goal = 1_500_000

func millions(rate float64) string { return fmt.Sprintf("%6.2f", rate/1e6) }

func median(list []float64) float64 {
	sorted := slices.Sorted(slices.Values(list))
	return sorted[len(sorted)/2]
}

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
