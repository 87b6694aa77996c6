package peers

import "github.com/partita-stream/partita/benches/go/workload"

// Direct computes every message on the sender's goroutine, with one map. It shows what the work itself
// costs on one core; the number of workers does not matter to it.
type Direct struct{}

// Name implements workload.System.
func (Direct) Name() string { return "direct" }

// Prepare implements workload.System.
func (Direct) Prepare(workers int) (workload.Round, error) {
	return &directRound{stocks: make(table)}, nil
}

type directRound struct {
	stocks table
}

func (r *directRound) Run(input *workload.Input) error {
	for _, message := range input.Messages {
		workload.Update(message, r.stocks.stock(workload.Key(message)))
	}
	return nil
}

func (r *directRound) States(visit func(*workload.Stock)) { r.stocks.visit(visit) }

func (r *directRound) Close() error { return nil }
