package partita

import "strings"

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

func (e *blamed) Unwrap() []error { return []error{e.error, e.cause} }

// withCause adds the error behind a failure, if there is one. Several workers may have had one at
// once; the text tells which of them the engine heard first.
func (engine *engine) withCause(failure error) error {
	text := failure.Error()
	for _, worker := range engine.workers {
		if blame := worker.blame.Load(); blame != nil && strings.HasSuffix(text, blame.text) {
			return &blamed{error: failure, cause: blame.err}
		}
	}
	return failure
}
