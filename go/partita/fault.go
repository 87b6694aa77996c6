package partita

import (
	"fmt"
	"slices"
	"strings"

	"github.com/partita-stream/partita/go/partita/internal/stepped"
)

// faults are the places where an application that is run step by step can be made to fail.
type faults []*place

// place is a step or a sink function that can be made to fail.
type place struct {
	name, path string
	// seen counts the messages that came to it, each time that one does.
	seen int
	// planted says at which of them it fails, and whether by a panic.
	planted map[int]bool
}

// add makes a place. Without a stepper there is none.
func (stepper *stepper) place(name, path string) *place {
	if stepper == nil {
		return nil
	}
	place := &place{name: name, path: path, planted: make(map[int]bool)}
	stepper.faults = append(stepper.faults, place)
	return place
}

// plant makes the place with this name or path fail at its n-th message from now on.
func (all faults) plant(name string, n int, panics bool) error {
	if n < 1 {
		return fmt.Errorf("%w: message %d: expected 1 or more", ErrInvalidArgument, n)
	}
	var found faults
	for _, place := range all {
		if place.name == name || place.path == name {
			found = append(found, place)
		}
	}
	if len(found) != 1 {
		return fmt.Errorf("%w: %d steps and sink functions are named %q: expected one of\n%s",
			ErrNotFound, len(found), name, all.list())
	}
	found[0].planted[found[0].seen+n] = panics
	return nil
}

// list has a line for each place.
func (all faults) list() string {
	var paths []string
	for _, place := range all {
		paths = append(paths, place.path)
	}
	slices.Sort(paths)
	return strings.Join(paths, "\n")
}

// before counts how many of the next messages come before one at which it fails, at most all of them.
func (place *place) before(all int) int {
	for i := range all {
		if _, fails := place.planted[place.seen+i+1]; fails {
			return i
		}
	}
	return all
}

// fail fails at the next message: by a panic, or by an error that it returns.
func (place *place) fail() error {
	place.seen++
	if place.planted[place.seen] {
		panic(stepped.ErrFault.Error())
	}
	return stepped.ErrFault
}

// compute computes a run, and fails where it is to.
func (place *place) compute(run *runRoom, compute func(), refuse func(err error)) {
	values := run.values
	fails := place.before(len(values))
	place.computeSome(run, fails, compute)
	if run.at == fails && fails < len(values) && run.refusal == "" {
		if err := place.fail(); err != nil {
			refuse(err)
		}
	}
}

// computeSome computes the first messages of a run, and counts them.
func (place *place) computeSome(run *runRoom, some int, compute func()) {
	if some == 0 {
		return
	}
	values := run.values
	returned := false
	defer func() {
		run.values = values
		place.seen += run.at
		if !returned || run.refusal != "" {
			place.seen++
		}
	}()
	run.values = values[:some]
	compute()
	returned = true
}

// letSomeThrough runs a stateless step, and fails where it is to.
func letSomeThrough[In, Out any](level *levelOf[In, Out], place *place) {
	in, all, start := level.in, level.in.items, level.in.at
	fails := place.before(in.left())
	if fails > 0 {
		returned := false
		defer func() {
			if !returned {
				in.items = all
				place.seen += in.at - start + 1
			}
		}()
		in.items = all[:start+fails]
		level.compute(level)
		in.items, returned = all, true
		place.seen += in.at - start
	}
	switch {
	case level.chain.refusal != nil:
		place.seen++
	case in.at == start+fails && in.left() > 0:
		if err := place.fail(); err != nil {
			level.refuse(err)
		}
	}
}
