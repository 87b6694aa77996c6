package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/partita-stream/partita/benches/go/workload"
)

// small returns the options of a run that takes no time.
func small(t *testing.T, arguments ...string) options {
	t.Helper()
	options, err := parseOptions(append([]string{"-rounds", "2", "-messages", "3000", "-keys", "4,100"}, arguments...))
	if err != nil {
		t.Fatal(err)
	}
	return options
}

func TestARunWritesAResultForEverySystemAndBench(t *testing.T) {
	file := filepath.Join(t.TempDir(), "figures.json")
	if err := run(small(t, "-json", file)); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var results []result
	if err := json.Unmarshal(text, &results); err != nil {
		t.Fatal(err)
	}
	if want := 2 * len(systems); len(results) != want {
		t.Fatalf("%d results, want %d", len(results), want)
	}
	for _, r := range results {
		if r.NsPerMessage <= 0 || len(r.RoundsNs) != 2 || r.Messages != 3000 || r.Ratio == nil || r.RatioSlices == nil || r.RatioPointers == nil {
			t.Errorf("incomplete result: %+v", r)
		}
	}
}

func TestQuickLeavesGivenFiguresAlone(t *testing.T) {
	options := small(t, "-quick")
	if options.rounds != 2 || options.messages != 3000 {
		t.Errorf("rounds %d, messages %d, want 2, 3000", options.rounds, options.messages)
	}
}

// forgetful is a system that computes nothing.
type forgetful struct{}

func (forgetful) Name() string                        { return "forgetful" }
func (forgetful) Prepare(int) (workload.Round, error) { return forgetful{}, nil }
func (forgetful) Run(*workload.Input) error           { return nil }
func (forgetful) States(func(*workload.Stock))        {}
func (forgetful) Close() error                        { return nil }

func TestWrongFinalStatesFailTheRun(t *testing.T) {
	_, err := measure([]workload.System{forgetful{}}, 4, small(t))
	if err == nil || !strings.Contains(err.Error(), "forgetful: final states are wrong") {
		t.Errorf("error is %v", err)
	}
}

func TestRatiosCompareWithTheReferences(t *testing.T) {
	results := summarize(4, 1, []series{
		{system: "channels", elapsed: []time.Duration{60, 80, 70}, mallocs: []uint64{0, 0, 0}},
		{system: "other", elapsed: []time.Duration{30, 35, 90}, mallocs: []uint64{1, 2, 3}},
	})
	other := results[1]
	if other.NsPerMessage != 35 || *other.Ratio != 2 || other.RatioSlices != nil || other.AllocsPerMessage != 2 {
		t.Errorf("summary is %+v", other)
	}
}
