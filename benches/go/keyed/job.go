package keyed

import "hash/maphash"

// Job is what is done with the messages.
type Job struct {
	// Workers is how many goroutines or threads compute.
	Workers int
	// Keys are all that the messages have, one message for each.
	Keys []*Message
	// Declared says that a system may be told the keys beforehand.
	Declared bool
	// Kind is what the key of a message is made of.
	Kind KeyKind
	// Outputs is how many times each message goes to a sink.
	Outputs int
	// Steps is how many keyed steps a message goes through, 1 or 2.
	Steps int
	// Stateless is how many steps come before them that pass messages on, in systems that have such.
	Stateless int
	// Work is how long Compute takes besides, in turns of a loop.
	Work int
	// Batch is how many messages are sent together, by systems that send many.
	Batch int
}

// KeyKind is what the key of a message is made of.
type KeyKind int

// The kinds of keys.
const (
	// Number takes a number out of the message.
	Number KeyKind = iota
	// Symbol makes a number of a symbol of four letters.
	Symbol
	// Text is the whole symbol, compared byte by byte.
	Text
)

var seed = maphash.MakeSeed()

// HashText is what stands for a key of bytes where a number is needed.
func HashText(text string) uint64 { return maphash.String(seed, text) }

// Partition is the partition function of the first step. Of a text it is the hash.
func (job *Job) Partition(message *Message) uint64 {
	if job.Kind == Number {
		return message.Key
	}
	return job.otherKey(message)
}

func (job *Job) otherKey(message *Message) uint64 {
	if job.Kind == Symbol {
		return SymbolToKey(message.Symbol)
	}
	return HashText(message.Symbol)
}

// SecondPartition is the partition function of the second step: other keys, as many as the first.
func SecondPartition(message *Message) uint64 { return message.Key>>32 | message.Key<<32 }

// Compute takes a message into the state of its key.
func (job *Job) Compute(message *Message, state *State) {
	state.Count++
	state.Hash = state.Hash*prime + message.Value
	if job.Work > 0 {
		state.work(job.Work)
	}
}

// SymbolToKey reads a symbol as a big-endian number of four bytes. A shorter symbol is padded on the left
// with spaces; of a longer one the first four bytes count.
func SymbolToKey(symbol string) uint64 {
	if len(symbol) >= 4 {
		return uint64(uint32(symbol[3]) | uint32(symbol[2])<<8 | uint32(symbol[1])<<16 | uint32(symbol[0])<<24)
	}
	key := uint32(0x20202020)
	for i := 0; i < len(symbol); i++ {
		key = key<<8 | uint32(symbol[i])
	}
	return uint64(key)
}
