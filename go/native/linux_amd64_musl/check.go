//go:build linux && amd64

package native

// #include <stdlib.h>
// #if defined(__GLIBC__)
// #error "the tag musl needs a C compiler for musl, and this one is for glibc: set CC, or leave out the tag"
// #elif !__has_include("made.h")
// #error "the engine for musl on linux/amd64 is not built: run make in the top directory of Partita first"
// #endif
import "C"
