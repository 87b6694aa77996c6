package main

// Stock is a price of one stock: the message that tells a new price, and also the state part of
// the second form, which keeps the last one.
type Stock struct {
	// Symbol is the name the stock is traded under. It is empty in a state part that no message
	// has reached yet.
	Symbol string
	// Price is the price.
	Price float64
}

// GetSymbol tells which stock it is.
func (stock *Stock) GetSymbol() string { return stock.Symbol }

// SymbolMessage is a message that concerns one stock.
type SymbolMessage interface {
	// GetSymbol tells which stock.
	GetSymbol() string
}

// Stocks is the state of the first form: the last price of every stock, in one object.
type Stocks struct {
	bySymbol map[string]*Stock
}

// NewStocks makes a state without stocks.
func NewStocks() *Stocks { return &Stocks{bySymbol: make(map[string]*Stock)} }

// Get returns the stock of a symbol, or nil if it has none.
func (stocks *Stocks) Get(symbol string) *Stock { return stocks.bySymbol[symbol] }

// Set keeps a price.
func (stocks *Stocks) Set(symbol string, price float64) {
	stock := stocks.Get(symbol)
	if stock == nil {
		stock = &Stock{Symbol: symbol}
		stocks.bySymbol[symbol] = stock
	}
	stock.Price = price
}

// All returns a copy of every stock, in no particular order.
func (stocks *Stocks) All() []Stock {
	all := make([]Stock, 0, len(stocks.bySymbol))
	for _, stock := range stocks.bySymbol {
		all = append(all, *stock)
	}
	return all
}
