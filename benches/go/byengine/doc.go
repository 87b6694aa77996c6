// Package byengine runs the jobs of the benchmarks on Partita: once by its interfaces, once by its typed API.
package byengine
