package main

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/partita-stream/partita/go/examples/internal/wire"
	"github.com/partita-stream/partita/go/partita"
)

func frame(bytes []byte, letter byte, count uint32) []byte {
	return wire.Frame(bytes, binary.BigEndian.AppendUint32([]byte{letter}, count))
}

// ballot makes votes, and what must come out of them, letter by letter.
func ballot(random *rand.Rand, count int) (bytes []byte, lines map[byte][]string) {
	totals := make(map[byte]uint64)
	lines = make(map[byte][]string)
	for range count {
		letter, votes := byte('a'+random.IntN(26)), random.Uint32()
		bytes = frame(bytes, letter, votes)
		totals[letter] += uint64(votes)
		lines[letter] = append(lines[letter], fmt.Sprintf("%c => %d", letter, totals[letter]))
	}
	return bytes, lines
}

// check checks the next line that comes out.
func check(t *testing.T, line string, lines map[byte][]string) {
	t.Helper()
	if line == "" || len(lines[line[0]]) == 0 || line != lines[line[0]][0] {
		t.Fatalf("%q came out, which is not what comes next", line)
	}
	lines[line[0]] = lines[line[0]][1:]
}

func TestEachVoteComesOutAsTheTotalOfItsLetterInOrder(t *testing.T) {
	wire.EachWorkers(t, func(t *testing.T, workers int) {
		random := wire.Random(t)
		running := wire.Start(t, workers, declare)
		const count = 50_000
		bytes, lines := ballot(random, count)
		running.Send(0, bytes, random)
		for range count {
			check(t, running.Line(), lines)
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

func TestTheReadmeShowsWhatComesOut(t *testing.T) {
	wire.CheckReadme(t, "README.md", wire.Start(t, 1, declare))
}
