package workload

// UpdateStock is the state computation: it keeps the price of a message in the state of its key.
type UpdateStock struct{}

// Compute stores data, a *SymbolMessage, in state, a *Stock. It has no output and always changes the
// state.
func (UpdateStock) Compute(data interface{}, state interface{}) (interface{}, bool) {
	Update(data.(*SymbolMessage), state.(*Stock))
	return nil, true
}

// Update is Compute for callers that know the types of their messages and states.
func Update(message *SymbolMessage, stock *Stock) {
	stock.Symbol = message.Symbol
	stock.Price = message.Price
}
