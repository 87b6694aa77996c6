package keyed

import (
	"math"
	"math/rand/v2"
	"sort"
)

const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

// SymbolsMax is how many symbols of four letters there are, and so how many keys of kind [Symbol].
const SymbolsMax = len(alphabet) * len(alphabet) * len(alphabet) * len(alphabet)

// Keys returns one message for each of n keys. A key is a number with scattered bits; a symbol of four letters,
// or with kind Text of twelve.
func Keys(n int, kind KeyKind) []*Message {
	all := make([]Message, n)
	keys := make([]*Message, n)
	for i := range keys {
		keys[i] = &all[i]
		all[i] = Message{Key: mix(uint64(i) + 1), Value: uint64(i)}
		if kind != Number {
			// 1,000,003 has no divisor in common with the number of symbols: none comes twice.
			all[i].Symbol = symbolOf(i * 1_000_003 % SymbolsMax)
		}
		if kind == Text {
			all[i].Symbol = "exchange" + all[i].Symbol
		}
	}
	return keys
}

func symbolOf(number int) string {
	var symbol [4]byte
	for i := range symbol {
		symbol[i] = alphabet[number%len(alphabet)]
		number /= len(alphabet)
	}
	return string(symbol[:])
}

// Messages returns n messages, each an allocation of its own, that draw their keys uniformly, or with a
// positive exponent by Zipf's law.
func Messages(keys []*Message, n int, zipf float64) []*Message {
	draw := uniform(len(keys))
	if zipf > 0 {
		draw = zipfian(len(keys), zipf)
	}
	messages := make([]*Message, n)
	for i := range messages {
		key := keys[draw()]
		messages[i] = &Message{Key: key.Key, Value: mix(uint64(i)), Symbol: key.Symbol}
	}
	return messages
}

func uniform(n int) func() int {
	random := rand.New(rand.NewPCG(5, 0))
	return func() int { return random.IntN(n) }
}

// zipfian draws i with a chance of 1/(i+1)^exponent, by its sums.
func zipfian(n int, exponent float64) func() int {
	sums := make([]float64, n)
	sum := 0.0
	for i := range sums {
		sum += math.Pow(float64(i+1), -exponent)
		sums[i] = sum
	}
	random := rand.New(rand.NewPCG(5, 0))
	return func() int { return min(sort.SearchFloat64s(sums, random.Float64()*sum), n-1) }
}

// Deal deals messages out by their key, so that each key's stay together and in order.
func Deal(messages []*Message, ways int) [][]*Message {
	dealt := make([][]*Message, ways)
	if ways == 1 {
		dealt[0] = messages
		return dealt
	}
	for _, message := range messages {
		way := mix(message.Key) % uint64(ways)
		dealt[way] = append(dealt[way], message)
	}
	return dealt
}
