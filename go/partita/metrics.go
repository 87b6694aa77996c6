package partita

// Metrics are the counters of an application since its start. Each is exact when nothing is in
// flight, and then they add up: what a source or a step emitted, the next step has completed, or it is among
// that one's dead; what the last step emitted, the sinks have in equal shares, or it was discarded. So what
// all sources emitted and Emitted are together Computed, Delivered, Discarded and the sum of Dead, but for
// frames that were not decoded ([DeadDecode]): these were no messages yet.
type Metrics struct {
	// Sent counts messages that sources accepted.
	Sent uint64
	// Computed counts messages that computations completed.
	Computed uint64
	// Emitted counts outputs of computations, once for each sink that takes them.
	Emitted uint64
	// Delivered counts messages that sinks took.
	Delivered uint64
	// Discarded counts outputs of the last step of pipelines that end with Done, or that nobody called for.
	Discarded uint64
	// Dead counts messages that died, by [DeadReason].
	Dead [9]uint64
	// InFlight counts messages in flight now, unread outputs included.
	InFlight uint64
	// ValuesHeld counts the messages and states that the engine holds now: 0 after Close.
	ValuesHeld uint64
	// Parts counts the states now.
	Parts uint64
	// Quarantined counts the keys in quarantine now.
	Quarantined uint64
	// Stages has the counters of each source, step and sink, in the order of declaration.
	Stages []StageMetrics
}

// StageMetrics are the counters of one source, step or sink.
type StageMetrics struct {
	// Path says which, as in `application "x" / pipeline "y" / step 2 "z"`.
	Path string
	// Completed counts messages that it sent, computed or delivered.
	Completed uint64
	// Emitted counts messages that it passed on.
	Emitted uint64
	// Dead counts messages that died on their way into it or in it, by [DeadReason].
	Dead [9]uint64
}
