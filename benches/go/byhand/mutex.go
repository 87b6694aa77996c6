package byhand

import (
	"sync"

	"github.com/partita-stream/partita/benches/go/keyed"
)

// Mutex has one map and one mutex, which every worker holds while it looks up and computes.
type Mutex struct{}

// Name implements keyed.System.
func (Mutex) Name() string { return "mutex" }

// Open implements keyed.System.
func (Mutex) Open(job *keyed.Job) (keyed.Runner, error) {
	return &mutex{dealt: make(dealt, job.Workers), job: job, table: newTable(job.Kind)}, nil
}

type mutex struct {
	dealt
	job   *keyed.Job
	lock  sync.Mutex
	table *table
}

func (mutex *mutex) Feed(*keyed.Input) error {
	each(mutex.dealt, func(_ int, messages []*keyed.Message) {
		for _, message := range messages {
			key := mutex.job.Partition(message)
			mutex.lock.Lock()
			mutex.job.Compute(message, mutex.table.state(key, message))
			mutex.lock.Unlock()
		}
	})
	return nil
}

func (mutex *mutex) States(visit func(step int, key uint64, state *keyed.State)) error {
	mutex.table.visit(0, visit)
	return nil
}
