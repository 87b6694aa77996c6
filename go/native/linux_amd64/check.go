//go:build linux && amd64

package native

// #include <stdlib.h>
// #if !defined(__GLIBC__)
// #error "this C compiler is not for glibc, which the engine needs: for musl, build with -tags musl"
// #elif !__has_include("made.h")
// #error "the engine for linux/amd64 is not built: run make in the top directory of Partita first"
// #endif
import "C"
