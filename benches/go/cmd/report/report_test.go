package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/partita-stream/partita/benches/go/figures"
)

func TestBoundsAreMetFromTheRightSide(t *testing.T) {
	more, less := goal{floor: 1, aim: 1.25}, goal{floor: 5, aim: 3, lower: true}
	for _, test := range []struct {
		goal   goal
		number float64
		want   int
	}{
		{more, 1.25, goalMet}, {more, 1.24, floorMet}, {more, 0.999, missed},
		{less, 3, goalMet}, {less, 3.1, floorMet}, {less, 5.1, missed},
		{goal{floor: nothing, aim: nothing, lower: true}, 0, goalMet},
	} {
		if got := test.goal.judge(test.number); got != test.want {
			t.Errorf("%v of %+v is %s", test.number, test.goal, verdicts[got])
		}
	}
}

func TestVerdictsTellWhichAPIDiffers(t *testing.T) {
	one := row{goal{floor: 1, aim: 2}, values{interfaces: &value{number: 3}, typed: &value{number: 2}}}
	if got := one.verdict(); got != "goal" {
		t.Errorf("the verdict is %q", got)
	}
	one.values[c] = &value{number: 0.5}
	if got := one.verdict(); got != "interfaces goal, typed goal, C missed" {
		t.Errorf("the verdict is %q", got)
	}
}

func TestTheWorstOfSeveralBenchesCounts(t *testing.T) {
	measured := &measured{results: []figures.Result{
		{Bench: "keys=1", System: "slices", NsPerMessage: 30}, {Bench: "keys=1", System: "partita", NsPerMessage: 20},
		{Bench: "keys=4", System: "slices", NsPerMessage: 30}, {Bench: "keys=4", System: "partita", NsPerMessage: 25},
	}}
	worst := measured.worst("partita", "slices", []string{"keys=1", "keys=4"})
	if worst.number != 1.2 || worst.at != "keys=4" || measured.complete() != nil {
		t.Errorf("the worst is %+v, %v", worst, measured.complete())
	}
}

func TestWhatIsMissingIsNamed(t *testing.T) {
	measured := &measured{}
	measured.rows()
	measured.plots()
	err := measured.complete()
	for _, part := range []string{`["bench.json" "base" "partita"]`, `["pause.json" "growing" "partita-c" "longest pause"]`} {
		if err == nil || !strings.Contains(err.Error(), part) {
			t.Errorf("%s is not named in %v", part, err)
		}
	}
}

func TestSectionsStandBetweenTheirMarks(t *testing.T) {
	name, goals := filepath.Join(t.TempDir(), "README.md"), section{"goals", "new\n"}
	write := func(text string) {
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write("before\n" + goals.begin() + "old\n" + goals.end() + "after\n")
	for range 2 {
		if err := replace(name, goals); err != nil {
			t.Fatal(err)
		}
	}
	if text, _ := os.ReadFile(name); string(text) != "before\n"+goals.begin()+"new\n"+goals.end()+"after\n" {
		t.Errorf("the file is %q", text)
	}
	write("before\n" + goals.begin() + "after\n")
	if replace(name, goals) == nil {
		t.Error("a file without the second mark was written")
	}
}

func TestFiguresAreThoseOfOneRun(t *testing.T) {
	sound := func() *measured {
		return &measured{
			compared: figures.Run{Source: "a", Rounds: 1},
			results:  []figures.Result{{RoundsNs: []int64{1}}},
			files: map[string]figures.File{"latency": {Run: figures.Run{Source: "a", Rounds: 1},
				Figures: []figures.Figure{{Rounds: []float64{1}}}}, "memory": {Run: figures.Run{Source: "a"}},
				"pause": {Run: figures.Run{Source: "a"}}, "callbench": {Run: figures.Run{Source: "a"}},
				"blockbench": {Run: figures.Run{Source: "a"}}, "tcpbench": {Run: figures.Run{Source: "a"}}},
		}
	}
	if err := sound().check(false); err != nil {
		t.Error(err)
	}
	latency := func(measured *measured, change func(file *figures.File)) {
		file := measured.files["latency"]
		change(&file)
		measured.files["latency"] = file
	}
	for what, spoil := range map[string]func(measured *measured){
		"another source":             func(m *measured) { latency(m, func(file *figures.File) { file.Source = "b" }) },
		"a trial":                    func(m *measured) { latency(m, func(file *figures.File) { file.Trial = true }) },
		"a round too few":            func(m *measured) { latency(m, func(file *figures.File) { file.Rounds = 2 }) },
		"a result of too few rounds": func(m *measured) { m.results[0].RoundsNs = nil },
	} {
		measured := sound()
		spoil(measured)
		if measured.check(false) == nil {
			t.Errorf("%s is not refused", what)
		}
	}
}

func TestTablesHaveARatioToEachPeer(t *testing.T) {
	all := figures.Summarize([]figures.Value{
		{Bench: "idle", System: "channels", Measure: "p50", Unit: "us", Value: 2},
		{Bench: "idle", System: "partita", Measure: "p50", Unit: "us", Value: 5},
	})
	if table := figuresTable(all); !strings.Contains(table, "of channels") || !strings.Contains(table, "| 5.00 | us | 2.50 |") {
		t.Errorf("the table is\n%s", table)
	}
}

func TestEverySystemOfAChartHasAColor(t *testing.T) {
	for _, chart := range new(measured).plots() {
		for _, line := range chart.lines {
			system, _, _ := strings.Cut(line.name, ",")
			if colors[system] == nil {
				t.Errorf("%s has no color", system)
			}
		}
	}
}
