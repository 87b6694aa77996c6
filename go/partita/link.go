package partita

// What cannot be built is said in one sentence.
import _ "github.com/partita-stream/partita/go/partita/internal/need"
