package main

import (
	"fmt"
	"time"

	"github.com/partita-stream/partita/benches/go/byengine"
	"github.com/partita-stream/partita/benches/go/byhand"
	"github.com/partita-stream/partita/benches/go/keyed"
)

// bench is one measurement of several systems.
type bench struct {
	name string
	// keys is how many there are, and zipf the exponent with which they are drawn, or 0.
	keys    int
	zipf    float64
	senders int
	// messages is how many are timed.
	messages int
	// cold says that no key has a state yet. Otherwise each has had one message before the clock starts.
	cold    bool
	work    time.Duration
	job     keyed.Job
	systems []keyed.System
	// program runs the bench instead, unless it is empty.
	program string
	// quick says that the bench is part of the short run.
	quick bool
}

var (
	engines = []keyed.System{byengine.Interfaces{}, byengine.Typed{}}
	// routers are systems that send to workers, and the loop on one core: all that can do any job.
	routers = append([]keyed.System{byhand.Direct{}, byhand.Channels{}, byhand.Slices{}}, engines...)
	// limited are routers, and the limit that is no program.
	limited = append([]keyed.System{byhand.Cores{}}, routers...)
	every   = append([]keyed.System{
		byhand.Mutex{}, byhand.Striped{}, byhand.SyncMap{}, byhand.Actors{}, byhand.Cores{}}, routers...)
)

// base is the point from which one thing at a time is varied.
func base() bench {
	return bench{
		name: "base", keys: 1_000, senders: 1, messages: 4_000_000, systems: every,
		job: keyed.Job{Workers: 2, Steps: 1, Batch: 1024},
	}
}

// plan is all there is to measure.
func plan() []bench {
	point := base()
	point.quick = true
	benches := []bench{point}
	add := func(quick bool, systems []keyed.System, name string, value any, vary func(bench *bench)) {
		varied := base()
		varied.quick, varied.systems, varied.name = quick, systems, fmt.Sprintf("%s=%v", name, value)
		vary(&varied)
		benches = append(benches, varied)
	}
	for _, keys := range []int{1, 4, 10, 100, 10_000, 100_000, 1_000_000} {
		quick := keys == 1 || keys == 4 || keys == 10_000 || keys == 1_000_000
		add(quick, every, "keys", keys, func(bench *bench) { bench.keys = keys })
	}
	add(false, limited, "keys", 10_000_000, func(bench *bench) { bench.keys = 10_000_000 })
	for _, keys := range []int{1_000, 1_000_000} {
		add(keys == 1_000, routers, "zipf=1.1,keys", keys, func(bench *bench) { bench.keys, bench.zipf = keys, 1.1 })
		add(keys == 1_000_000, routers, "first-use,keys", keys, func(bench *bench) { bench.keys, bench.cold = keys, true })
		add(false, routers, "declared,keys", keys, func(bench *bench) { bench.keys, bench.job.Declared = keys, true })
		add(keys == 1_000, routers, "bytes,keys", keys, func(bench *bench) { bench.keys, bench.job.Kind = keys, keyed.Text })
		add(keys == 1_000, routers, "symbolToKey,keys", keys, func(bench *bench) { bench.keys, bench.job.Kind = keys, keyed.Symbol })
	}
	for _, senders := range []int{2, 4} {
		add(senders == 2, routers, "senders", senders, func(bench *bench) { bench.senders = senders })
	}
	for _, outputs := range []int{1, 3} {
		add(true, routers, "outputs", outputs, func(bench *bench) { bench.job.Outputs = outputs })
	}
	add(true, routers, "steps", 2, func(bench *bench) { bench.job.Steps = 2 })
	add(true, engines, "stateless-steps", 3, func(bench *bench) { bench.job.Stateless = 3 })
	add(false, limited, "compute", "1us", func(bench *bench) { bench.work, bench.messages = time.Microsecond, 800_000 })
	add(true, limited, "compute", "100us", func(bench *bench) { bench.work, bench.messages = 100*time.Microsecond, 10_000 })
	for _, batch := range []int{1, 8, 64, 512, 4096} {
		add(batch == 64, routers, "batch", batch, func(bench *bench) {
			bench.job.Batch = batch
			if batch == 1 {
				bench.messages = 1_000_000
			}
		})
	}
	for _, workers := range []int{1, 4, 8} {
		add(workers == 8, routers, "workers", workers, func(bench *bench) { bench.job.Workers = workers })
	}
	return benches
}

// quickest is how much shorter a bench of the short run is.
const quickest = 4

// tiny is the bench with so little to do that it takes no time.
func (bench bench) tiny() bench {
	bench.keys, bench.messages, bench.work = min(bench.keys, 100), 2_000, 0
	return bench
}

// selected are the benches that the options ask for.
func selected(options options) (benches []bench) {
	all := plan()
	if options.programs != "" {
		all = append(all, outsidePlan()...)
	}
	for _, bench := range all {
		if options.quick {
			bench.messages /= quickest
		}
		if options.Try {
			bench = bench.tiny()
		}
		if (bench.quick || !options.quick) && options.run.MatchString(bench.name) {
			benches = append(benches, bench)
		}
	}
	return benches
}

// measure runs the bench.
func (bench bench) measure(options options) ([]series, error) {
	if bench.program != "" {
		return measureOutside(bench, options.programs, options.Rounds)
	}
	return measure(bench, options.Rounds)
}
