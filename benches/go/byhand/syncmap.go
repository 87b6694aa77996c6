package byhand

import (
	"sync"

	"github.com/partita-stream/partita/benches/go/keyed"
)

// SyncMap has a sync.Map of states, each with a mutex.
type SyncMap struct{}

// Name implements keyed.System.
func (SyncMap) Name() string { return "sync.Map" }

// Open implements keyed.System.
func (SyncMap) Open(job *keyed.Job) (keyed.Runner, error) {
	return &syncMap{dealt: make(dealt, job.Workers), job: job}, nil
}

type syncMap struct {
	dealt
	job    *keyed.Job
	states sync.Map
}

// lockedState is the state of one key.
type lockedState struct {
	lock  sync.Mutex
	state keyed.State
}

func (syncMap *syncMap) Feed(*keyed.Input) error {
	each(syncMap.dealt, func(_ int, messages []*keyed.Message) {
		for _, message := range messages {
			state := syncMap.state(message)
			state.lock.Lock()
			syncMap.job.Compute(message, &state.state)
			state.lock.Unlock()
		}
	})
	return nil
}

func (syncMap *syncMap) state(message *keyed.Message) *lockedState {
	var key interface{}
	if syncMap.job.Kind == keyed.Text {
		key = message.Symbol
	} else {
		key = syncMap.job.Partition(message)
	}
	state, found := syncMap.states.Load(key)
	if !found {
		state, _ = syncMap.states.LoadOrStore(key, new(lockedState))
	}
	return state.(*lockedState)
}

func (syncMap *syncMap) States(visit func(step int, key uint64, state *keyed.State)) error {
	for key, state := range syncMap.states.Range {
		number, isNumber := key.(uint64)
		if !isNumber {
			number = keyed.HashText(key.(string))
		}
		visit(0, number, &state.(*lockedState).state)
	}
	return nil
}
