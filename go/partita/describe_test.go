package partita_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"testing"

	"github.com/partita-stream/partita/go/partita"
)

func ExampleApplication_Describe() {
	app := partita.NewApplication("alphabet", partita.Workers(2))
	app.NewPipeline("votes", partita.NewSource()).
		ToStatePartition(AddVotes{}, partita.Build(func() interface{} { return new(Total) }),
			"totals", ByLetter{}, []uint64{'a', 'b'}, partita.Skip()).
		ToSink(partita.NewSinkFunc("print", func([]interface{}) error { return nil }))
	text, err := app.Describe(partita.Text)
	if err != nil {
		panic(err)
	}
	fmt.Print(text)
	// Output:
	// application "alphabet": workers 2, key groups 4096
	//   partition "totals": keys words, 2 declared
	//   pipeline "votes"
	//     source: credits 16384
	//     step 1 "AddVotes": state computation on "totals", policy skip
	//     sink "print": callback, policy stop
}

func TestAPlanIsDescribedFromItsDeclarationToItsClose(t *testing.T) {
	app := partita.NewApplication("described", partita.Workers(1))
	pipeline := app.NewPipeline("p", partita.NewSource()).ToStatePartition(compute(count), counters, "s", byKey, nil)
	if _, err := app.Describe(partita.Text); !errors.Is(err, partita.ErrInvalidTopology) {
		t.Errorf("with a pipeline that is not ended: %v, expected ErrInvalidTopology", err)
	}
	pipeline.Done()
	if _, err := app.Describe(partita.Mermaid + 1); !errors.Is(err, partita.ErrInvalidArgument) {
		t.Errorf("an unknown form: %v, expected ErrInvalidArgument", err)
	}
	before := describe(t, app, partita.JSON)
	if err := app.Start(); err != nil {
		t.Fatal(err)
	}
	if after := describe(t, app, partita.JSON); after != before {
		t.Errorf("after the start: %s\nbefore it: %s", after, before)
	}
	var plan struct {
		Application string
		Pipelines   []struct {
			Steps []struct{ Kind, Partition, Keys, Policy string }
		}
	}
	if err := json.Unmarshal([]byte(before), &plan); err != nil {
		t.Fatal(err)
	}
	step := plan.Pipelines[0].Steps[0]
	if plan.Application != "described" || step.Partition != "s" || step.Keys != "words" || step.Policy != "stop" {
		t.Errorf("the plan is %+v", plan)
	}
	if err := app.Close(deadline(t)); err != nil {
		t.Fatal(err)
	}
	if _, err := app.Describe(partita.Text); !errors.Is(err, partita.ErrClosed) {
		t.Errorf("after Close: %v, expected ErrClosed", err)
	}
}

func TestAPlanThatNeverRanIsNotDescribedAfterClose(t *testing.T) {
	app := partita.NewApplication("described")
	app.NewPipeline("p", partita.NewSource()).Done()
	must(t, app.Close(deadline(t)))
	if _, err := app.Describe(partita.Text); !errors.Is(err, partita.ErrClosed) {
		t.Errorf("after Close: %v, expected ErrClosed", err)
	}
}

func describe(t *testing.T, app *partita.Application, form partita.Form) string {
	t.Helper()
	text, err := app.Describe(form)
	if err != nil {
		t.Fatal(err)
	}
	return text
}
