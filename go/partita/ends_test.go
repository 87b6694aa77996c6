package partita_test

import (
	"fmt"
	"os"
	"runtime/debug"
	"strings"
	"testing"

	"github.com/partita-stream/partita/go/partita"
)

// Programs that Go ends in the middle of a callback: as it would without an engine, and at once.

var places = []string{"sender", "Build", "Compute", "Compute that blocks", "sink", "dead letters"}

// exitCode is that of programs that call os.Exit.
const exitCode = 7

// deep overflows the stack of its goroutine, from a number of 0 on.
func deep(n int) int {
	if n < 0 {
		return n
	}
	return deep(n+1) + n
}

func init() {
	for _, place := range places {
		for what, end := range map[string]func(){
			"exit in": func() { os.Exit(exitCode) },
			"overflow in": func() {
				debug.SetMaxStack(1 << 20)
				os.Exit(deep(0))
			},
			"panic beside": func() {
				go panic(errBoom)
				select {}
			},
		} {
			children[what+" "+place] = func() { crowd(place, end) }
		}
	}
	children["main returns"] = func() {
		returned := make(chan bool)
		go crowd("Compute", func() {
			returned <- true
			select {}
		})
		<-returned
	}
}

func TestExitInACallbackEndsTheProgram(t *testing.T) {
	for _, place := range places {
		t.Run(place, func(t *testing.T) {
			t.Parallel()
			if ran := runChild(t, "exit in "+place); ran.code != exitCode || ran.stdout+ran.stderr != "" {
				t.Errorf("%+v, expected code %d and nothing printed", ran, exitCode)
			}
		})
	}
}

func TestWhatIsFatalInGoEndsTheProgramAsGoDoes(t *testing.T) {
	for what, text := range map[string]string{"overflow in": "stack overflow", "panic beside": "panic: boom"} {
		for _, place := range places {
			t.Run(fmt.Sprint(what, " ", place), func(t *testing.T) {
				t.Parallel()
				ran := runChild(t, what+" "+place)
				if ran.code != 2 || ran.stdout != "" || !strings.Contains(ran.stderr, text) || !strings.Contains(ran.stderr, "ends_test.go") {
					t.Errorf("%+v, expected code 2 and %q", ran, text)
				}
			})
		}
	}
}

func TestAProgramThatReturnsFromMainEndsWhateverItsApplicationDoes(t *testing.T) {
	if ran := runChild(t, "main returns"); ran.code != 0 || ran.stdout+ran.stderr != "" {
		t.Errorf("%+v, expected code 0 and nothing printed", ran)
	}
}

func TestFatalInAComputationFailsTheTestAndTheApplicationGoesOn(t *testing.T) {
	const variable = "PARTITA_FATAL"
	if os.Getenv(variable) == "" {
		ran := runAgain(t, variable+"=1", "-test.run=^"+t.Name()+"$", "-test.v")
		text := ran.stdout + ran.stderr
		if ran.code != 1 || !strings.Contains(text, "it is one") || !strings.Contains(text, "2 computed, 1 dead") {
			t.Errorf("%+v, expected a test that has failed, and an application that went on", ran)
		}
		return
	}
	source := partita.NewSource()
	app := partita.NewApplication("fatal", partita.Workers(1))
	app.NewPipeline("p", source).ToStatePartition(compute(func(data, _ interface{}) (interface{}, bool) {
		if data.(event).n == 1 {
			t.Fatal("it is one")
		}
		return nil, true
	}), counters, "s", byKey, nil, partita.Skip()).Done()
	must(t, app.Start())
	send(t, source, events(0, 3, 1)...)
	must(t, app.Drain(deadline(t)))
	metrics := app.Metrics()
	t.Logf("%d computed, %d dead", metrics.Computed, metrics.Dead[partita.DeadCompute])
	must(t, app.Close(deadline(t)))
}
