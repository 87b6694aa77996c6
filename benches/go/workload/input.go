package workload

// Input is what a system is fed in one round: the same messages in two forms. A system takes the form
// that suits it. Both exist, whichever is used, so that all systems run beside the same heap.
type Input struct {
	Messages []*SymbolMessage
	// Values holds the elements of Messages as interface values.
	Values []interface{}
}

// NewInput returns the input made of messages.
func NewInput(messages []*SymbolMessage) *Input {
	values := make([]interface{}, len(messages))
	for i, message := range messages {
		values[i] = message
	}
	return &Input{Messages: messages, Values: values}
}
