package main

import (
	"runtime"
	"runtime/debug"
	"syscall"
	"time"

	"github.com/partita-stream/partita/benches/go/figures"
)

// part is what one process measures.
type part struct {
	name    string
	measure func(options options) ([]figures.Value, error)
}

// parts are the known keys and the messages in flight of each system.
var parts = allParts()

func allParts() (all []part) {
	for _, system := range systems {
		all = append(all, part{"keys of " + system.name, func(options options) ([]figures.Value, error) {
			return measureKeys(system, options)
		}})
	}
	for _, queue := range queues {
		all = append(all, part{"flight of " + queue.name, func(options options) ([]figures.Value, error) {
			return measureFlight(queue, min(options.keys, flightMax))
		}})
	}
	return all
}

// flightMax is how many messages at most are in flight.
const flightMax = 1_000_000

// stateSize is the size of a state that is an object of its own.
const stateSize = 16

// settling is how long what was woken has to go to sleep.
const settling = 100 * time.Millisecond

// measureKeys measures a system that knows many keys.
func measureKeys(system system, options options) (values []figures.Value, err error) {
	add := func(bench, measure, unit string, value float64) {
		values = append(values, figures.Value{Bench: bench, System: system.name, Measure: measure, Unit: unit, Value: value})
	}
	before, err := resident()
	if err != nil {
		return nil, err
	}
	filled, err := system.fill(options.keys)
	if err != nil {
		return nil, err
	}
	debug.FreeOSMemory()
	after, err := resident()
	if err != nil {
		return nil, err
	}
	add("known keys", "bytes a key", "bytes", float64(after-before)/float64(options.keys)-stateSize)
	add("known keys", "resident set", "MiB", float64(after)/(1<<20))
	took, busy := collection()
	add("known keys", "a collection of garbage", "ms", took.Seconds()*1000)
	add("known keys", "a collection of garbage, processor time", "ms", busy.Seconds()*1000)
	allocations, err := allocationsOf(filled)
	if err != nil {
		return nil, err
	}
	add("known keys", "allocations a message", "objects", allocations)
	time.Sleep(settling)
	began, used := time.Now(), processorTime()
	time.Sleep(options.idle)
	add("idle", "processor time", "us a second", (processorTime()-used).Seconds()*1e6/time.Since(began).Seconds())
	runtime.KeepAlive(filled)
	return values, nil
}

// collection tells what collecting garbage takes, and how much time of processors.
func collection() (took, busy time.Duration) {
	began, used := time.Now(), processorTime()
	runtime.GC()
	return time.Since(began), processorTime() - used
}

// again is how often the messages of some known keys are sent again.
const again = 16

// allocationsOf counts the objects that are allocated for each message of a known key.
func allocationsOf(filled filled) (float64, error) {
	if err := filled.repeat(1); err != nil {
		return 0, err
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	if err := filled.repeat(again); err != nil {
		return 0, err
	}
	runtime.ReadMemStats(&after)
	return float64(after.Mallocs-before.Mallocs) / float64(again*filled.repeated()), nil
}

// measureFlight measures what a system needs for messages that wait.
func measureFlight(queue queue, messages int) ([]figures.Value, error) {
	hold, err := queue.open(messages)
	if err != nil {
		return nil, err
	}
	debug.FreeOSMemory()
	before, err := resident()
	if err != nil {
		return nil, err
	}
	if err := hold.put(messages); err != nil {
		return nil, err
	}
	debug.FreeOSMemory()
	after, err := resident()
	if err != nil {
		return nil, err
	}
	each := float64(after-before)/float64(messages) - queue.own
	return []figures.Value{{
		Bench: "in flight", System: queue.name, Measure: "bytes a message", Unit: "bytes", Value: each,
	}}, hold.release()
}

// processorTime is what this process has used so far.
func processorTime() time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		panic(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}
