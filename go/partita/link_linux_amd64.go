//go:build cgo && !partita_system && !musl && linux

package partita

// The engine for linux/amd64.
import _ "github.com/partita-stream/partita/go/native/linux_amd64"
