// Package figures holds what the benchmarks measure: they write it to files, and the report reads them.
//
// Every program takes the options -out, -try and -rounds, measures its systems in turn, and writes one file: what
// was run, on which source, and for each number its rounds, their median, least and most, and ratios of medians. The
// comparison of keyed state has a file in a form of its own, an array of Result, beside the one that tells of the run.
package figures
