package main

import "github.com/partita-stream/partita/benches/go/figures"

// reference is the system that Ratio compares with.
const reference = "channels"

// summarize turns the series of one bench into its results.
func summarize(bench bench, all []series) []figures.Result {
	results := make([]figures.Result, len(all))
	for i, series := range all {
		results[i] = series.result(bench)
	}
	compare(results)
	return results
}

// compare fills the ratios of one bench's results in.
func compare(results []figures.Result) {
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

func (series series) result(bench bench) figures.Result {
	var mallocs []uint64
	var shares []float64
	result := figures.Result{Bench: bench.name, System: series.system, Messages: bench.messages}
	for _, sample := range series.rounds {
		result.RoundsNs = append(result.RoundsNs, sample.elapsed.Nanoseconds())
		mallocs = append(mallocs, sample.mallocs)
		shares = append(shares, sample.collecting.Seconds()/sample.elapsed.Seconds())
	}
	result.NsPerMessage = float64(figures.Median(result.RoundsNs)) / float64(bench.messages)
	result.AllocsPerMessage = float64(figures.Median(mallocs)) / float64(bench.messages)
	result.GCShare = figures.Median(shares)
	return result
}
