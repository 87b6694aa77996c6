package main

import (
	"bufio"
	"flag"
	"io"
	"net"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/partita-stream/partita/go/examples/internal/wire"
)

var tested = flag.String("program", "", "test this `PROGRAM`, which does the same, in place of this one")

// asProgram is set where the test is to be the program.
const asProgram = "ALPHABET_IS_A_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		main()
		return
	}
	flag.Parse()
	os.Exit(m.Run())
}

func TestTheProgramCountsVotesAndEndsWhenItIsInterrupted(t *testing.T) {
	random := wire.Random(t)
	peer, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer peer.Close()
	path := *tested
	if path == "" {
		path = os.Args[0]
	}
	command := exec.Command(path, "-in", "127.0.0.1:0", "-out", peer.Addr().String(), "-workers", "2")
	command.Env = append(os.Environ(), asProgram+"=1")
	stderr, err := command.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	late := time.AfterFunc(time.Minute, func() { _ = command.Process.Kill() })
	defer late.Stop()
	said := bufio.NewReader(stderr)
	out, err := peer.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	client, err := net.Dial("tcp", address(t, said))
	if err != nil {
		t.Fatal(err)
	}
	go func() { _, _ = io.Copy(io.Discard, said) }()
	const count = 20_000
	bytes, lines := ballot(random, count)
	if _, err := client.Write(bytes); err != nil {
		t.Fatal(err)
	}
	reader := bufio.NewReader(out)
	for range count {
		line, err := reader.ReadString('\n')
		if err != nil {
			t.Fatal(err)
		}
		check(t, strings.TrimSuffix(line, "\n"), lines)
	}
	if err := command.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	if rest, err := io.ReadAll(reader); err != nil || len(rest) > 0 {
		t.Errorf("more came out: %q, %v", rest, err)
	}
	if err := command.Wait(); err != nil {
		t.Errorf("it ended with %v", err)
	}
}

// address is where the program says that it listens.
func address(t *testing.T, said *bufio.Reader) string {
	t.Helper()
	for {
		line, err := said.ReadString('\n')
		if err != nil {
			t.Fatal(err)
		}
		if _, address, listens := strings.Cut(strings.TrimSpace(line), "listening on "); listens {
			return address
		}
	}
}
