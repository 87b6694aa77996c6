package figures

// Result is the summary of one system in one bench of keyed state.
type Result struct {
	Bench  string `json:"bench"`
	System string `json:"system"`
	// NsPerMessage is the median of the rounds.
	NsPerMessage float64 `json:"ns_per_message"`
	Messages     int     `json:"messages"`
	// RoundsNs holds the whole time of each round, in the order they ran.
	RoundsNs []int64 `json:"rounds_ns"`
	// Ratio tells how many times as fast as one message at a time over channels the system is: the medians divided.
	// It is absent if that did not run.
	Ratio *float64 `json:"ratio,omitempty"`
	// Ratios is the same for each system of the bench.
	Ratios map[string]float64 `json:"ratios,omitempty"`
	// AllocsPerMessage counts objects on the Go heap, the median of the rounds. GCShare is the share of the time of
	// one processor that went into the collection, which another may have done.
	AllocsPerMessage float64 `json:"allocs_per_message"`
	GCShare          float64 `json:"gc_share"`
}
