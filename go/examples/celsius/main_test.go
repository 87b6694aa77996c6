package main

import (
	"encoding/binary"
	"fmt"
	"math"
	"testing"

	"github.com/partita-stream/partita/go/examples/internal/wire"
)

func frame(bytes []byte, degrees float32) []byte {
	return wire.Frame(bytes, binary.BigEndian.AppendUint32(nil, math.Float32bits(degrees)))
}

// fahrenheit is what a temperature must come out as, rounded to float32 twice.
func fahrenheit(degrees float32) string {
	multiplied := float32(float64(degrees) * float64(float32(1.8)))
	return fmt.Sprintf("%.6f", float32(float64(multiplied)+32))
}

func TestEachTemperatureComesOutConvertedInOrder(t *testing.T) {
	wire.EachWorkers(t, func(t *testing.T, workers int) {
		random := wire.Random(t)
		running := wire.Start(t, workers, declare)
		degrees := []float32{0, -40, 100, 36.6, math.MaxFloat32, math.SmallestNonzeroFloat32}
		for range 20_000 {
			degrees = append(degrees, float32(random.NormFloat64()*100))
		}
		var bytes []byte
		for _, degrees := range degrees {
			bytes = frame(bytes, degrees)
		}
		running.Send(0, bytes, random)
		// One client, and steps without a state: all keep their order.
		for _, degrees := range degrees {
			if line, want := running.Line(), fahrenheit(degrees); line != want {
				t.Fatalf("%v came out as %s, expected %s", degrees, line, want)
			}
		}
		if rest := running.Rest(); rest != "" {
			t.Errorf("more came out: %q", rest)
		}
	})
}

func TestAFrameOfAnotherLengthIsADeadLetterAndTheConnectionGoesOn(t *testing.T) {
	random := wire.Random(t)
	running := wire.Start(t, 2, declare)
	bytes := frame(nil, 0)
	bytes = wire.Frame(bytes, []byte("five!"))
	running.Send(0, frame(bytes, 100), random)
	if first, second := running.Line(), running.Line(); first != "32.000000" || second != "212.000000" {
		t.Errorf("got %s and %s", first, second)
	}
	if letter := running.Dead(1)[0]; letter.Frame != "five!" {
		t.Errorf("%+v", letter)
	}
}

func TestTheReadmeShowsWhatComesOut(t *testing.T) {
	wire.CheckReadme(t, "README.md", wire.Start(t, 1, declare))
}
