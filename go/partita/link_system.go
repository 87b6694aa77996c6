//go:build partita_system

package partita

// With the build tag partita_system an installed engine is linked, which pkg-config finds.

// #cgo pkg-config: partita
import "C"
