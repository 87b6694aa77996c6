// Command user is a program of somebody who has taken Partita as a module: it counts words, and prints how often
// each came. go_package.sh builds it.
package main

import (
	"context"
	"fmt"
	"log"
	"slices"
	"strings"

	"github.com/partita-stream/partita/go/partita"
)

type count struct{ n int }

func main() {
	words := partita.NewSourceOf[string]()
	counts := partita.PartitionOf[string, count]{Name: "counts"}
	app := partita.NewApplication("words")
	partita.ToStatePartition(partita.NewPipelineOf(app, "words", words), counts, byWord, add).Done()
	check(app.Start())
	ctx := context.Background()
	_, err := words.SendBatch(ctx, strings.Fields("the words of the song of the year"))
	check(err)
	check(app.Drain(ctx))
	var lines []string
	check(counts.Parts(app, func(word string, count *count) bool {
		lines = append(lines, fmt.Sprintf("%s=%d", word, count.n))
		return true
	}))
	check(app.Close(ctx))
	slices.Sort(lines)
	fmt.Println(strings.Join(lines, " "))
}

func byWord(word string) string { return word }

func add(_, _ string, count *count, _ *partita.Emitter[partita.None]) (bool, error) {
	count.n++
	return true, nil
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
