package workload

// Input is what a system is fed in one round: the same messages in several forms. A system takes the
// form that suits it. All exist, whichever is used, so that all systems run beside the same heap.
type Input struct {
	Messages []*SymbolMessage
	// Values holds the elements of Messages as interface values.
	Values []interface{}
	// Ticks are the same messages as values of 40 bytes.
	Ticks []Tick
	// TickValues holds pointers to copies of Ticks, each an allocation of its own.
	TickValues []interface{}
}

// NewInput returns the input made of messages.
func NewInput(messages []*SymbolMessage) *Input {
	input := &Input{
		Messages:   messages,
		Values:     make([]interface{}, len(messages)),
		Ticks:      make([]Tick, len(messages)),
		TickValues: make([]interface{}, len(messages)),
	}
	for i, message := range messages {
		tick := Tick{SymbolMessage: *message, Volume: 100, Number: int64(i)}
		input.Values[i], input.Ticks[i], input.TickValues[i] = message, tick, &tick
	}
	return input
}
