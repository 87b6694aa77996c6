// Command celsius turns temperatures in degrees Celsius into degrees Fahrenheit. The README tells how it is
// used.
package main

import (
	"encoding/binary"
	"fmt"
	"math"
	"strconv"

	"github.com/partita-stream/partita/go/examples/internal/program"
	"github.com/partita-stream/partita/go/partita"
)

func main() { program.Main("celsius", program.In, declare) }

func declare(app *partita.Application, flags program.Flags) ([]program.Listener, error) {
	source := partita.NewTCPSourceOf(flags.In, partita.LengthPrefixed(), decode)
	sink := partita.NewTCPSinkOf("fahrenheit", flags.Out, encode)

	celsius := partita.NewPipelineOf(app, "celsius", source)
	multiplied := partita.To(celsius, multiply, partita.WithName("multiply by 1.8"))
	partita.To(multiplied, add, partita.WithName("add 32")).ToSink(sink)
	return []program.Listener{source}, nil
}

// multiply and add compute in float32 throughout: each result is rounded.
func multiply(degrees float32) (float32, bool, error) { return degrees * 1.8, true, nil }

func add(degrees float32) (float32, bool, error) { return degrees + 32, true, nil }

// decode reads a big-endian float32.
func decode(frame []byte) (float32, bool, error) {
	if len(frame) != 4 {
		return 0, false, fmt.Errorf("a frame of %d bytes: expected a float32 of 4", len(frame))
	}
	return math.Float32frombits(binary.BigEndian.Uint32(frame)), true, nil
}

// encode writes a line with six decimals.
func encode(out []byte, degrees float32) ([]byte, error) {
	return append(strconv.AppendFloat(out, float64(degrees), 'f', 6, 64), '\n'), nil
}
