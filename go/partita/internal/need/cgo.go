//go:build !cgo && ((partita_system && !musl) || (!partita_system && linux && (amd64 || (arm64 && !musl))))

package need

const _ int = "Partita is linked by cgo: set CGO_ENABLED=1, and have a C compiler"
