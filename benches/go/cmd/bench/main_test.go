package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/partita-stream/partita/benches/go/byhand"
	"github.com/partita-stream/partita/benches/go/figures"
	"github.com/partita-stream/partita/benches/go/keyed"
)

// small is a bench that takes no time.
func small(systems ...keyed.System) bench {
	bench := base()
	bench.keys, bench.messages, bench.systems = 10, 1_000, systems
	return bench
}

func TestEveryBenchOfThePlanRuns(t *testing.T) {
	for _, bench := range plan() {
		all, err := measure(bench.tiny(), 1)
		if err != nil {
			t.Errorf("%s: %v", bench.name, err)
		}
		if len(all) != len(bench.systems) {
			t.Errorf("%s: %d series of %d systems", bench.name, len(all), len(bench.systems))
		}
	}
}

func TestNamesOfBenchesAreDifferent(t *testing.T) {
	seen := make(map[string]bool)
	for _, bench := range append(plan(), outsidePlan()...) {
		if seen[bench.name] {
			t.Errorf("two benches are named %s", bench.name)
		}
		seen[bench.name] = true
	}
}

func TestOptionsSelectBenches(t *testing.T) {
	benches := selected(options{Options: new(figures.Options), run: regexp.MustCompile("^keys=1$"), quick: true})
	if len(benches) != 1 || benches[0].messages != base().messages/quickest {
		t.Errorf("selected %v", benches)
	}
}

// forgetful loses the last message.
type forgetful struct{ byhand.Direct }

func (forgetful) Open(job *keyed.Job) (keyed.Runner, error) {
	runner, err := byhand.Direct{}.Open(job)
	return forgetfulRunner{runner}, err
}

type forgetfulRunner struct{ keyed.Runner }

func (runner forgetfulRunner) Feed(input *keyed.Input) error {
	messages := input.Messages[0]
	return runner.Runner.Feed(&keyed.Input{Messages: [][]*keyed.Message{messages[:len(messages)-1]}})
}

func TestASystemThatLosesAMessageFailsTheRun(t *testing.T) {
	_, err := measure(small(byhand.Direct{}, forgetful{}), 1)
	if err == nil || !strings.Contains(err.Error(), "outcome") {
		t.Errorf("the error is %v", err)
	}
}

func TestResultsAreMediansAndRatios(t *testing.T) {
	bench := small()
	results := summarize(bench, []series{
		{"channels", []sample{{elapsed: 4_000}, {elapsed: 9_000}, {elapsed: 5_000}}},
		{"fast", []sample{{elapsed: 2_000}, {elapsed: 1_000}, {elapsed: 3_000}}},
	})
	fast := results[1]
	if fast.NsPerMessage != 2 || *fast.Ratio != 2.5 || fast.Ratios["fast"] != 1 || !slices.Equal(fast.RoundsNs, []int64{2_000, 1_000, 3_000}) {
		t.Errorf("the result is %+v", fast)
	}
}

func TestTheFileIsAnArrayOfResults(t *testing.T) {
	name := filepath.Join(t.TempDir(), "bench.json")
	options := figures.Options{Out: name}
	if err := options.WriteResults(summarize(small(), []series{{"channels", []sample{{elapsed: 1_000}}}})); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	var results []map[string]any
	if err := json.Unmarshal(text, &results); err != nil || len(results) != 1 {
		t.Fatalf("%v in %s", err, text)
	}
	for _, field := range []string{"bench", "system", "ns_per_message", "messages", "rounds_ns", "ratio"} {
		if results[0][field] == nil {
			t.Errorf("%s is missing in %s", field, text)
		}
	}
}

func TestWhatAProgramPrintsIsRead(t *testing.T) {
	all, err := parseSeries([]byte("c-direct 10 20\npartita-c 30 40\n"), 2)
	if err != nil || len(all) != 2 || all[1].system != "partita-c" || all[1].rounds[1].elapsed != 40 {
		t.Errorf("%v, %v", all, err)
	}
	for _, wrong := range []string{"c-direct 10", "c-direct 10 x", "c-direct 10 0"} {
		if all, err := parseSeries([]byte(wrong), 2); err == nil {
			t.Errorf("%q is read as %v", wrong, all)
		}
	}
}
