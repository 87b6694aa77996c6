package byhand

import "github.com/partita-stream/partita/benches/go/keyed"

// Cores is no program but a limit: the messages are dealt to the workers and their states looked up before
// the clock starts. What is left is to compute, on all cores, without routing, queue or lookup.
type Cores struct{}

// Name implements keyed.System.
func (Cores) Name() string { return "cores" }

// Open implements keyed.System.
func (Cores) Open(job *keyed.Job) (keyed.Runner, error) {
	cores := &cores{job: job, tables: make([]*table, job.Workers)}
	for i := range cores.tables {
		cores.tables[i] = newTable(job.Kind)
	}
	return cores, nil
}

type cores struct {
	job    *keyed.Job
	tables []*table
	dealt  [][]pair
}

// pair is a message with its state.
type pair struct {
	message *keyed.Message
	state   *keyed.State
}

// Prepare implements keyed.Preparer. States are looked up alike in all rounds, so that their memory is, too.
func (cores *cores) Prepare(input *keyed.Input) {
	workers := len(cores.tables)
	cores.dealt = make([][]pair, workers)
	for _, messages := range input.Messages {
		for i, part := range keyed.Deal(messages, workers) {
			for _, message := range part {
				state := cores.tables[i].state(cores.job.Partition(message), message)
				cores.dealt[i] = append(cores.dealt[i], pair{message, state})
			}
		}
	}
}

func (cores *cores) Feed(*keyed.Input) error {
	each(cores.dealt, func(_ int, pairs []pair) {
		job := cores.job
		for _, pair := range pairs {
			job.Compute(pair.message, pair.state)
		}
	})
	return nil
}

func (cores *cores) States(visit func(step int, key uint64, state *keyed.State)) error {
	for _, table := range cores.tables {
		table.visit(0, visit)
	}
	return nil
}

func (cores *cores) Outputs() keyed.Tally { return keyed.Tally{} }

func (cores *cores) Close() error { return nil }
