package partita

import (
	"errors"
	"strings"
)

// Errors are wrapped with the path of what they concern; find them with [errors.Is].
var (
	// ErrInvalidTopology is a declaration with mistakes; the text lists every one, and [errors.As]
	// with a [*TopologyError] gives them one by one.
	ErrInvalidTopology = errors.New("invalid topology")
	// ErrInvalidArgument is an argument that cannot be: a nil message or context, a batch without
	// room, a name that is not UTF-8.
	ErrInvalidArgument = errors.New("invalid argument")
	// ErrNotStarted is a call that needs a started application.
	ErrNotStarted = errors.New("application not started")
	// ErrAlreadyStarted is a declaration or a start after the start.
	ErrAlreadyStarted = errors.New("application already started")
	// ErrStopped is sending after Stop, or polling when nothing can come any more.
	ErrStopped = errors.New("application stopped")
	// ErrClosed is the use of a closed application.
	ErrClosed = errors.New("application closed")
	// ErrFailed is the use of an application that failed; the text says why.
	ErrFailed = errors.New("application failed")
	// ErrWouldBlock is TrySend without credits, or TryPoll without outputs.
	ErrWouldBlock = errors.New("would block")
	// ErrWouldDeadlock is a call on a worker that would wait for that worker.
	ErrWouldDeadlock = errors.New("would deadlock: called inside a computation, sink or handler")
	// ErrBusy is reading states while messages are in flight, or while somebody else reads them.
	ErrBusy = errors.New("in use")
	// ErrNotFound is a partition that does not exist, or a key that is not in quarantine.
	ErrNotFound = errors.New("not found")
	// ErrAddress is a start with an address that does not resolve, or cannot be listened on. What was
	// declared can be started again.
	ErrAddress = errors.New("address cannot be used")
	// ErrVersion is the first use of a library of another ABI, or of an older version, than this package was
	// written for; the text names both.
	ErrVersion = errors.New("package and library do not go together")
	// ErrForked is any use in a child process made by fork.
	ErrForked = errors.New("the process was forked")
	// ErrInternal is a defect in the engine.
	ErrInternal = errors.New("internal error")
)

// TopologyError lists what is wrong with a declaration. It is an [ErrInvalidTopology].
type TopologyError struct {
	// Mistakes has at least one.
	Mistakes []Mistake
}

// Mistake is one thing that is wrong with a declaration.
type Mistake struct {
	// Path says where, as in `application "x" / pipeline "y" / step 2 "z"`.
	Path string
	// Message says what is wrong, and what was expected.
	Message string
}

// Error lists the mistakes, one a line.
func (e *TopologyError) Error() string {
	var text strings.Builder
	text.WriteString(ErrInvalidTopology.Error())
	for _, mistake := range e.Mistakes {
		text.WriteString("\n" + mistake.Path + ": " + mistake.Message)
	}
	return text.String()
}

// Is tells that it is an [ErrInvalidTopology].
func (e *TopologyError) Is(target error) bool { return target == ErrInvalidTopology }
