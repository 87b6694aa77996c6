package workload

// Tick is a message of 40 bytes, for systems that compare messages that are values with pointers.
type Tick struct {
	SymbolMessage
	Volume, Number int64
}

// TickPartitionFunction finds the key of a *Tick.
type TickPartitionFunction struct{}

// Partition returns the key of data, which must be a *Tick.
func (TickPartitionFunction) Partition(data interface{}) uint64 { return TickKey(*data.(*Tick)) }

// TickKey is the key of a tick.
func TickKey(tick Tick) uint64 { return symbolToKey(tick.Symbol) }

// UpdateTick is UpdateStock for a *Tick.
type UpdateTick struct{}

// Compute stores data, a *Tick, in state, a *Stock.
func (UpdateTick) Compute(data interface{}, state interface{}) (interface{}, bool) {
	Update(&data.(*Tick).SymbolMessage, state.(*Stock))
	return nil, true
}
