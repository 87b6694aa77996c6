package main

import (
	"sort"
	"sync"

	"github.com/partita-stream/partita/go/partita"
)

// deadLetters counts the messages of one symbol that died for one reason.
type deadLetters struct {
	symbol string
	reason partita.DeadReason
	count  int
}

// deadCounts counts dead letters.
type deadCounts struct {
	lock   sync.Mutex
	counts map[deadLetters]int // by symbol and reason, their count is 0
}

func newDeadCounts() *deadCounts { return &deadCounts{counts: make(map[deadLetters]int)} }

// add counts one dead letter. It is called on a worker.
func (counts *deadCounts) add(letter partita.DeadLetter) {
	kind := deadLetters{symbol: letter.Data.(SymbolMessage).GetSymbol(), reason: letter.Reason}
	counts.lock.Lock()
	defer counts.lock.Unlock()
	counts.counts[kind]++
}

// sorted returns the counts, by symbol and reason.
func (counts *deadCounts) sorted() []deadLetters {
	counts.lock.Lock()
	defer counts.lock.Unlock()
	var sorted []deadLetters
	for kind, count := range counts.counts {
		kind.count = count
		sorted = append(sorted, kind)
	}
	sort.Slice(sorted, func(i, j int) bool {
		if sorted[i].symbol != sorted[j].symbol {
			return sorted[i].symbol < sorted[j].symbol
		}
		return sorted[i].reason < sorted[j].reason
	})
	return sorted
}

// text says why the messages died.
func (letters deadLetters) text() string {
	if letters.reason == partita.DeadUnknownKey {
		return "symbol not declared"
	}
	return letters.reason.String()
}
