package main

import (
	"cmp"
	"slices"
)

// result is the summary of one system in one bench, and its form in the file.
type result struct {
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

// reference is the system that Ratio compares with.
const reference = "channels"

// summarize turns the series of one bench into its results.
func summarize(bench bench, all []series) []result {
	results := make([]result, len(all))
	for i, series := range all {
		results[i] = series.result(bench)
	}
	compare(results)
	return results
}

// compare fills the ratios of one bench's results in.
func compare(results []result) {
	for i := range results {
		own := &results[i]
		own.Ratios = make(map[string]float64)
		for _, other := range results {
			ratio := other.NsPerMessage / own.NsPerMessage
			own.Ratios[other.System] = ratio
			if other.System == reference {
				own.Ratio = &ratio
			}
		}
	}
}

func (series series) result(bench bench) result {
	var mallocs []uint64
	var shares []float64
	result := result{Bench: bench.name, System: series.system, Messages: bench.messages}
	for _, sample := range series.rounds {
		result.RoundsNs = append(result.RoundsNs, sample.elapsed.Nanoseconds())
		mallocs = append(mallocs, sample.mallocs)
		shares = append(shares, sample.collecting.Seconds()/sample.elapsed.Seconds())
	}
	result.NsPerMessage = float64(median(result.RoundsNs)) / float64(bench.messages)
	result.AllocsPerMessage = float64(median(mallocs)) / float64(bench.messages)
	result.GCShare = median(shares)
	return result
}

// median returns the middle value, or the lower one of the two middle values.
func median[T cmp.Ordered](values []T) T {
	sorted := slices.Clone(values)
	slices.Sort(sorted)
	return sorted[(len(sorted)-1)/2]
}
