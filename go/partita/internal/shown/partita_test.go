package shown

import (
	"context"
	"fmt"

	"github.com/partita-stream/partita/go/partita"
)

type Vote struct {
	Letter rune
	Count  int
}

type Total struct{ Votes int }

func addVotes(letter rune, vote Vote, total *Total, out *partita.Emitter[int]) (bool, error) {
	total.Votes += vote.Count
	out.Emit(total.Votes)
	return true, nil
}

func byLetter(vote Vote) rune { return vote.Letter }

func Example_typed() {
	show := func(batch []int) error {
		for _, total := range batch {
			fmt.Println(total)
		}
		return nil
	}
	totals := partita.PartitionOf[rune, Total]{Name: "totals"}
	votes := partita.NewSourceOf[Vote]()
	app := partita.NewApplication("alphabet")
	stream := partita.NewPipelineOf(app, "votes", votes)
	sums := partita.ToStatePartition(stream, totals, byLetter, addVotes)
	sums.ToSink(partita.NewSinkFuncOf("print", show))
	run(app, func(ctx context.Context) error {
		_, err := votes.SendBatch(ctx, []Vote{{'a', 2}, {'a', 3}})
		return err
	})
	// Output:
	// 2
	// 5
}

type AddVotes struct{}

func (AddVotes) Compute(data interface{}, state interface{}) (interface{}, bool) {
	total := state.(*Total)
	total.Votes += data.(*Vote).Count
	return total.Votes, true // the output, or nil for none; and whether the state changed
}

type ByLetter struct{}

func (ByLetter) Partition(data interface{}) uint64 { return uint64(data.(*Vote).Letter) }

func Example_interfaces() {
	show := func(batch []interface{}) error {
		for _, total := range batch {
			fmt.Println(total)
		}
		return nil
	}
	app := partita.NewApplication("alphabet")

	votes := partita.NewSource()
	app.NewPipeline("votes", votes).
		ToStatePartition(AddVotes{}, partita.Build(func() interface{} { return new(Total) }),
			"totals", ByLetter{}, nil).
		ToSink(partita.NewSinkFunc("print", show))
	run(app, func(ctx context.Context) error {
		_, err := votes.SendBatch(ctx, []interface{}{&Vote{'a', 2}, &Vote{'a', 3}})
		return err
	})
	// Output:
	// 2
	// 5
}

// run starts an application, sends, drains and closes.
func run(app *partita.Application, send func(context.Context) error) {
	ctx := context.Background()
	for _, do := range []func(context.Context) error{
		func(context.Context) error { return app.Start() }, send, app.Drain, app.Close,
	} {
		if err := do(ctx); err != nil {
			panic(err)
		}
	}
}
