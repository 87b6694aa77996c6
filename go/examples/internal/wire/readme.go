package wire

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
)

// Shown is what a README shows of a program between sockets.
type Shown struct {
	// Sent is what its commands send, one message each.
	Sent []ShownMessage
	// Out is the text that it says comes out.
	Out string
}

// ShownMessage is what one command sends.
type ShownMessage struct {
	Port  string
	Bytes []byte
}

var (
	shownCommands = regexp.MustCompile("(?s)```sh\n(.*?)```\n(?:.*?```text\n(.*?)```)?")
	shownClient   = regexp.MustCompile(`(?m)^(.*) \| nc -N 127\.0\.0\.1 (\d+)$`)
)

// Readme runs the commands of a README, but for nc, to which they give what it sends.
func Readme(t testing.TB, file string) Shown {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	block := shownCommands.FindStringSubmatch(string(text))
	if block == nil {
		t.Fatalf("%s has no block of commands", file)
	}
	shown := Shown{Out: block[2]}
	for _, line := range shownClient.FindAllStringSubmatch(block[1], -1) {
		bytes, err := exec.Command("sh", "-ec", line[1]).Output()
		if err != nil {
			t.Fatalf("%s: %v", line[1], err)
		}
		shown.Sent = append(shown.Sent, ShownMessage{Port: line[2], Bytes: bytes})
	}
	if len(shown.Sent) != strings.Count(block[1], "nc -N") || len(shown.Sent) == 0 {
		t.Fatalf("%s: %d commands send something", file, len(shown.Sent))
	}
	return shown
}

// SendShown sends what a README shows, each to the source of its port, and waits until it was computed.
func (running *Running) SendShown(shown Shown, ports ...string) {
	running.t.Helper()
	random := Random(running.t)
	ctx, cancel := context.WithTimeout(running.t.Context(), patience)
	defer cancel()
	for sent, message := range shown.Sent {
		source := 0
		for source < len(ports) && ports[source] != message.Port {
			source++
		}
		if source == len(ports) {
			running.t.Fatalf("nothing listens on port %s", message.Port)
		}
		running.Send(source, message.Bytes, random)
		for running.App.Metrics().Sent <= uint64(sent) {
			if err := errors.Join(ctx.Err(), running.App.Drain(ctx)); err != nil {
				running.t.Fatalf("%q is no message: %v", message.Bytes, err)
			}
		}
	}
}

// CheckReadme tells whether what a README shows comes out, of an application with one source.
func CheckReadme(t *testing.T, file string, running *Running) {
	t.Helper()
	shown := Readme(t, file)
	running.SendShown(shown, "7010")
	if out := running.Rest(); out != shown.Out || out == "" {
		t.Errorf("this came out:\n%s%s shows\n%s", out, file, shown.Out)
	}
}
