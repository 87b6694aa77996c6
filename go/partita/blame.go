package partita

import (
	"slices"
	"strings"
	"sync"
)

// blame is an error with which a computation made the application fail, and the text that the engine
// was given for it.
type blame struct {
	text string
	err  error
}

// blamePlace is where it is noted that an error makes the application fail.
type blamePlace interface{ Store(*blame) }

// blames are those of goroutines that send. There are no more than fail at once: who sends afterwards is
// refused.
type blames struct {
	lock sync.Mutex
	all  []*blame
}

// Store notes one more.
func (blames *blames) Store(one *blame) {
	blames.lock.Lock()
	defer blames.lock.Unlock()
	blames.all = append(blames.all, one)
}

// list is all of them.
func (blames *blames) list() []*blame {
	blames.lock.Lock()
	defer blames.lock.Unlock()
	return slices.Clone(blames.all)
}

// blamed is a failure of the application for which a computation's error is to blame. The text is
// that of the failure, which has the error's in it.
type blamed struct {
	error
	cause error
}

// blame notes that an error makes the application fail, if that is the policy. What is skipped is not
// kept: the error may hold on to anything.
func (policy policy) blame(text string, err error, place blamePlace) {
	if policy == stop {
		// One before it did not end the application: the message was tried again.
		place.Store(&blame{text: text, err: err})
	}
}

// refuse tells why the message at hand in a chain failed, whose code returned an error.
func refuse(chain *chain, err error, most int, place blamePlace) string {
	text := cut(chain.describe()+": "+err.Error(), most, "...")
	chain.levels[chain.at].base().policy.blame(text, err, place)
	return text
}

func (e *blamed) Unwrap() []error { return []error{e.error, e.cause} }

// withCause adds the error behind a failure, if there is one. Several workers and goroutines that send may
// have had one at once; the text tells which of them the engine heard first.
func (engine *engine) withCause(failure error) error {
	text := failure.Error()
	blames := engine.blames.list()
	for _, worker := range engine.workers {
		blames = append(blames, worker.blame.Load())
	}
	for _, blame := range blames {
		if blame != nil && strings.HasSuffix(text, blame.text) {
			return &blamed{error: failure, cause: blame.err}
		}
	}
	return failure
}
