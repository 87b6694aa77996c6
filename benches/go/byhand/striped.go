package byhand

import (
	"sync"

	"github.com/partita-stream/partita/benches/go/keyed"
)

// stripes is how many maps Striped has. Tried were 16, 64, 256 and 1,024:
// 1,024 was the fastest with 1,000 keys, and as fast as 256 with 1,000,000.
const stripes = 1024

// Striped has many maps, each with a mutex; a key has one of them by its hash.
type Striped struct{}

// Name implements keyed.System.
func (Striped) Name() string { return "striped" }

// Open implements keyed.System.
func (Striped) Open(job *keyed.Job) (keyed.Runner, error) {
	striped := &striped{dealt: make(dealt, job.Workers), job: job}
	for i := range striped.stripes {
		striped.stripes[i].table = *newTable(job.Kind)
	}
	return striped, nil
}

type striped struct {
	dealt
	job     *keyed.Job
	stripes [stripes]stripe
}

// stripe fills cache lines of its own.
type stripe struct {
	lock  sync.Mutex
	table table
	_     [80]byte
}

func (striped *striped) Feed(*keyed.Input) error {
	each(striped.dealt, func(_ int, messages []*keyed.Message) {
		for _, message := range messages {
			key := striped.job.Partition(message)
			stripe := &striped.stripes[place(key, stripes)]
			stripe.lock.Lock()
			striped.job.Compute(message, stripe.table.state(key, message))
			stripe.lock.Unlock()
		}
	})
	return nil
}

func (striped *striped) States(visit func(step int, key uint64, state *keyed.State)) error {
	for i := range striped.stripes {
		striped.stripes[i].table.visit(0, visit)
	}
	return nil
}
