package partita

import (
	"strings"
	"sync/atomic"
)

// blame is an error with which a computation made the application fail, and the text that the engine
// was given for it.
type blame struct {
	text string
	err  error
}

// blamed is a failure of the application for which a computation's error is to blame. The text is
// that of the failure, which has the error's in it.
type blamed struct {
	error
	cause error
}

// blame notes that an error makes the application fail, if that is the policy. What is skipped is not
// kept: the error may hold on to anything.
func (policy policy) blame(text string, err error, place *atomic.Pointer[blame]) {
	if policy == stop {
		// One before it did not end the application: the message was tried again.
		place.Store(&blame{text: text, err: err})
	}
}

// refuse tells why the message at hand in a chain failed, whose code returned an error.
func refuse(chain *chain, err error, most int, place *atomic.Pointer[blame]) string {
	text := cut(chain.describe()+": "+err.Error(), most, "...")
	chain.levels[chain.at].base().policy.blame(text, err, place)
	return text
}

func (e *blamed) Unwrap() []error { return []error{e.error, e.cause} }

// withCause adds the error behind a failure, if there is one. Several workers may have had one at
// once; the text tells which of them the engine heard first.
func (engine *engine) withCause(failure error) error {
	text := failure.Error()
	places := []*atomic.Pointer[blame]{&engine.blame}
	for _, worker := range engine.workers {
		places = append(places, &worker.blame)
	}
	for _, place := range places {
		if blame := place.Load(); blame != nil && strings.HasSuffix(text, blame.text) {
			return &blamed{error: failure, cause: blame.err}
		}
	}
	return failure
}
