package partita

import "context"

// Where a pipeline begins with stateless steps, each call is sent by itself, and the steps run on the
// goroutine that calls. So user code that takes long, or ends its goroutine, is nobody else's affair, and a
// step may call its own pipeline.

// sendAlone sends a call by itself. If the user's code ends the goroutine, the message has died of that.
func (outlet *callersOutlet[In, Out]) sendAlone(ctx context.Context, call *call[In, Out]) {
	gate, sender, err := outlet.callers.source.take()
	if err != nil {
		call.refuse(err)
		return
	}
	defer gate.giveBack(sender)
	returned := false
	sender.asks.calls, sender.asks.from, sender.asks.sent = call.awaited, 0, 0
	defer func() {
		sender.asks.calls = nil
		clear(sender.one[:])
		if sender.asks.sent == 0 {
			call.refuse(err)
		}
		if !returned {
			call.leave()
		}
	}()
	sender.one[0] = call.data
	_, err = sender.send(ctx, sender.one[:])
	returned = true
}
