package partita_test

import (
	"context"
	"fmt"

	"github.com/partita-stream/partita/go/partita"
)

// Votes that come one at a time go to the engine many together.
func ExampleSourceOf_Buffer() {
	ctx := context.Background()
	votes := partita.NewSource()
	app := partita.NewApplication("votes")
	app.NewPipeline("votes", votes).
		ToStatePartition(AddVotes{}, NewTotal, "totals", ByLetter{}, nil).
		Done()
	check(app.Start())
	buffer, err := votes.Buffer(partita.BufferSize(256))
	check(err)
	for i := range 1000 {
		check(buffer.Send(ctx, &Vote{Letter: 'a' + byte(i%3), Count: 1}))
	}
	check(buffer.Close(ctx))
	check(app.Drain(ctx))
	fmt.Println(app.Metrics().Computed, "votes are counted")
	check(app.Close(ctx))
	// Output: 1000 votes are counted
}
