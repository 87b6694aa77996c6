package partita_test

import (
	"context"
	"errors"
	"testing"

	"github.com/partita-stream/partita/go/partita"
)

func TestALargeBatchThatIsCancelledWasSentUpToWhereItSays(t *testing.T) {
	const keys = 50
	for _, credits := range []int{1, 100, 300, 1500} {
		source := partita.NewSource(partita.Credits(credits))
		app := partita.NewApplication("cancelled")
		held, began := make(chan struct{}), make(chan struct{}, 1)
		app.NewPipeline("p", source).ToStatePartition(compute(func(data, state interface{}) (interface{}, bool) {
			select {
			case began <- struct{}{}:
			default:
			}
			<-held
			state.(*inOrder).take(t, data.(event))
			return nil, true
		}), partita.Build(func() interface{} { return new(inOrder) }), "s", byKey, nil).Done()
		start(t, app)
		ctx, cancel := context.WithCancel(deadline(t))
		go func() {
			// Credits are used up by now, or will be: nothing comes back before.
			<-began
			await(t, "all credits are used up", func() bool { return app.Metrics().InFlight == uint64(credits) })
			cancel()
		}()
		sent, err := source.SendBatch(ctx, events(0, 2000, keys))
		if sent != credits || !errors.Is(err, context.Canceled) {
			t.Errorf("%d credits: sent %d, %v", credits, sent, err)
		}
		close(held)
		must(t, app.Drain(deadline(t)))
		seen := 0
		must(t, app.Parts("s", func(key partita.Key, state interface{}) bool {
			order := state.(*inOrder)
			seen += order.seen
			if last := order.last[[2]int{int(key.Number), 0}]; last >= credits {
				t.Errorf("%d credits: message %d was computed", credits, last)
			}
			return true
		}))
		if seen != credits {
			t.Errorf("%d credits: %d messages were computed", credits, seen)
		}
	}
}
