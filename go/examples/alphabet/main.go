// Command alphabet counts votes for letters. The README tells how it is used.
package main

import (
	"encoding/binary"
	"fmt"
	"strconv"

	"github.com/partita-stream/partita/go/examples/internal/program"
	"github.com/partita-stream/partita/go/partita"
)

func main() { program.Main("alphabet", program.In, declare) }

func declare(app *partita.Application, flags program.Flags) ([]program.Listener, error) {
	source := partita.NewTryTCPSource(flags.In, partita.LengthPrefixed(), decoder{})
	app.NewPipeline("alphabet", source).
		ToStatePartition(addVotes{}, partita.Build(newTotal), "totals", byLetter{}, letters()).
		ToSink(partita.NewTCPSink("totals", flags.Out, &encoder{}))
	return []program.Listener{source}, nil
}

// votes are votes for a letter; and also how many it has in all.
type votes struct {
	letter byte
	count  uint64
}

// newTotal makes the state of a letter: how many votes it has.
func newTotal() interface{} { return new(votes) }

// addVotes adds votes to the total of their letter, and tells that.
type addVotes struct{}

func (addVotes) Compute(data interface{}, state interface{}) (interface{}, bool) {
	vote, total := data.(*votes), state.(*votes)
	total.letter = vote.letter
	total.count += vote.count
	// The message becomes the output: nobody else has it.
	*vote = *total
	return vote, true
}

// byLetter sends votes to the total of their letter.
type byLetter struct{}

func (byLetter) Partition(data interface{}) uint64 { return uint64(data.(*votes).letter) }

// letters are the keys: there are no others.
func letters() []uint64 {
	var keys []uint64
	for letter := 'a'; letter <= 'z'; letter++ {
		keys = append(keys, uint64(letter))
	}
	return keys
}

// decoder reads a letter and a big-endian uint32.
type decoder struct{}

func (decoder) Decode(frame []byte) (interface{}, error) {
	if len(frame) != 5 {
		return nil, fmt.Errorf("a frame of %d bytes: expected a letter and a uint32, 5 bytes", len(frame))
	}
	return &votes{frame[0], uint64(binary.BigEndian.Uint32(frame[1:]))}, nil
}

// encoder writes a line, as in "a => 5". What it returns is copied, so it has one piece of memory for all.
type encoder struct{ line []byte }

func (encoder *encoder) Encode(data interface{}) []byte {
	total := data.(*votes)
	encoder.line = append(encoder.line[:0], total.letter)
	encoder.line = append(encoder.line, " => "...)
	encoder.line = strconv.AppendUint(encoder.line, total.count, 10)
	encoder.line = append(encoder.line, '\n')
	return encoder.line
}
