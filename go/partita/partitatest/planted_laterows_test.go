package partitatest_test

import (
	"testing"

	"github.com/partita-stream/partita/go/partita"
	"github.com/partita-stream/partita/go/partita/partitatest"
)

// row is a line of a table, with the number that it was sent with.
type row struct {
	table  string
	number int
}

// A sink leaves out rows that it has seen, by their number: they are sent in ascending order. The faulty
// program takes a row with a lower number than the last one for such a row. But only the rows of one table
// stay in order: the other program has a last number for each.
var lateRows = planted{
	name: "a sink takes what comes to be in order",
	says: "rows came through",
	property: func(t testing.TB, seed uint64, faulty bool) {
		app := partita.NewApplication("copy")
		rows := partita.NewSourceOf[row]()
		last := make(map[string]int)
		taken := 0
		sink := partita.NewSinkFuncOf("rows", func(batch []row) error {
			for _, row := range batch {
				of := row.table
				if faulty {
					of = "all"
				}
				if row.number > last[of] {
					last[of] = row.number
					taken++
				}
			}
			return nil
		})
		partita.ToStatePartition(partita.NewPipelineOf(app, "rows", rows),
			partita.PartitionOf[string, int]{Name: "tables"},
			func(row row) string { return row.table },
			func(_ string, row row, count *int, out *partita.Emitter[row]) (bool, error) {
				*count++
				out.Emit(row)
				return true, nil
			}).ToSink(sink)

		d := partitatest.New(t, seed, app)
		partitatest.Send(d, rows, row{"a", 1}, row{"b", 2}, row{"a", 3}, row{"c", 4}, row{"b", 5})
		d.Rest()
		if taken != 5 {
			t.Errorf("%d rows came through: expected 5", taken)
		}
	},
}
