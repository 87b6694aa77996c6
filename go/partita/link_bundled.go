//go:build !partita_system

package partita

// By default the engine is linked from inside this module.
import _ "github.com/partita-stream/partita/go/partita/internal/bundled"
