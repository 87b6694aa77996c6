package main

import (
	"runtime/metrics"
	"time"
)

// allocated reads how many objects were ever allocated, and how long their collection has taken all processors.
func allocated() (objects uint64, collecting time.Duration) {
	samples := []metrics.Sample{{Name: "/gc/heap/allocs:objects"}, {Name: "/cpu/classes/gc/total:cpu-seconds"}}
	metrics.Read(samples)
	return samples[0].Value.Uint64(), time.Duration(samples[1].Value.Float64() * float64(time.Second))
}
