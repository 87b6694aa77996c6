//go:build !partita_system

// Package bundled carries the engine: importing it links the object file beside this one into the
// program. `make` builds that file from the Rust source. Go hashes its content, so a rebuilt engine
// is noticed.
package bundled
