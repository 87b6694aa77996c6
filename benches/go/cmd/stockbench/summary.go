package main

import (
	"cmp"
	"fmt"
	"slices"
	"time"
)

// result is the summary of one system in one bench, and its form in the JSON file.
type result struct {
	Bench  string `json:"bench"`
	System string `json:"system"`
	// NsPerMessage is the median of the rounds.
	NsPerMessage float64 `json:"ns_per_message"`
	Messages     int     `json:"messages"`
	// RoundsNs holds the whole time of each round, in the order they ran.
	RoundsNs []int64 `json:"rounds_ns"`
	// Ratio tells how many times faster than the channels peer the system is: the peer's median
	// divided by the system's. It is absent if the peer did not run.
	Ratio *float64 `json:"ratio,omitempty"`
	// RatioSlices is the same for the slices peer.
	RatioSlices *float64 `json:"ratio_slices,omitempty"`
	// RatioPointers is the same for the interface API with pointers, with which the typed one is compared.
	RatioPointers *float64 `json:"ratio_pointers,omitempty"`
	// AllocsPerMessage counts objects on the Go heap, the median of the rounds.
	AllocsPerMessage float64 `json:"allocs_per_message"`

	nsMin, nsMax float64
}

// summarize turns the series of one bench into its results.
func summarize(keys, messages int, all []series) []result {
	results := make([]result, len(all))
	for i, one := range all {
		results[i] = one.result(keys, messages)
	}
	channels := medianOf(results, referenceChannels)
	slices := medianOf(results, referenceSlices)
	pointers := medianOf(results, referencePointers)
	for i := range results {
		results[i].Ratio = ratio(channels, results[i].NsPerMessage)
		results[i].RatioSlices = ratio(slices, results[i].NsPerMessage)
		results[i].RatioPointers = ratio(pointers, results[i].NsPerMessage)
	}
	return results
}

// result summarizes the rounds of one system; the ratios are left open.
func (s series) result(keys, messages int) result {
	perMessage := func(elapsed time.Duration) float64 {
		return float64(elapsed.Nanoseconds()) / float64(messages)
	}
	rounds := make([]int64, len(s.elapsed))
	for i, elapsed := range s.elapsed {
		rounds[i] = elapsed.Nanoseconds()
	}
	return result{
		Bench:            fmt.Sprintf("stock/keys=%d", keys),
		System:           s.system,
		NsPerMessage:     perMessage(median(s.elapsed)),
		Messages:         messages,
		RoundsNs:         rounds,
		AllocsPerMessage: float64(median(s.mallocs)) / float64(messages),
		nsMin:            perMessage(slices.Min(s.elapsed)),
		nsMax:            perMessage(slices.Max(s.elapsed)),
	}
}

// medianOf returns the median of the system called name, zero if it is not among the results.
func medianOf(results []result, name string) float64 {
	for _, result := range results {
		if result.System == name {
			return result.NsPerMessage
		}
	}
	return 0
}

// ratio divides the median of a reference by that of a system; nil stands for a reference that did not
// run.
func ratio(reference, own float64) *float64 {
	if reference == 0 {
		return nil
	}
	ratio := reference / own
	return &ratio
}

// median returns the middle value, or the lower one of the two middle values.
func median[T cmp.Ordered](values []T) T {
	sorted := slices.Clone(values)
	slices.Sort(sorted)
	return sorted[(len(sorted)-1)/2]
}
