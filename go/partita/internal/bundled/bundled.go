//go:build !partita_system

// Package bundled carries the engine: importing it links the object file beside this one into the
// program. `make` builds that file from the Rust source. Go hashes its content, so a rebuilt engine
// is noticed.
package bundled

// #if !__has_include("made.h")
// #error "the engine is not built: run make in the top directory of Partita first"
// #endif
import "C"
