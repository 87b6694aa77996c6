//go:build cgo && !partita_system && musl && linux && amd64

package partita

// The engine for musl on linux/amd64.
import _ "github.com/partita-stream/partita/go/native/linux_amd64_musl"
