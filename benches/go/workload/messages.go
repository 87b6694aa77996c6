package workload

import (
	"fmt"
	"math/rand/v2"
)

// symbolAlphabet holds the characters a generated symbol is made of.
const symbolAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

// SymbolsMax is the number of different symbols there are.
const SymbolsMax = len(symbolAlphabet) * len(symbolAlphabet) * len(symbolAlphabet) * len(symbolAlphabet)

// Messages returns n messages over the given number of keys, the same ones for the same seed. Each
// message chooses its symbol uniformly. Every message is an allocation of its own, while the messages
// of one symbol share its string. No two messages have the same price, so that a message lost or out
// of order shows in the final states. It panics if keys is not between 1 and SymbolsMax.
func Messages(keys, n int, seed uint64) []*SymbolMessage {
	random := rand.New(rand.NewPCG(seed, 0))
	symbols := distinctSymbols(keys, random)
	messages := make([]*SymbolMessage, n)
	for i := range messages {
		messages[i] = &SymbolMessage{
			Symbol: symbols[random.IntN(keys)],
			Price:  1 + float64(i)/100,
		}
	}
	return messages
}

// distinctSymbols draws symbols without putting them back.
func distinctSymbols(count int, random *rand.Rand) []string {
	if count < 1 || count > SymbolsMax {
		panic(fmt.Sprintf("workload: %d keys asked for, there can be 1 to %d", count, SymbolsMax))
	}
	numbers := make([]int32, SymbolsMax)
	for i := range numbers {
		numbers[i] = int32(i)
	}
	symbols := make([]string, count)
	for i := range symbols {
		j := i + random.IntN(len(numbers)-i)
		numbers[i], numbers[j] = numbers[j], numbers[i]
		symbols[i] = symbolOf(int(numbers[i]))
	}
	return symbols
}

// symbolOf writes a number below SymbolsMax in the digits of symbolAlphabet.
func symbolOf(number int) string {
	var symbol [keyLength]byte
	for i := range symbol {
		symbol[i] = symbolAlphabet[number%len(symbolAlphabet)]
		number /= len(symbolAlphabet)
	}
	return string(symbol[:])
}
