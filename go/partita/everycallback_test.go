package partita_test

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/partita-stream/partita/go/partita"
)

// scene is an application whose user code ends in a way at one place, on one message, once.
type scene struct {
	app   *partita.Application
	way   way
	send  func(ctx context.Context, batch []event) (int, error)
	ended atomic.Bool
	// taken counts the messages that came to the end.
	taken   atomic.Int64
	letters []partita.DeadLetter
}

// aside runs code on a goroutine of its own, which may end in it, and waits for that.
func aside(code func()) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		code()
	}()
	<-done
}

// wrong is the message on which the code ends.
var wrong = event{key: 7, n: 1000}

// on ends the code that has come to a message, if it is the wrong one, once.
func (scene *scene) on(data interface{}) error {
	if data.(event) != wrong || scene.ended.Swap(true) {
		return nil
	}
	return scene.way.end()
}

// onPart ends the code that makes a state, if it is not that of all other messages.
func (scene *scene) onPart(built *atomic.Int64) {
	if built.Add(1) == 2 {
		_ = scene.on(wrong)
	}
}

// enact declares and starts an application with a spot at which the code ends: behind a step with a state,
// or first of all.
func enact(t *testing.T, spot spot, way way, behind bool, options ...partita.StepOption) *scene {
	scene := &scene{way: way}
	scene.app = partita.NewApplication("scene", partita.Workers(2),
		partita.DeadLetters(func(letter partita.DeadLetter) { scene.letters = append(scene.letters, letter) }))
	scene.declare(spot, behind, options...)
	start(t, scene.app)
	return scene
}

// declare declares its pipeline.
func (scene *scene) declare(spot spot, behind bool, options ...partita.StepOption) {
	if spot.declare == nil {
		scene.declareTyped(spot, behind, options...)
		return
	}
	source := partita.NewSource()
	pipeline := scene.app.NewPipeline("p", source)
	if behind {
		pipeline.ToStatePartition(compute(count), counters, "before", byKey, nil, partita.WithName("before"))
	}
	spot.declare(scene, pipeline, options...)
	scene.send = func(ctx context.Context, batch []event) (int, error) {
		boxes := make([]interface{}, len(batch))
		for i, message := range batch {
			boxes[i] = message
		}
		return source.SendBatch(ctx, boxes)
	}
}

// declareTyped does so in the typed API.
func (scene *scene) declareTyped(spot spot, behind bool, options ...partita.StepOption) {
	source := partita.NewSourceOf[event]()
	stream := partita.NewPipelineOf(scene.app, "p", source)
	if behind {
		stream = partita.ToStateful(stream, partita.StateOf[int]{Name: "before"},
			func(in event, _ *int, out *partita.Emitter[event]) (bool, error) { out.Emit(in); return true, nil },
			partita.WithName("before"))
	}
	spot.declareTyped(scene, stream, options...)
	scene.send = source.SendBatch
}

// play sends good messages, the wrong one among others, and good ones, each time from a goroutine that may
// end in it.
func (scene *scene) play(t *testing.T) {
	t.Helper()
	good := []event{{1, 0, 0}, {1, 0, 1}, {1, 0, 2}}
	for _, batch := range [][]event{good, {{1, 0, 3}, wrong, {1, 0, 4}}, good} {
		aside(func() {
			if sent, err := scene.send(deadline(t), batch); sent != len(batch) || err != nil {
				t.Errorf("sent %d: %v", sent, err)
			}
		})
		must(t, scene.app.Drain(deadline(t)))
	}
}

// each runs a test of each spot, first of all and behind another step, with each way that its code can end in.
func each(t *testing.T, test func(t *testing.T, spot spot, way way, behind bool)) {
	for name, spot := range spots {
		t.Run(name, func(t *testing.T) {
			for how, way := range ways {
				for _, behind := range []bool{false, true} {
					if !way.returns || spot.returns {
						t.Run(fmt.Sprintf("%s, behind a step=%v", how, behind), func(t *testing.T) { test(t, spot, way, behind) })
					}
				}
			}
		})
	}
}

// unheard says that nobody hears of the end of the code: its goroutine ends before anything is sent.
func unheard(spot spot, way way, behind bool) bool { return spot.finds && !behind && way.exits }

func TestWhereverAndHoweverUserCodeEndsItsMessageDiesAndAllElseGoesOn(t *testing.T) {
	each(t, func(t *testing.T, spot spot, way way, behind bool) {
		scene := enact(t, spot, way, behind, partita.Skip())
		scene.play(t)
		if unheard(spot, way, behind) {
			// What was to be sent with it was not, either.
			if taken := scene.taken.Load(); taken != 6 || len(scene.letters) != 0 {
				t.Errorf("%d messages came through, expected 6, and %v are dead", taken, scene.letters)
			}
			return
		}
		if taken := scene.taken.Load(); taken != 8 {
			t.Errorf("%d messages came through, expected 8", taken)
		}
		if len(scene.letters) != 1 {
			t.Fatalf("%d dead letters, expected 1: %v", len(scene.letters), scene.letters)
		}
		letter := scene.letters[0]
		if !strings.Contains(letter.Text, way.says) || !strings.HasPrefix(letter.Path, `application "scene" / pipeline "p" / `) {
			t.Errorf("the dead letter is %+v, expected %q in its text", letter, way.says)
		}
		if letter.Data != wrong && !spot.sink {
			t.Errorf("%v is dead, expected %v", letter.Data, wrong)
		}
	})
}

func TestWhereverAndHoweverUserCodeEndsTheApplicationFailsIfItIsTo(t *testing.T) {
	each(t, func(t *testing.T, spot spot, way way, behind bool) {
		if unheard(spot, way, behind) {
			return
		}
		scene := enact(t, spot, way, behind)
		aside(func() {
			_, err := scene.send(deadline(t), []event{{1, 0, 0}, {1, 0, 1}, wrong, {1, 0, 2}})
			if err != nil && !isError(err, partita.ErrFailed) {
				t.Errorf("send: %v", err)
			}
		})
		err := scene.app.Wait(deadline(t))
		if !isError(err, partita.ErrFailed) {
			t.Errorf("wait: %v", err)
		}
		says(t, err, way.says, `application "scene" / pipeline "p" / `)
	})
}

func TestHoweverAComputationEndsItsOptionsAreKeptTo(t *testing.T) {
	for name, test := range map[string]struct {
		option            partita.StepOption
		taken             int64
		dead, quarantined int
	}{
		"reset":      {partita.Reset(), 8, 1, 0},
		"quarantine": {partita.Quarantine(), 8, 1, 1},
		"retry":      {partita.Retry(1, 0), 9, 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			for how, way := range ways {
				for _, spot := range []string{"ToStatePartition", "ToStatePartition, blocking", "TryComputation"} {
					t.Run(how+" in "+spot, func(t *testing.T) {
						scene := enact(t, spots[spot], way, false, test.option)
						scene.play(t)
						if taken := scene.taken.Load(); taken != test.taken || len(scene.letters) != test.dead {
							t.Errorf("%d messages came through, expected %d, and %v are dead", taken, test.taken, scene.letters)
						}
						keys, err := scene.app.Quarantined("s")
						if err != nil || len(keys) != test.quarantined {
							t.Errorf("%v are in quarantine, %v, expected %d", keys, err, test.quarantined)
						}
						for _, key := range keys {
							must(t, scene.app.Release("s", key))
						}
						_, err = scene.send(deadline(t), []event{wrong})
						must(t, err)
						must(t, scene.app.Drain(deadline(t)))
						if taken := scene.taken.Load(); taken != test.taken+1 {
							t.Errorf("%d messages came through in the end, expected %d", taken, test.taken+1)
						}
					})
				}
			}
		})
	}
}
