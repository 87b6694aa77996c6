package byhand

import "github.com/partita-stream/partita/benches/go/keyed"

// Direct computes every message on one goroutine, with one map: what the work itself costs on one core. It
// neither sends nor has workers. Its order is that of one sender after the other.
type Direct struct{}

// Name implements keyed.System.
func (Direct) Name() string { return "direct" }

// Open implements keyed.System.
func (Direct) Open(job *keyed.Job) (keyed.Runner, error) {
	tables := []*table{newTable(job.Kind)}
	if job.Steps == 2 {
		tables = append(tables, newTable(keyed.Number))
	}
	return &direct{job: job, tables: tables}, nil
}

type direct struct {
	job     *keyed.Job
	tables  []*table
	outputs keyed.Tally
}

func (direct *direct) Feed(input *keyed.Input) error {
	for _, messages := range input.Messages {
		if direct.job.Steps == 1 && direct.job.Outputs == 0 {
			direct.loop(messages)
		} else {
			direct.loopOn(messages)
		}
	}
	return nil
}

// loop is for one step without outputs.
func (direct *direct) loop(messages []*keyed.Message) {
	job, table := direct.job, direct.tables[0]
	for _, message := range messages {
		job.Compute(message, table.state(job.Partition(message), message))
	}
}

// loopOn is for what goes on behind the first step.
func (direct *direct) loopOn(messages []*keyed.Message) {
	job := direct.job
	for _, message := range messages {
		job.Compute(message, direct.tables[0].state(job.Partition(message), message))
		if len(direct.tables) == 2 {
			job.Compute(message, direct.tables[1].state(keyed.SecondPartition(message), message))
		}
		for range job.Outputs {
			direct.outputs.Add(message)
		}
	}
}

func (direct *direct) States(visit func(step int, key uint64, state *keyed.State)) error {
	for step, table := range direct.tables {
		table.visit(step, visit)
	}
	return nil
}

func (direct *direct) Outputs() keyed.Tally { return direct.outputs }

func (direct *direct) Close() error { return nil }
