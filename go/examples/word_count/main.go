// Command word_count counts words. The README tells how it is used.
package main

import (
	"fmt"
	"strings"
	"unicode"

	"github.com/partita-stream/partita/go/examples/internal/program"
	"github.com/partita-stream/partita/go/partita"
)

func main() { program.Main("word_count", program.In, declare) }

func declare(app *partita.Application, flags program.Flags) ([]program.Listener, error) {
	source := partita.NewTCPSource(flags.In, partita.LengthPrefixed(), decoder{})
	app.NewPipeline("word count", source).
		ToMulti(split{}).
		ToStatePartitionString(count{}, partita.Build(newTally), "tallies", byWord{}, nil).
		ToSink(partita.NewTCPSink("counts", flags.Out, encoder{}))
	return []program.Listener{source}, nil
}

// split makes words of a line: what is between white space, in lower case, without punctuation around it.
type split struct{}

func (split) Compute(data interface{}) []interface{} {
	var words []interface{}
	for _, word := range strings.Fields(data.(string)) {
		if word = strings.TrimFunc(strings.ToLower(word), isPunctuation); word != "" {
			words = append(words, word)
		}
	}
	return words
}

func isPunctuation(letter rune) bool { return unicode.IsPunct(letter) || unicode.IsSymbol(letter) }

// tally is how often a word came: the state of a word, and also what is told of it.
type tally struct {
	word  string
	count uint64
}

func newTally() interface{} { return new(tally) }

// count counts a word once more.
type count struct{}

func (count) Compute(data interface{}, state interface{}) (interface{}, bool) {
	tally := state.(*tally)
	tally.word = data.(string)
	tally.count++
	return *tally, true
}

// byWord sends a word to its own tally.
type byWord struct{}

func (byWord) Partition(data interface{}) string { return data.(string) }

// decoder takes a frame for a line.
type decoder struct{}

func (decoder) Decode(frame []byte) interface{} { return string(frame) }

// encoder writes a line, as in "word => 3".
type encoder struct{}

func (encoder) Encode(data interface{}) []byte {
	tally := data.(tally)
	return fmt.Appendf(nil, "%s => %d\n", tally.word, tally.count)
}
