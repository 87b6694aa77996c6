// Package stepped is how package partitatest gets at an application. It has what package partita does
// not offer to everybody.
package stepped

import "errors"

// Start starts an application, a *partita.Application, that is run step by step in the order that
// seed decides. What it returns has the methods that package partitatest asks for. Package partita
// sets it.
var Start func(app any, seed uint64) (any, error)

// ErrFault is a fault that a test has asked for.
var ErrFault = errors.New("injected fault")
