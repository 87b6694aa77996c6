package main

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/partita-stream/partita/go/examples/internal/wire"
)

// words are what lines are made of, each with how it must be counted.
var words = map[string]string{
	"the": "the", "The": "the", "THE,": "the", "end.": "end", "(end)": "end", "don't": "don't",
	"Ärger": "ärger", "«été»": "été", "--": "", "...": "", "$5": "5", "汉字": "汉字", "x-ray": "x-ray", "42": "42",
}

// line makes a line, and tells the words that must be counted of it.
func line(random *rand.Rand, spellings []string) (text string, counted []string) {
	gaps := []string{" ", "  ", "\t", "\u00a0", " \n"}
	for range random.IntN(12) {
		spelling := spellings[random.IntN(len(spellings))]
		text += spelling + gaps[random.IntN(len(gaps))]
		if word := words[spelling]; word != "" {
			counted = append(counted, word)
		}
	}
	return text, counted
}

func TestEachWordComesOutWithItsCountInOrder(t *testing.T) {
	wire.EachWorkers(t, func(t *testing.T, workers int) {
		random := wire.Random(t)
		running := wire.Start(t, workers, declare)
		var spellings []string
		for spelling := range words {
			spellings = append(spellings, spelling)
		}
		slices.Sort(spellings)
		var bytes []byte
		total, expected := make(map[string]int), 0
		for range 10_000 {
			text, counted := line(random, spellings)
			bytes = wire.Frame(bytes, []byte(text))
			for _, word := range counted {
				total[word]++
				expected++
			}
		}
		running.Send(0, bytes, random)
		seen := make(map[string]int)
		for range expected {
			line := running.Line()
			word, _, _ := strings.Cut(line, " => ")
			seen[word]++
			if want := fmt.Sprintf("%s => %d", word, seen[word]); line != want {
				t.Fatalf("%q came out, expected %q", line, want)
			}
		}
		for word, count := range total {
			if seen[word] != count {
				t.Errorf("%q was counted %d times, expected %d", word, seen[word], count)
			}
		}
		if rest := running.Rest(); rest != "" {
			t.Errorf("more came out: %q", rest)
		}
	})
}

func TestTheReadmeShowsWhatComesOut(t *testing.T) {
	wire.CheckReadme(t, "README.md", wire.Start(t, 1, declare))
}
