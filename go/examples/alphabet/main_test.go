package main

import (
	"encoding/binary"
	"fmt"
	"testing"

	"github.com/partita-stream/partita/go/examples/internal/wire"
	"github.com/partita-stream/partita/go/partita"
)

func frame(bytes []byte, letter byte, count uint32) []byte {
	return wire.Frame(bytes, binary.BigEndian.AppendUint32([]byte{letter}, count))
}

func TestEachVoteComesOutAsTheTotalOfItsLetterInOrder(t *testing.T) {
	wire.EachWorkers(t, func(t *testing.T, workers int) {
		random := wire.Random(t)
		running := wire.Start(t, workers, declare)
		var bytes []byte
		// What must come out, letter by letter.
		totals, lines := make(map[byte]uint64), make(map[byte][]string)
		const count = 50_000
		for range count {
			letter, votes := byte('a'+random.IntN(26)), random.Uint32()
			bytes = frame(bytes, letter, votes)
			totals[letter] += uint64(votes)
			lines[letter] = append(lines[letter], fmt.Sprintf("%c => %d", letter, totals[letter]))
		}
		running.Send(0, bytes, random)
		for range count {
			line := running.Line()
			letter := line[0]
			if len(lines[letter]) == 0 || line != lines[letter][0] {
				t.Fatalf("%q came out, expected the first of %.3q", line, lines[letter])
			}
			lines[letter] = lines[letter][1:]
		}
		if rest := running.Rest(); rest != "" {
			t.Errorf("more came out: %q", rest)
		}
	})
}

func TestVotesForOtherLettersAndFramesOfOtherLengthsAreDeadLetters(t *testing.T) {
	random := wire.Random(t)
	running := wire.Start(t, 2, declare)
	bytes := frame(nil, 'A', 1)
	bytes = wire.Frame(bytes, []byte("abc"))
	bytes = wire.Frame(bytes, nil)
	running.Send(0, frame(bytes, 'a', 7), random)
	if line := running.Line(); line != "a => 7" {
		t.Errorf("%q came out", line)
	}
	reasons := make(map[partita.DeadReason]int)
	for _, letter := range running.Dead(3) {
		reasons[letter.Reason]++
	}
	if reasons[partita.DeadUnknownKey] != 1 || reasons[partita.DeadDecode] != 2 {
		t.Errorf("%v", reasons)
	}
}
