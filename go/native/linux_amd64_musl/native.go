// Package native carries the engine for musl on linux/amd64: importing it links the object file beside this one
// into the program. Import package partita instead, which takes the engine that a build needs. That file is
// made from the Rust source. Go hashes its content, so a rebuilt engine is noticed.
package native
