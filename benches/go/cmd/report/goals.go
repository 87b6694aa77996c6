package main

import "github.com/partita-stream/partita/benches/go/figures"

// goal is what we want to be known for, and the floor that is owed.
type goal struct {
	measure    string
	floor, aim float64
	// lower says that less is better.
	lower bool
	// in finds the measured values, and where it looked.
	in func(measured *measured) values
	// beside names what a peer comes to, if that tells more.
	beside func(measured *measured) string
}

// value is what was measured, and where, if it is the worst of several.
type value struct {
	number float64
	at     string
}

// The columns of the table.
const (
	interfaces = iota
	typed
	c
	rust
	apis
)

var columns = [apis]string{"interfaces", "typed", "C", "Rust"}

// values are those of the APIs, nil where there is none.
type values [apis]*value

// row is a goal and what was measured.
type row struct {
	goal
	values
}

// rows finds what was measured for all goals.
func (measured *measured) rows() (rows []row) {
	for _, goal := range goals() {
		if goal.beside != nil {
			goal.measure += " (" + goal.beside(measured) + ")"
		}
		rows = append(rows, row{goal, goal.in(measured)})
	}
	return rows
}

// The benches with so many keys.
var (
	few       = []string{"keys=1", "keys=4", "keys=10", "keys=100", "base", "keys=10000"}
	fromFour  = few[1:]
	many      = []string{"keys=100000", "keys=1000000", "keys=10000000"}
	millions  = many[1:]
	cFew      = []string{"c,keys=1", "c,keys=1000", "c,keys=10000"}
	cMillions = []string{"c,keys=1000000", "c,keys=10000000"}
)

// goals are those of the project.
func goals() []goal {
	return []goal{
		{measure: "times as fast as one message at a time over channels, to 10,000 keys", floor: 3.5, aim: 5, in: against("channels", few)},
		{measure: "the same, from 100,000 keys on", floor: 5, aim: 6, in: against("channels", many)},
		{measure: "times as fast as the tuned slices, 4 to 10,000 keys", floor: 1, aim: 1.25, in: against("slices", fromFour)},
		{measure: "the same, 1,000,000 and 10,000,000 keys", floor: 1.5, aim: 3, in: against("slices", millions)},
		{measure: "share of two cores without routing, 1,000 keys", floor: 0.3, aim: 0.5, in: against("cores", []string{"base"})},
		{measure: "the same, 1,000,000 keys", floor: 0.3, aim: 0.6, in: against("cores", []string{"keys=1000000"})},
		{measure: "Zipf 1.1, times as fast as uniform, 1,000 keys", floor: 0.8, aim: 1, in: between("base", "zipf=1.1,keys=1000")},
		{measure: "the same, 1,000,000 keys", floor: 0.8, aim: 1, in: between("keys=1000000", "zipf=1.1,keys=1000000")},
		{measure: "computations of 100 us: share of the ideal", floor: 0.95, aim: 0.98, in: against("cores", []string{"compute=100us"})},
		{measure: "C, times as fast as the program with pthreads, to 10,000 keys", floor: 0.9, aim: 1.1, in: overPthreads(cFew)},
		{measure: "the same, from 1,000,000 keys on", floor: 1, aim: 1.5, in: overPthreads(cMillions)},
		{measure: "the Rust core, times as fast as timely's exchange, 1,000 keys", floor: 1.2, aim: 2, in: overTimely},
		{measure: "`Send` to sink, idle, p50, in hand-offs over a Go channel between two threads", floor: 5, aim: 3, lower: true, in: idle},
		{measure: "p99 at 50 % of the highest rate, in that of the program with channels", floor: 2, aim: 1, lower: true, in: atHalf},
		{measure: "bytes per known key", floor: 48, aim: 40, lower: true, in: each("memory", "known keys", "bytes a key", 1)},
		{measure: "cost of a message at 10,000,000 keys, in that at 1 key", floor: 6, aim: 4, lower: true, in: growth, beside: mapGrowth},
		{measure: "8 workers, times as fast as 2, on two cores", floor: 0.9, aim: 0.95, in: between("base", "workers=8")},
		{measure: "longest pause while a table grows to 10,000,000 keys, ms", floor: 5, aim: 1, lower: true, in: each("pause", "growing", "longest pause", 1)},
		{measure: "allocations a message", lower: true, floor: nothing, aim: nothing, in: allocations},
		{measure: "idle processor time, of one processor", lower: true, floor: nothing, aim: nothing, in: each("memory", "idle", "processor time", 1e-6)},
	}
}

// nothing is what counts as nothing: one in a thousand.
const nothing = 0.001

// against compares with a peer in the same benches: the worst one counts.
func against(peer string, benches []string) func(measured *measured) values {
	return func(measured *measured) values {
		return values{
			interfaces: measured.worst("partita", peer, benches),
			typed:      measured.worst("partita-typed", peer, benches),
		}
	}
}

// worst finds the bench in which a system is slowest, compared with a peer.
func (measured *measured) worst(system, peer string, benches []string) *value {
	var worst *value
	for _, bench := range benches {
		ratio := measured.result(bench, peer).NsPerMessage / measured.result(bench, system).NsPerMessage
		if worst == nil || ratio < worst.number {
			worst = &value{number: ratio}
			if len(benches) > 1 {
				worst.at = bench
			}
		}
	}
	return worst
}

// between tells how many times as fast a system is in one bench as in another one.
func between(than, bench string) func(measured *measured) values {
	return func(measured *measured) values {
		ratio := func(system string) *value {
			return &value{number: measured.result(than, system).NsPerMessage / measured.result(bench, system).NsPerMessage}
		}
		return values{interfaces: ratio("partita"), typed: ratio("partita-typed")}
	}
}

func overPthreads(benches []string) func(measured *measured) values {
	return func(measured *measured) values { return values{c: measured.worst("partita-c", "c-pthreads", benches)} }
}

func overTimely(measured *measured) values {
	return values{rust: measured.worst("partita-rust", "rust-timely", []string{"rust,keys=1000"})}
}

func idle(measured *measured) values {
	handOff := measured.figure("latency", "idle", "hand-off", "p50").Median
	ratio := func(system string) *value {
		return &value{number: measured.figure("latency", "idle", system, "p50").Median / handOff}
	}
	return values{interfaces: ratio("partita"), typed: ratio("partita-typed"), c: ratio("partita-c")}
}

func atHalf(measured *measured) values {
	channels := measured.figure("latency", "50 %", "channels", "p99").Median
	ratio := func(system string) *value {
		return &value{number: measured.figure("latency", "50 %", system, "p99").Median / channels}
	}
	return values{interfaces: ratio("partita"), typed: ratio("partita-typed")}
}

// each takes the medians as they are, times a factor.
func each(program, bench, measure string, factor float64) func(measured *measured) values {
	return func(measured *measured) values {
		median := func(system string) *value {
			return &value{number: factor * measured.figure(program, bench, system, measure).Median}
		}
		return values{interfaces: median("partita"), typed: median("partita-typed"), c: median("partita-c")}
	}
}

func growth(measured *measured) values {
	return values{
		interfaces: &value{number: measured.growth("", "partita")},
		typed:      &value{number: measured.growth("", "partita-typed")},
		c:          &value{number: measured.growth("c,", "partita-c")},
	}
}

func mapGrowth(measured *measured) string {
	return "a loop with a Go map: " + figures.Short(measured.growth("", "direct"))
}

// growth tells how many times what it costs with 1 key a message costs with most keys.
func (measured *measured) growth(prefix, system string) float64 {
	return measured.result(prefix+"keys=10000000", system).NsPerMessage / measured.result(prefix+"keys=1", system).NsPerMessage
}

// allocations are those of the base bench in Go, and of known keys in C.
func allocations(measured *measured) values {
	return values{
		interfaces: &value{number: measured.result("base", "partita").AllocsPerMessage},
		typed:      &value{number: measured.result("base", "partita-typed").AllocsPerMessage},
		c:          &value{number: measured.figure("memory", "known keys", "partita-c", "allocations a message").Median},
	}
}

// The verdicts, from the worst to the best.
const (
	missed = iota
	floorMet
	goalMet
)

var verdicts = [...]string{missed: "missed", floorMet: "floor", goalMet: "goal"}

// judge tells what a number comes to.
func (goal goal) judge(number float64) int {
	meets := func(bound float64) bool {
		if goal.lower {
			return number <= bound
		}
		return number >= bound
	}
	switch {
	case meets(goal.aim):
		return goalMet
	case meets(goal.floor):
		return floorMet
	}
	return missed
}
