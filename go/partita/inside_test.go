package partita_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/partita-stream/partita/go/partita"
)

// attempt is what a computation tries, and where it tells the error.
type attempt struct {
	what string
	errs chan error
}

func TestWhoWaitsForItsOwnApplicationIsRefused(t *testing.T) {
	for _, blocking := range []int{0, 2} {
		t.Run(fmt.Sprintf("blocking=%d", blocking), func(t *testing.T) {
			app := partita.NewApplication("inside", partita.Workers(1))
			source := partita.NewSourceOf[attempt](partita.Credits(10))
			callers := partita.NewCallersOf[attempt, int]("answers", source)
			var buffer *partita.BufferedSender[attempt]
			forever := context.Background()
			step := partita.WithName("tries")
			if blocking > 0 {
				step = partita.Blocking(blocking)
			}
			tries := func(_ int, in attempt, count *int, out *partita.Emitter[int]) (bool, error) {
				var err error
				switch in.what {
				case "Call":
					_, err = callers.Call(forever, attempt{what: "nothing"})
				case "Run":
					err = app.Run(forever)
				case "Wait of an Ack":
					// It cannot be done while this step waits.
					ack, sent := source.SendAck(forever, []attempt{{what: "nothing"}})
					must(t, sent)
					err = ack.Wait(forever)
				case "Send into a buffer that is full":
					for err == nil {
						err = buffer.Send(forever, attempt{what: "nothing"})
					}
				case "Flush of a buffer":
					for err == nil {
						err = buffer.Send(forever, attempt{what: "nothing"})
					}
					err = buffer.Flush(forever)
				}
				if in.errs != nil {
					in.errs <- err
				}
				*count++
				out.Emit(*count)
				return true, nil
			}
			one := func(attempt) int { return 0 }
			partita.ToStatePartition(partita.NewPipelineOf(app, "p", source), partita.PartitionOf[int, int]{Name: "s"}, one, tries, step).ToSink(callers)
			start(t, app)
			buffer, err := source.Buffer(partita.BufferSize(2))
			must(t, err)
			tried := []string{"Call", "Run", "Send into a buffer that is full", "Flush of a buffer"}
			if blocking > 0 {
				tried = append(tried, "Wait of an Ack")
			}
			for _, what := range tried {
				try := attempt{what, make(chan error, 1)}
				must(t, source.Send(deadline(t), try))
				if err := <-try.errs; !isError(err, partita.ErrWouldDeadlock) {
					t.Errorf("%s: %v", what, err)
				}
			}
			// Nothing was ended by that.
			if count, err := callers.Call(deadline(t), attempt{}); count <= len(tried) || err != nil {
				t.Errorf("a call afterwards: %d, %v", count, err)
			}
			must(t, buffer.Close(deadline(t)))
			must(t, app.Drain(deadline(t)))
			must(t, app.Close(deadline(t)))
		})
	}
}

// taken is a sink that takes all.
func taken() partita.Sink {
	return partita.NewSinkFunc("taken", func([]interface{}) error { return nil })
}

func TestARefusedCloseLeavesABufferOpen(t *testing.T) {
	app, source := relay(taken())
	start(t, app)
	buffer := buffered(t, source)
	var none context.Context
	if err := buffer.Close(none); !isError(err, partita.ErrInvalidArgument) {
		t.Errorf("closed without a context: %v", err)
	}
	must(t, buffer.Send(deadline(t), event{}))
	must(t, buffer.Close(deadline(t)))
}

func TestAWatermarkThatIsReachedIsToldThoughTheContextHasEnded(t *testing.T) {
	app, source := relay(taken())
	start(t, app)
	ack, err := source.SendAck(deadline(t), []interface{}{event{}, event{}, event{}})
	must(t, err)
	must(t, ack.Wait(deadline(t)))
	ended, end := context.WithCancel(context.Background())
	end()
	must(t, source.WaitWatermark(ended, ack.Position()))
	if err := source.WaitWatermark(ended, ack.Position()+1); !isError(err, context.Canceled) {
		t.Errorf("a position that is not reached: %v", err)
	}
}

func TestAnAckThatIsNoneHasAnError(t *testing.T) {
	for _, ack := range []*partita.Ack{nil, new(partita.Ack)} {
		if err := ack.Wait(deadline(t)); !isError(err, partita.ErrInvalidArgument) {
			t.Errorf("%v", err)
		}
	}
}
