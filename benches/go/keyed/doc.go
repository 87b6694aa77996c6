// Package keyed holds what the benchmarks run: messages, their partition function, the state of a key, and
// what is computed. A System runs a Job; whatever runs it must leave the same states.
//
// A state remembers its messages in their order: one that is lost, repeated or out of order shows.
package keyed
