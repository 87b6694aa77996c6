package partita

// #include "bridge.h"
import "C"

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"unsafe"
)

// text copies text that the engine lends.
func text(lent C.partita_str) string {
	return string(unsafe.Slice((*byte)(unsafe.Pointer(lent.ptr)), lent.len))
}

// statusName is the name of a status in partita.h.
func statusName(status C.partita_status) string { return text(C.partita_status_name(status)) }

// sentinel is the error that stands for a status.
func sentinel(status C.partita_status) error {
	switch status {
	case C.PARTITA_INVALID_ARGUMENT, C.PARTITA_INVALID_UTF8:
		return ErrInvalidArgument
	case C.PARTITA_INVALID_TOPOLOGY:
		return ErrInvalidTopology
	case C.PARTITA_NOT_STARTED:
		return ErrNotStarted
	case C.PARTITA_ALREADY_STARTED:
		return ErrAlreadyStarted
	case C.PARTITA_WOULD_BLOCK:
		return ErrWouldBlock
	case C.PARTITA_STOPPED:
		return ErrStopped
	// Handles go stale only when their application is freed.
	case C.PARTITA_CLOSED, C.PARTITA_INVALID_HANDLE:
		return ErrClosed
	case C.PARTITA_FAILED:
		return ErrFailed
	case C.PARTITA_WOULD_DEADLOCK:
		return ErrWouldDeadlock
	case C.PARTITA_BUSY:
		return ErrBusy
	case C.PARTITA_NOT_FOUND:
		return ErrNotFound
	case C.PARTITA_ADDRESS:
		return ErrAddress
	case C.PARTITA_FORKED:
		return ErrForked
	}
	return fmt.Errorf("%w: %s", ErrInternal, statusName(status))
}

// mistakes reads an error object of the engine, and frees it.
func mistakes(object C.partita_error) []Mistake {
	defer C.partita_error_free(object)
	var size C.size_t
	if C.partita_error_len(object, &size) != C.PARTITA_OK {
		return nil
	}
	var list []Mistake
	for i := range size {
		item := C.partita_error_item{size: C.sizeof_partita_error_item}
		if C.partita_error_get(object, i, &item) == C.PARTITA_OK {
			list = append(list, Mistake{Path: text(item.path), Message: text(item.message)})
		}
	}
	return list
}

// reason reads an error object of the engine as text, and frees it. It leaves out places that hold the
// path, which the reader knows.
func reason(path string, object C.partita_error) string {
	var lines []string
	for _, mistake := range mistakes(object) {
		line := mistake.Message
		if !strings.HasPrefix(path, mistake.Path) {
			line = mistake.Path + ": " + line
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, "\n")
}

// failure is the error of a call that the engine refused.
func failure(path string, status C.partita_status, object C.partita_error) error {
	why, err := reason(path, object), sentinel(status)
	switch err {
	case ErrNotStarted, ErrAlreadyStarted, ErrStopped, ErrClosed, ErrWouldDeadlock:
		why = "" // the engine says no more than that
	}
	if why == "" {
		return fmt.Errorf("%s: %w", path, err)
	}
	return fmt.Errorf("%s: %w: %s", path, err, why)
}

// noContext is the error of a call without a context.
func noContext(path string) error {
	return fmt.Errorf("%s: %w: the context is nil", path, ErrInvalidArgument)
}

// ended is the error of a call that a context ended, and what it was waiting for.
func ended(ctx context.Context, path, waiting string) error {
	err := ctx.Err()
	if cause := context.Cause(ctx); !errors.Is(cause, err) {
		err = fmt.Errorf("%w: %w", err, cause)
	}
	if waiting != "" {
		return fmt.Errorf("%s: %w: %s", path, err, waiting)
	}
	return fmt.Errorf("%s: %w", path, err)
}
