package partita

// #include "bridge.h"
import "C"

import (
	"fmt"
	"unsafe"
)

// Form is how [Application.Describe] writes.
type Form int

const (
	// Text is lines for people.
	Text Form = C.PARTITA_DESCRIBE_TEXT
	// JSON is one JSON object, on one line.
	JSON Form = C.PARTITA_DESCRIBE_JSON
	// Mermaid is a flowchart in the language of mermaid.js.org.
	Mermaid Form = C.PARTITA_DESCRIBE_MERMAID
)

// Describe draws the checked plan: the partitions, and for each pipeline its steps (kind, partition,
// kind of key, policy) and sinks. It may be called before and after Start. Before it, the error tells
// every mistake, as [Application.Check] does; after Close it is [ErrClosed].
func (app *Application) Describe(form Form) (string, error) {
	if form < Text || form > Mermaid {
		return "", fmt.Errorf("%s: %w: form %d: expected Text, JSON or Mermaid", app.path(), ErrInvalidArgument, form)
	}
	app.lock.Lock()
	defer app.lock.Unlock()
	if engine := app.engine.Load(); engine != nil {
		return engine.describe(form)
	}
	if app.over.Load() {
		return "", fmt.Errorf("%s: %w", app.path(), ErrClosed)
	}
	engine, err := app.assemble(nil)
	if err != nil {
		return "", err
	}
	defer engine.discard()
	return engine.describe(form)
}

// describe asks for the length first: what is described does not change.
func (engine *engine) describe(form Form) (string, error) {
	var size C.size_t
	var object C.partita_error
	status := C.partita_app_describe(engine.app, C.uint32_t(form), nil, 0, &size, &object)
	text := make([]byte, size+1)
	if status == C.PARTITA_OK {
		status = C.partita_app_describe(engine.app, C.uint32_t(form), (*C.char)(unsafe.Pointer(&text[0])),
			C.size_t(len(text)), nil, &object)
	}
	if status != C.PARTITA_OK {
		return "", engine.failure(engine.path, status, object)
	}
	return string(text[:size]), nil
}
