package main

// UpdateStock keeps a new price in the part of its stock: the computation of the second form.
type UpdateStock struct {
	work work
}

// Compute takes a *Stock as the message and a *Stock as the state. It has no output.
func (update UpdateStock) Compute(data interface{}, state interface{}) (interface{}, bool) {
	message := data.(*Stock)
	stock := state.(*Stock)
	update.work.do()
	stock.Symbol = message.Symbol
	stock.Price = message.Price
	return nil, true
}

// UpdateStocks keeps a new price in the one state object: the computation of the first form.
type UpdateStocks struct {
	work work
}

// Compute takes a *Stock as the message and the *Stocks as the state. It has no output.
func (update UpdateStocks) Compute(data interface{}, state interface{}) (interface{}, bool) {
	message := data.(*Stock)
	stocks := state.(*Stocks)
	update.work.do()
	stocks.Set(message.Symbol, message.Price)
	return nil, true
}
