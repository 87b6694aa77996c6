package partita

import (
	"errors"
	"strings"
	"testing"
)

// of calls a function with a number that has a type of C.
func of[T ~int32, R any](call func(T) R, number int) R { return call(T(number)) }

func TestEveryStatusHasItsError(t *testing.T) {
	want := map[string]error{
		"PARTITA_INVALID_ARGUMENT": ErrInvalidArgument,
		"PARTITA_INVALID_UTF8":     ErrInvalidArgument,
		"PARTITA_INVALID_TOPOLOGY": ErrInvalidTopology,
		"PARTITA_INVALID_HANDLE":   ErrClosed,
		"PARTITA_NOT_STARTED":      ErrNotStarted,
		"PARTITA_ALREADY_STARTED":  ErrAlreadyStarted,
		"PARTITA_WOULD_BLOCK":      ErrWouldBlock,
		"PARTITA_STOPPED":          ErrStopped,
		"PARTITA_CLOSED":           ErrClosed,
		"PARTITA_FAILED":           ErrFailed,
		"PARTITA_WOULD_DEADLOCK":   ErrWouldDeadlock,
		"PARTITA_BUSY":             ErrBusy,
		"PARTITA_NOT_FOUND":        ErrNotFound,
		"PARTITA_FORKED":           ErrForked,
		"PARTITA_ADDRESS":          ErrAddress,
	}
	for number := range 100 {
		name, err := of(statusName, number), of(sentinel, number)
		expected, known := want[name]
		delete(want, name)
		switch {
		case known && err != expected:
			t.Errorf("%s is %v, expected %v", name, err, expected)
		case !known && (!errors.Is(err, ErrInternal) || !strings.HasSuffix(err.Error(), name)):
			t.Errorf("%s is %v, expected an internal error of this name", name, err)
		}
	}
	for name := range want {
		t.Errorf("no status is named %s", name)
	}
}
