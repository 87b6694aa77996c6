package main

import (
	"slices"

	"github.com/partita-stream/partita/benches/go/figures"
)

// point is a median with the least and the most of its rounds.
type point struct{ x, y, min, max float64 }

// line is one system.
type line struct {
	name   string
	points []point
	// dashed lines are more of the same system, which is named up to a comma.
	dashed bool
}

// chart is one plot.
type chart struct {
	file, title, x, y string
	lines             []line
}

// at is a bench that stands at a place of the axis.
type at struct {
	x     float64
	bench string
}

// The systems that are plotted.
var (
	goSystems   = []string{"direct", "cores", "mutex", "striped", "sync.Map", "channels", "slices", "actors", "partita", "partita-typed"}
	goRouters   = []string{"direct", "channels", "slices", "partita", "partita-typed"}
	cSystems    = []string{"c-direct", "c-pthreads", "partita-c"}
	rustSystems = []string{"rust-direct", "rust-channels", "rust-timely", "partita-rust"}
)

var (
	byKeys = []at{{1, "keys=1"}, {4, "keys=4"}, {10, "keys=10"}, {100, "keys=100"}, {1_000, "base"},
		{10_000, "keys=10000"}, {100_000, "keys=100000"}, {1_000_000, "keys=1000000"}}
	byAllKeys = append(slices.Clone(byKeys), at{10_000_000, "keys=10000000"})
	byBatch   = []at{{1, "batch=1"}, {8, "batch=8"}, {64, "batch=64"}, {512, "batch=512"}, {1024, "base"}, {4096, "batch=4096"}}
	byWorkers = []at{{1, "workers=1"}, {2, "base"}, {4, "workers=4"}, {8, "workers=8"}}
)

// elsewhere are the benches of a program in another language by keys.
func elsewhere(language string) (places []at) {
	for _, keys := range []at{{1, "1"}, {1_000, "1000"}, {10_000, "10000"}, {1_000_000, "1000000"}, {10_000_000, "10000000"}} {
		places = append(places, at{keys.x, language + ",keys=" + keys.bench})
	}
	return places
}

// notWithMostKeys are systems that are not run with 10,000,000 keys.
var notWithMostKeys = []string{"mutex", "striped", "sync.Map", "actors"}

// plots are all there are.
func (measured *measured) plots() []chart {
	keys := chart{file: "keys.png", title: "Go, by keys", x: "keys", y: nanoseconds}
	for _, system := range goSystems {
		places := byAllKeys
		if slices.Contains(notWithMostKeys, system) {
			places = byKeys
		}
		keys.lines = append(keys.lines, measured.line(system, places))
	}
	return []chart{
		keys,
		measured.chart("keys-c.png", "C, by keys", "keys", cSystems, elsewhere("c")),
		measured.chart("keys-rust.png", "Rust, by keys", "keys", rustSystems, elsewhere("rust")),
		measured.chart("batch.png", "Go, by messages in a batch", "messages in a batch", goRouters, byBatch),
		measured.chart("workers.png", "Go, by workers", "workers", goRouters, byWorkers),
		measured.latencies(),
	}
}

const nanoseconds = "ns a message"

func (measured *measured) chart(file, title, x string, systems []string, places []at) chart {
	chart := chart{file: file, title: title, x: x, y: nanoseconds}
	for _, system := range systems {
		chart.lines = append(chart.lines, measured.line(system, places))
	}
	return chart
}

// line is a system in several benches.
func (measured *measured) line(system string, places []at) line {
	line := line{name: system}
	for _, place := range places {
		result := measured.result(place.bench, system)
		if len(result.RoundsNs) == 0 {
			continue
		}
		each := float64(result.Messages)
		line.points = append(line.points, point{place.x, result.NsPerMessage,
			float64(slices.Min(result.RoundsNs)) / each, float64(slices.Max(result.RoundsNs)) / each})
	}
	return line
}

// latencies are percentiles by load.
func (measured *measured) latencies() chart {
	chart := chart{file: "latency.png", title: "From when a message is due to the sink", x: "% of the highest rate", y: "us"}
	loads := []at{{10, "10 %"}, {50, "50 %"}, {80, "80 %"}}
	for _, system := range []string{"channels", "partita", "partita-typed", "partita-buffered"} {
		for _, percentile := range []string{"p50", "p99"} {
			line := line{name: system + ", " + percentile, dashed: percentile == "p99"}
			for _, load := range loads {
				line.points = append(line.points, pointOf(load.x, measured.figure("latency", load.bench, system, percentile)))
			}
			chart.lines = append(chart.lines, line)
		}
	}
	return chart
}

func pointOf(x float64, figure figures.Figure) point {
	return point{x, figure.Median, figure.Min, figure.Max}
}
