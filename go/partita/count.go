package partita

// #include "bridge.h"
import "C"

// metrics reads the counters, or after the end what they came to.
func (engine *engine) metrics() Metrics {
	if final := engine.final.Load(); final != nil {
		return final.copy()
	}
	counts := engine.count()
	// While they were read the engine may have gone.
	if final := engine.final.Load(); final != nil {
		return final.copy()
	}
	return counts
}

// count reads the counters of the engine. What an outlet took and nobody read counts as in flight,
// and what nobody can read any more, as dead.
func (engine *engine) count() Metrics {
	// An outlet counts what it took after the engine did, and is asked before it.
	unread, dropped := engine.tally()
	read := C.partita_metrics{size: C.sizeof_partita_metrics}
	C.partita_app_metrics(engine.app, &read)
	counts := Metrics{
		Sent:        uint64(read.sent),
		Computed:    uint64(read.computed),
		Emitted:     uint64(read.emitted),
		Delivered:   uint64(read.delivered),
		Discarded:   uint64(read.discarded),
		Dead:        deadCounts(read.dead),
		InFlight:    uint64(read.in_flight),
		ValuesHeld:  uint64(read.values_held),
		Parts:       uint64(read.parts),
		Quarantined: uint64(read.quarantined),
		Stages:      make([]StageMetrics, len(engine.stages)),
	}
	for i, stage := range engine.stages {
		read := C.partita_stage_metrics{size: C.sizeof_partita_stage_metrics}
		C.partita_app_stage(engine.app, C.size_t(i), &read)
		counts.Stages[i] = StageMetrics{
			Path:      stage.path,
			Completed: uint64(read.completed),
			Emitted:   uint64(read.emitted),
			Dead:      deadCounts(read.dead),
		}
	}
	for i, outlet := range engine.outlets {
		stage := &counts.Stages[outlet.base().stage]
		counts.InFlight += unread[i]
		counts.Delivered -= unread[i] + dropped[i]
		counts.Dead[DeadClosed] += dropped[i]
		stage.Completed -= unread[i] + dropped[i]
		stage.Dead[DeadClosed] += dropped[i]
	}
	return counts
}

// tally counts what each outlet took and nobody read, and what nobody can read any more.
func (engine *engine) tally() (unread, dropped []uint64) {
	for _, outlet := range engine.outlets {
		waiting, lost := outlet.tally()
		unread = append(unread, uint64(waiting))
		dropped = append(dropped, uint64(lost))
	}
	return unread, dropped
}

// nameStages reads the paths of all stages, which never change.
func (engine *engine) nameStages() {
	for i := range engine.stages {
		read := C.partita_stage_metrics{size: C.sizeof_partita_stage_metrics}
		C.partita_app_stage(engine.app, C.size_t(i), &read)
		engine.stages[i].path = text(read.path)
	}
}

func deadCounts(read [C.PARTITA_DEAD_ROOM]C.uint64_t) (counts [deadReasons]uint64) {
	for reason := range counts {
		counts[reason] = uint64(read[reason])
	}
	return counts
}

// copy is the same counters, for a caller who may change them.
func (metrics *Metrics) copy() Metrics {
	same := *metrics
	same.Stages = append([]StageMetrics(nil), metrics.Stages...)
	return same
}
