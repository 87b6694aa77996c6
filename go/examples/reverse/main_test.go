package main

import (
	"strings"
	"testing"

	"github.com/partita-stream/partita/go/examples/internal/wire"
)

func TestEachTextComesOutReversedInOrder(t *testing.T) {
	wire.EachWorkers(t, func(t *testing.T, workers int) {
		random := wire.Random(t)
		running := wire.Start(t, workers, declare)
		letters := []rune("abcdefghijklmnopqrstuvwxyz ,;äöüßéλж汉字🎵")
		texts := []string{"", "a", "hello", "Grüße", "汉字"}
		for range 10_000 {
			var text strings.Builder
			for range random.IntN(40) {
				text.WriteRune(letters[random.IntN(len(letters))])
			}
			texts = append(texts, text.String())
		}
		var bytes []byte
		for _, text := range texts {
			bytes = wire.Frame(bytes, []byte(text))
		}
		running.Send(0, bytes, random)
		for _, text := range texts {
			line := running.Line()
			var want string
			for _, letter := range text {
				want = string(letter) + want
			}
			if line != want {
				t.Fatalf("%q came out as %q, expected %q", text, line, want)
			}
		}
		if rest := running.Rest(); rest != "" {
			t.Errorf("more came out: %q", rest)
		}
	})
}

func TestTheReadmeShowsWhatComesOut(t *testing.T) {
	wire.CheckReadme(t, "README.md", wire.Start(t, 1, declare))
}
