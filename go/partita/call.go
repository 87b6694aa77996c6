package partita

// #include "bridge.h"
import "C"

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync/atomic"
	"unsafe"
)

// call is one call on its way. It belongs to who calls and, once it is sent, to the engine as well: who is
// done last keeps it for another call.
type call[In, Out any] struct {
	outlet *callersOutlet[In, Out]
	data   In
	out    Out
	err    error
	// told says that the result is there; only who tells looks at it.
	told bool
	// news has something when the result is there, or who calls is to lead.
	news chan news
	// awaited gives the call itself, whatever the index.
	awaited func(index int) awaited
	// owners counts who has it, and gone says that who calls wants nothing any more.
	owners atomic.Int32
	gone   atomic.Bool
}

// news is what a call is told.
type news bool

const (
	// resultIsThere is that the call has its result.
	resultIsThere news = true
	// pleaseLead is that nobody sends what waits.
	pleaseLead news = false
)

// begin makes a call.
func (outlet *callersOutlet[In, Out]) begin(data In) *call[In, Out] {
	one, _ := outlet.calls.Get().(*call[In, Out])
	if one == nil {
		// The result, and one request to lead.
		one = &call[In, Out]{outlet: outlet, news: make(chan news, 2)}
		one.awaited = func(int) awaited { return one }
	}
	one.data = data
	one.owners.Store(2)
	return one
}

// leave ends the part of one owner.
func (call *call[In, Out]) leave() {
	if left := call.owners.Add(-1); left > 0 {
		return
	} else if left < 0 {
		panic("partita: a call was ended twice")
	}
	for len(call.news) > 0 {
		<-call.news
	}
	var noData In
	var noOut Out
	call.data, call.out, call.err, call.told = noData, noOut, nil, false
	call.gone.Store(false)
	call.outlet.calls.Put(call)
}

// tell gives the call its result, if it has none.
func (call *call[In, Out]) tell(out Out, err error) {
	if !call.told {
		call.told, call.out, call.err = true, out, err
		call.news <- resultIsThere
	}
}

// completed is told by the engine when nothing is left of the message.
func (call *call[In, Out]) completed(why *DeadError) {
	var none Out
	if why != nil {
		call.tell(none, why)
	} else {
		call.tell(none, ErrNoOutput)
	}
	call.leave()
}

// refuse ends a call that was not sent.
func (call *call[In, Out]) refuse(err error) {
	var none Out
	call.tell(none, err)
	call.leave()
}

// enter lets a call wait to be sent, and tells whether its caller is to send what waits.
func (outlet *callersOutlet[In, Out]) enter(call *call[In, Out]) bool {
	outlet.lock.Lock()
	defer outlet.lock.Unlock()
	outlet.waiting = append(outlet.waiting, call)
	leads := !outlet.led
	outlet.led = true
	return leads
}

// wait waits for the result of a call, and sends what waits if it is asked to.
func (outlet *callersOutlet[In, Out]) wait(ctx context.Context, call *call[In, Out]) (Out, error) {
	defer call.leave()
	for {
		told, err := outlet.hear(ctx, call)
		if err != nil {
			call.gone.Store(true)
			outlet.resign(call)
			var none Out
			return none, err
		}
		if told == resultIsThere {
			return call.out, outlet.explain(call.err)
		}
		outlet.lead(ctx, call)
	}
}

// hear waits for news.
func (outlet *callersOutlet[In, Out]) hear(ctx context.Context, call *call[In, Out]) (news, error) {
	if step := outlet.engine.waiter.step; step != nil {
		for len(call.news) == 0 && ctx.Err() == nil {
			if !step() && len(call.news) == 0 {
				return false, fmt.Errorf("%s: %w", outlet.callers.source.path(), ErrWouldBlock)
			}
		}
	}
	done := ctx.Done()
	if done == nil {
		return <-call.news, nil
	}
	select {
	case told := <-call.news:
		return told, nil
	case <-done:
		return false, ended(ctx, outlet.callers.source.path(), "")
	}
}

// explain is the error of a call with what is known of it now.
func (outlet *callersOutlet[In, Out]) explain(err error) error {
	if err == nil {
		return nil
	}
	path := outlet.callers.source.path()
	var dead *DeadError
	if errors.As(err, &dead) {
		switch dead.Reason {
		case DeadFailed:
			return outlet.engine.failure(path, C.PARTITA_FAILED, C.partita_error{})
		case DeadClosed:
			return fmt.Errorf("%s: %w", path, ErrClosed)
		}
	}
	if err == ErrNoOutput || dead != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return err
}

// resign passes a request to lead on, should the call that goes have got one.
func (outlet *callersOutlet[In, Out]) resign(call *call[In, Out]) {
	for {
		select {
		case told := <-call.news:
			if told == pleaseLead {
				outlet.passOn()
			}
		default:
			return
		}
	}
}

// passOn asks one whose call waits to send what waits. Nobody leads if none does.
func (outlet *callersOutlet[In, Out]) passOn() {
	outlet.lock.Lock()
	defer outlet.lock.Unlock()
	for i := len(outlet.waiting) - 1; i >= 0; i-- {
		call := outlet.waiting[i]
		// Who goes looks for a request after it has said so.
		call.news <- pleaseLead
		if !call.gone.Load() {
			return
		}
		select {
		case told := <-call.news:
			if told == pleaseLead {
				continue
			}
		default:
		}
		return
	}
	// Nobody wants those any more that still wait.
	for _, call := range outlet.waiting {
		call.leave()
	}
	clear(outlet.waiting)
	outlet.waiting, outlet.led = outlet.waiting[:0], false
}

// lead sends what waits, until nothing does or the leader's own result is there.
func (outlet *callersOutlet[In, Out]) lead(ctx context.Context, own *call[In, Out]) {
	gate, sender, err := outlet.callers.source.take()
	if err != nil {
		outlet.refuseAll(err)
		return
	}
	defer gate.giveBack(sender)
	for {
		// Those who are about to call, because they were just answered, do so first: then their messages
		// go together. If nobody is, this takes no time.
		runtime.Gosched()
		batch := outlet.takeWaiting()
		if batch == nil {
			return
		}
		if !outlet.send(ctx, sender, own, batch) || len(own.news) > 0 {
			outlet.passOn()
			return
		}
	}
}

// takeWaiting takes the calls that wait; if none does, nobody leads any more.
func (outlet *callersOutlet[In, Out]) takeWaiting() []*call[In, Out] {
	outlet.lock.Lock()
	defer outlet.lock.Unlock()
	if len(outlet.waiting) == 0 {
		outlet.led = false
		return nil
	}
	batch := outlet.waiting
	outlet.waiting, outlet.spare = outlet.spare[:0], nil
	return batch
}

// putBack lets calls that were not sent wait before all others, or keeps the memory.
func (outlet *callersOutlet[In, Out]) putBack(batch []*call[In, Out], sent int) {
	outlet.lock.Lock()
	defer outlet.lock.Unlock()
	if sent < len(batch) {
		outlet.waiting = append(append([]*call[In, Out](nil), batch[sent:]...), outlet.waiting...)
	}
	if outlet.spare == nil {
		clear(batch)
		outlet.spare = batch
	}
}

// refuseAll ends all calls that wait.
func (outlet *callersOutlet[In, Out]) refuseAll(err error) {
	for batch := outlet.takeWaiting(); batch != nil; batch = outlet.takeWaiting() {
		for _, call := range batch {
			call.refuse(err)
		}
	}
}

// send sends calls for the caller of one, and tells whether who sends may go on: not if its context has
// ended.
func (outlet *callersOutlet[In, Out]) send(ctx context.Context, sender *sender[In], own *call[In, Out], batch []*call[In, Out]) bool {
	batch = outlet.wanted(batch)
	sent, returned := 0, false
	var err error
	defer func() {
		if !returned {
			// The goroutine ends in the user's code: it will not lead again.
			sent = sender.asks.sent
			own.gone.Store(true)
			err = fmt.Errorf("%s: %w: the partition function ended the goroutine", sender.gate.path, ErrInternal)
		}
		sender.asks.calls, outlet.sending = nil, nil
		clear(outlet.data)
		outlet.data = outlet.data[:0]
		if err != nil && ctx.Err() == nil {
			for _, call := range batch[sent:] {
				call.refuse(err)
			}
			sent = len(batch)
		}
		outlet.putBack(batch, sent)
		if !returned {
			outlet.passOn()
		}
	}()
	outlet.sending = batch
	for _, call := range batch {
		outlet.data = append(outlet.data, call.data)
	}
	sender.asks.calls, sender.asks.sent = outlet.awaited, 0
	sent, err = sender.send(ctx, outlet.data)
	returned = true
	return err == nil || ctx.Err() == nil
}

// wanted leaves out calls whose callers have gone.
func (outlet *callersOutlet[In, Out]) wanted(batch []*call[In, Out]) []*call[In, Out] {
	wanted := batch[:0]
	for _, call := range batch {
		if call.gone.Load() {
			call.leave()
			continue
		}
		wanted = append(wanted, call)
	}
	return wanted
}

// answering is the host of a sink that answers callers.
type answering interface {
	answer(index C.int32_t, room *C.partita_answers)
}

//export partitaGoAnswer
func partitaGoAnswer(host C.uintptr_t, index C.int32_t, room *C.partita_answers) C.partita_status {
	hostOf[answering](uintptr(host)).answer(index, room)
	return C.PARTITA_OK
}

// answer gives outputs to those whose calls they follow from. None of the user's code is called.
func (outlet *callersOutlet[In, Out]) answer(index C.int32_t, room *C.partita_answers) {
	numbers := unsafe.Slice((*uint64)(unsafe.Pointer(room.values)), room.len)
	tokens := unsafe.Slice((*uint64)(unsafe.Pointer(room.tokens)), room.len)
	answers, cache := outlet.answers.now(), outlet.answers.cache(seatOf(index))
	waiting := outlet.engine.awaited.now()
	for i, number := range numbers {
		if call, ok := (*waiting.at(tokens[i])).(*call[In, Out]); ok {
			call.tell(*answers.at(number), nil)
		}
		cache.release(answers, number)
	}
	room.done = room.len
}
