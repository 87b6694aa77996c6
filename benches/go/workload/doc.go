// Package workload holds the stock workload of the benchmarks: its messages, its state, what is
// computed, and the checksum by which the results of different systems are compared.
//
// Every message carries the newest price of one stock. The symbol of the stock is the key, and the
// state of a key is its Stock. A system that runs the workload implements System.
package workload
