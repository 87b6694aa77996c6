//go:build planted

package partita

import (
	"context"
	"testing"
)

// Bugs that the address sanitizer must find: without that, its silence about all else would mean nothing.

func TestPlantedKeysAreReadWhenTheirMemoryIsFreed(t *testing.T) {
	room := new(keyRoom)
	room.reserve(1, 100)
	text := room.writer().text
	room.free()
	t.Log(text[0])
}

type planted func(data, state interface{}) (interface{}, bool)

func (planted planted) Compute(data, state interface{}) (interface{}, bool) {
	return planted(data, state)
}

func TestPlantedARunIsReadWhenTheEngineHasFreedIt(t *testing.T) {
	source := NewSource()
	app := NewApplication("planted", Workers(1))
	app.NewPipeline("p", source).ToStateful(planted(func(interface{}, interface{}) (interface{}, bool) { return nil, false }),
		Build(func() interface{} { return 1 }), "s").Done()
	if err := app.Start(); err != nil {
		t.Fatal(err)
	}
	engine := app.engine.Load()
	run := engine.seated[len(engine.seated)-1].(*step[any, any, any]).runs[1]
	ctx := context.Background()
	if err := source.Send(ctx, 1); err != nil {
		t.Fatal(err)
	}
	if err := app.Drain(ctx); err != nil {
		t.Fatal(err)
	}
	if err := app.Close(ctx); err != nil {
		t.Fatal(err)
	}
	t.Log(run.values[0])
}
