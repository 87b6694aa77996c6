package figures

import (
	"flag"
	"path/filepath"
	"reflect"
	"slices"
	"testing"
)

func values(system string, values ...float64) (all []Value) {
	for _, value := range values {
		all = append(all, Value{Bench: "idle", System: system, Measure: "p50", Unit: "us", Value: value})
	}
	return all
}

func TestFiguresAreMediansAndTheirRatios(t *testing.T) {
	all := Summarize(append(values("channels", 4, 9, 5), values("partita", 30, 10, 20)...))
	want := Figure{
		Bench: "idle", System: "partita", Measure: "p50", Unit: "us", Rounds: []float64{30, 10, 20},
		Median: 20, Min: 10, Max: 30, Ratios: map[string]float64{"channels": 4},
	}
	if len(all) != 2 || !reflect.DeepEqual(all[1], want) {
		t.Errorf("the figures are %+v", all)
	}
}

func TestThereIsNoRatioToNothing(t *testing.T) {
	all := Summarize(append(values("channels", 0), values("partita", 1)...))
	if len(all[1].Ratios) != 0 {
		t.Errorf("the figures are %+v", all)
	}
}

func TestWhatIsWrittenIsRead(t *testing.T) {
	options := Define(flag.NewFlagSet("", flag.PanicOnError), 7)
	options.Out, options.Try = filepath.Join(t.TempDir(), "latency.json"), true
	all := Summarize(values("partita", 1, 2))
	if err := options.Tell(all); err != nil {
		t.Fatal(err)
	}
	file, err := Read(options.Out)
	if err != nil || !reflect.DeepEqual(file.Figures, all) || !file.Trial || file.Rounds != 7 || file.Source == "" {
		t.Errorf("read %+v, %v", file, err)
	}
	if err := options.WriteResults([]Result{{Bench: "base", System: "partita", NsPerMessage: 20}}); err != nil {
		t.Fatal(err)
	}
	run, results, err := ReadResults(options.Out)
	if err != nil || len(results) != 1 || results[0].NsPerMessage != 20 || run.Command != file.Command {
		t.Errorf("read %+v, %+v, %v", run, results, err)
	}
}

func TestFilesWithoutFiguresAreRefused(t *testing.T) {
	options := Define(flag.NewFlagSet("", flag.PanicOnError), 7)
	options.Out = filepath.Join(t.TempDir(), "latency.json")
	if err := options.Tell(nil); err != nil {
		t.Fatal(err)
	}
	if file, err := Read(options.Out); err == nil {
		t.Errorf("read %+v", file)
	}
	if err := options.WriteResults([]Result{}); err != nil {
		t.Fatal(err)
	}
	if _, results, err := ReadResults(options.Out); err == nil {
		t.Errorf("read %+v", results)
	}
}

func TestEachRoundBeginsWithAnotherSystem(t *testing.T) {
	var order []int
	_ = InTurn(2, 3, func(_, system int) error {
		order = append(order, system)
		return nil
	})
	if !slices.Equal(order, []int{0, 1, 2, 1, 2, 0}) {
		t.Errorf("the order is %v", order)
	}
}

func TestWhatAProgramPrintsIsAsked(t *testing.T) {
	all, err := Ask("echo", `[{"bench":"idle","system":"partita-c","measure":"p50","unit":"us","value":2.5}]`)
	if err != nil || len(all) != 1 || all[0].Value != 2.5 || all[0].System != "partita-c" {
		t.Errorf("%v, %v", all, err)
	}
	for _, wrong := range []string{"", "[]", "2.5"} {
		if all, err := Ask("echo", wrong); err == nil {
			t.Errorf("%q is read as %v", wrong, all)
		}
	}
}
