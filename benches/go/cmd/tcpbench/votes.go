package main

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"time"
)

// votes is the input of alphabet.
type votes struct {
	frames []byte
	count  int
}

// votesOf are the votes of the n-th message of a letter.
func votesOf(n uint64) uint32 { return uint32(n%7 + 1) }

func newVotes(count int) *votes {
	random := rand.New(rand.NewPCG(1, 1))
	var seen [26]uint64
	made := &votes{count: count}
	for range count {
		letter := random.IntN(26)
		made.frames = append(made.frames, 0, 0, 0, 5, byte('a'+letter))
		made.frames = binary.BigEndian.AppendUint32(made.frames, votesOf(seen[letter]))
		seen[letter]++
	}
	return made
}

// run sends them through a program, checks all that comes out, and tells how many went through a second.
func (votes *votes) run(path string) (float64, error) {
	running, err := start(path, "127.0.0.1:0", 1)
	if err != nil {
		return 0, err
	}
	client, err := running.dial(0)
	if err != nil {
		return 0, err
	}
	defer client.Close()
	sent := make(chan error, 1)
	began := time.Now()
	go func() {
		_, err := client.Write(votes.frames)
		sent <- err
	}()
	if err := votes.check(bufio.NewReaderSize(running.out, 1<<18)); err != nil {
		return 0, err
	}
	rate := float64(votes.count) / time.Since(began).Seconds()
	if err := <-sent; err != nil {
		return 0, err
	}
	return rate, running.stop()
}

// check reads a line for each vote, as in "a => 7", and holds it against the total of its letter.
func (votes *votes) check(out *bufio.Reader) error {
	var totals, seen [26]uint64
	for range votes.count {
		line, err := out.ReadSlice('\n')
		if err != nil {
			return err
		}
		letter := line[0] - 'a'
		if letter > 25 || len(line) < 7 {
			return fmt.Errorf("%q came out", line)
		}
		totals[letter] += uint64(votesOf(seen[letter]))
		seen[letter]++
		total := uint64(0)
		for _, digit := range line[5 : len(line)-1] {
			total = total*10 + uint64(digit-'0')
		}
		if total != totals[letter] {
			return fmt.Errorf("%q came out, expected a total of %d", line, totals[letter])
		}
	}
	return nil
}
