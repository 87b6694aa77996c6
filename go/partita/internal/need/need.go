// Package need fails to compile, with a sentence that says why, where package partita cannot be built. Whoever
// imports it is not compiled then, so that nothing else is said.
package need
