// Command reverse reverses texts. The README tells how it is used.
package main

import (
	"slices"

	"github.com/partita-stream/partita/go/examples/internal/program"
	"github.com/partita-stream/partita/go/partita"
)

func main() { program.Main("reverse", program.In, declare) }

func declare(app *partita.Application, flags program.Flags) ([]program.Listener, error) {
	source := partita.NewTCPSource(flags.In, partita.LengthPrefixed(), decoder{})
	app.NewPipeline("reverse", source).
		To(reverse{}).
		ToSink(partita.NewTCPSink("reversed", flags.Out, encoder{}))
	return []program.Listener{source}, nil
}

// reverse turns a text round.
type reverse struct{}

func (reverse) Compute(data interface{}) interface{} {
	letters := []rune(data.(string))
	slices.Reverse(letters)
	return string(letters)
}

// decoder takes a frame for a text.
type decoder struct{}

func (decoder) Decode(frame []byte) interface{} { return string(frame) }

// encoder writes a line.
type encoder struct{}

func (encoder) Encode(data interface{}) []byte { return []byte(data.(string) + "\n") }
