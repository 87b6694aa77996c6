// Command beside has Partita and another Rust static library in one program, and both work: also when the other
// one panics while Partita computes, and what it computes panics too. other_archive.sh builds it.
package main

// unsigned other_panics_caught(void);
import "C"

import (
	"context"
	"errors"
	"fmt"
	"log"

	"github.com/partita-stream/partita/go/partita"
)

var errOther = errors.New("the other library does not catch its panics")

type sum struct{ n int }

func main() {
	var dead int
	numbers := partita.NewSourceOf[int]()
	sums := partita.PartitionOf[int, sum]{Name: "sums"}
	app := partita.NewApplication("beside", partita.DeadLetters(func(partita.DeadLetter) { dead++ }))
	stream := partita.NewPipelineOf(app, "numbers", numbers)
	partita.ToStatePartition(stream, sums, parity, add, partita.Skip()).Done()
	check(otherWorks())
	check(app.Start())
	ctx := context.Background()
	for n := range 100 {
		check(numbers.Send(ctx, n))
	}
	check(app.Drain(ctx))
	total := 0
	check(sums.Parts(app, func(_ int, sum *sum) bool {
		total += sum.n
		return true
	}))
	check(app.Close(ctx))
	check(otherWorks())
	if dead != 10 || total != 90 {
		log.Fatalf("%d messages died, and %d were counted", dead, total)
	}
	fmt.Println("both work")
}

func parity(n int) int { return n % 2 }

func add(_, n int, sum *sum, _ *partita.Emitter[partita.None]) (bool, error) {
	if n%10 == 3 {
		check(otherWorks())
		panic("it is a three")
	}
	sum.n++
	return true, nil
}

func otherWorks() error {
	if C.other_panics_caught() != 3 {
		return errOther
	}
	return nil
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
