package keyed

// prime is the multiplier of a state's memory.
const prime = 0x9e3779b97f4a7c15

// Message is one message.
type Message struct {
	Key, Value uint64
	Symbol     string
}

// State is the state of one key.
type State struct {
	// Count and Hash are of its messages; Hash depends on their order.
	Count, Hash uint64
	// Work is what computing for longer comes to.
	Work uint64
}

// Tally is what a sink was given, in whatever order.
type Tally struct{ Count, Sum uint64 }

// Add takes a message.
func (tally *Tally) Add(message *Message) {
	tally.Count++
	tally.Sum += mix(message.Value)
}

// mix scatters the bits of a number (the finalizer of SplitMix64).
func mix(bits uint64) uint64 {
	bits = (bits ^ bits>>30) * 0xbf58476d1ce4e5b9
	bits = (bits ^ bits>>27) * 0x94d049bb133111eb
	return bits ^ bits>>31
}
