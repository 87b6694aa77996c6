package partita_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"github.com/partita-stream/partita/go/partita"
)

// children are programs that tests run in processes of their own, by name.
var children = map[string]func(){}

// childName is the variable with the name of the program that a process is to be.
const childName = "PARTITA_CHILD"

func TestMain(m *testing.M) {
	if child := children[os.Getenv(childName)]; child != nil {
		child()
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// ran is what came of a process.
type ran struct {
	code           int
	stdout, stderr string
}

// runChild runs a program, and waits for its end, but not for ever.
func runChild(t *testing.T, name string) ran {
	t.Helper()
	if children[name] == nil {
		t.Fatalf("there is no program %q", name)
	}
	return runAgain(t, childName+"="+name)
}

// runAgain runs this program again, with a variable and arguments.
func runAgain(t *testing.T, variable string, arguments ...string) ran {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	command := exec.CommandContext(ctx, os.Args[0], arguments...)
	command.Env = append(os.Environ(), variable)
	var stdout, stderr bytes.Buffer
	command.Stdout, command.Stderr = &stdout, &stderr
	err := command.Run()
	var exit *exec.ExitError
	if ctx.Err() != nil || err != nil && !errors.As(err, &exit) {
		t.Fatalf("%s: %v, %v\n%s\n%s", variable, err, ctx.Err(), &stdout, &stderr)
	}
	return ran{command.ProcessState.ExitCode(), stdout.String(), stderr.String()}
}

// orDie ends the process if there is an error.
func orDie(err error) {
	if err != nil {
		println("unexpected:", err.Error())
		os.Exit(99)
	}
}

// crowd runs an application around which goroutines wait in every way: for room, for outputs, for its end. When
// its code comes to a place, another goroutine closes it, and when that waits for the code, end is called.
func crowd(place string, end func()) {
	source, probe := partita.NewSourceOf[event](partita.Credits(10)), partita.NewSourceOf[int]()
	forever := context.Background()
	var app *partita.Application
	var came atomic.Bool
	at := func(here string) {
		if here != place || came.Swap(true) {
			return
		}
		closing := make(chan struct{})
		go func() { _ = app.Close(forever) }()
		go func() {
			for !errors.Is(probe.TrySend(0), partita.ErrClosed) {
				runtime.Gosched()
			}
			close(closing)
		}()
		<-closing
		end()
	}
	queue, unread := partita.NewQueueSinkOf[event]("queue", 1), partita.NewQueueSinkOf[event]("unread", 100)
	app = partita.NewApplication("crowd", partita.Workers(2), partita.DeadLetters(func(partita.DeadLetter) { at("dead letters") }))
	tcp := partita.NewTCPSourceOf("127.0.0.1:0", partita.Lines(), number)
	passOn(app, tcp, partita.NewQueueSinkOf[int]("numbers", 0))
	partita.NewPipelineOf(app, "probe", probe).Done()
	stream := partita.To(partita.NewPipelineOf(app, "p", source), func(in event) (event, bool, error) { at("sender"); return in, true, nil })
	stream = partita.ToStatePartition(stream,
		partita.PartitionOf[int, counter]{Name: "s", Build: func(int) counter { at("Build"); return counter{} }},
		func(in event) int { return in.key },
		func(_ int, in event, _ *counter, out *partita.Emitter[event]) (bool, error) {
			at("Compute")
			if in.n == 5 {
				return false, errBoom
			}
			out.Emit(in)
			return true, nil
		}, partita.Skip())
	partita.ToStateful(stream, partita.StateOf[counter]{Name: "blocking"},
		func(in event, _ *counter, out *partita.Emitter[event]) (bool, error) {
			at("Compute that blocks")
			out.Emit(in)
			return true, nil
		}, partita.Blocking(2), partita.WithName("blocking")).
		ToSinks(queue, unread, partita.NewSinkFuncOf("func", func([]event) error { at("sink"); return nil }))
	orDie(app.Start())
	go func() { _ = app.Drain(forever) }()
	go func() { _ = app.Wait(forever) }()
	go func() {
		for range queue.All(forever) {
		}
	}()
	go func() { _, _ = tcp.SendBatch(forever, make([]int, 100_000)) }()
	for sender := range 3 {
		go func() {
			for n := 0; source.Send(forever, event{n % 5, sender, n % 10}) == nil; n++ {
			}
		}()
	}
	select {}
}
