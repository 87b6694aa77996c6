package partita

// #include "bridge.h"
import "C"

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"
)

// bufferDelay is the default of [BufferDelay].
const bufferDelay = time.Millisecond

// BufferedSender gathers messages of type T that are sent one at a time, and hands them to the engine many
// together: when there are as many as [BufferSize], when the first has waited for [BufferDelay], and when
// nothing of the pipeline is under way. So a lone message is handed on at once, and under load a message
// costs little more than in a batch. Its methods may be called from any goroutine at once. Messages that one
// goroutine sends keep their order.
//
// A message is in the buffer until it is handed on; that is not in flight yet. [Application.Drain] and
// [Application.Run] flush first. If the engine refuses what is in the buffer, because the application was
// stopped, has failed or is closed, nothing more is taken: Send, Flush and Close return why, and Unsent
// the messages.
type BufferedSender[T any] struct {
	source *SourceOf[T]
	bufferOptions
	// work is run, kept so that nothing is allocated to start it.
	work func()

	lock sync.Mutex
	// pending are messages that nobody hands on yet, and spare is memory for the next ones.
	pending, spare []T
	// put and handed count the messages that were put in, and those of them that are over.
	put, handed uint64
	// active says that somebody hands messages on.
	active bool
	// watching says that the engine will tell when nothing is under way, or the delay is over. Else a
	// message goes on at once.
	watching bool
	// asked says that what is pending should go on in any case.
	asked bool
	// moved, if somebody waits for it, is closed when messages are taken or over.
	moved chan struct{}
	// stirred tells the same to those whose context cannot end, and allocates nothing.
	stirred sync.Cond
	err     error
	closed  bool
}

// BufferOption sets something about a [BufferedSender].
type BufferOption func(*bufferOptions)

type bufferOptions struct {
	size  int
	delay time.Duration
}

// BufferSize sets how many messages a buffer gathers until they are handed on: 1 to 1,024, which is the
// default. While as many are being handed on besides, Send waits.
func BufferSize(n int) BufferOption { return func(options *bufferOptions) { options.size = n } }

// BufferDelay sets how long a message waits at most in a buffer while others of the pipeline are under
// way; the default is a millisecond. With 0 it waits only for those that are being handed on, and with less
// than 0 for as long as others are under way. Outputs that nobody has read are not.
func BufferDelay(d time.Duration) BufferOption {
	return func(options *bufferOptions) { options.delay = d }
}

// Buffer makes a [BufferedSender] in front of the source.
func (source *SourceOf[T]) Buffer(options ...BufferOption) (*BufferedSender[T], error) {
	if source == nil {
		return nil, errNoSource
	}
	set := bufferOptions{size: pieceMax, delay: bufferDelay}
	if apply(&set, options) {
		return nil, fmt.Errorf("%s: %w: an option is nil", source.path(), ErrInvalidArgument)
	}
	if set.size < 1 || set.size > pieceMax {
		return nil, fmt.Errorf("%s: %w: the size of a buffer is %d: expected 1 to %d", source.path(), ErrInvalidArgument, set.size, pieceMax)
	}
	buffer := &BufferedSender[T]{source: source, bufferOptions: set}
	buffer.stirred.L, buffer.work = &buffer.lock, buffer.run
	source.buffers.add(buffer)
	return buffer, nil
}

// Send puts one message in. It waits while the buffer is full, until ctx ends. If it returns an error,
// the message was not taken. The message must not be nil, and no one should change it afterwards but the
// computations. What must wait in a computation, sink or handler of the same application is
// [ErrWouldDeadlock].
func (buffer *BufferedSender[T]) Send(ctx context.Context, data T) error {
	source := buffer.source
	if err := source.ready(ctx); err != nil {
		return err
	}
	gate, err := source.open()
	switch {
	case err != nil:
		return err
	case isInterface[T]() && any(data) == nil:
		return fmt.Errorf("%s: %w: the message is nil", source.path(), ErrInvalidArgument)
	}
	buffer.lock.Lock()
	defer buffer.lock.Unlock()
	for buffer.refusal() == nil && len(buffer.pending) >= buffer.size {
		if err := buffer.wait(ctx, gate.engine); err != nil {
			return err
		}
	}
	if err := buffer.refusal(); err != nil {
		return err
	}
	buffer.pending = append(buffer.pending, data)
	buffer.put++
	buffer.start(gate.engine)
	return nil
}

// Flush hands on all that was put in before, and waits until that is done, or ctx ends. Inside of the
// application it answers as Send does.
func (buffer *BufferedSender[T]) Flush(ctx context.Context) error {
	if ctx == nil {
		return noContext(buffer.source.path())
	}
	buffer.lock.Lock()
	defer buffer.lock.Unlock()
	for until := buffer.put; buffer.handed < until && buffer.err == nil; {
		// Nothing was put in before the start.
		engine := buffer.source.gate.Load().engine
		buffer.asked = len(buffer.pending) > 0
		buffer.start(engine)
		if buffer.handed < until && buffer.err == nil {
			if err := buffer.wait(ctx, engine); err != nil {
				return err
			}
		}
	}
	return buffer.err
}

// Close flushes, and lets nothing in any more. It can be called again.
func (buffer *BufferedSender[T]) Close(ctx context.Context) error {
	if ctx == nil {
		return noContext(buffer.source.path())
	}
	buffer.lock.Lock()
	buffer.closed = true
	buffer.lock.Unlock()
	err := buffer.Flush(ctx)
	if err == nil {
		buffer.source.buffers.remove(buffer)
	}
	return err
}

// Unsent takes the messages that the engine refused out of the buffer. There are none as long as Flush
// returns nil.
func (buffer *BufferedSender[T]) Unsent() []T {
	buffer.lock.Lock()
	defer buffer.lock.Unlock()
	if buffer.err == nil || buffer.active {
		return nil
	}
	unsent := buffer.pending
	buffer.pending = nil
	return unsent
}

// refusal is why nothing is taken any more; the lock is held.
func (buffer *BufferedSender[T]) refusal() error {
	if buffer.err == nil && buffer.closed {
		return fmt.Errorf("%s: %w: the buffer is closed", buffer.source.path(), ErrClosed)
	}
	return buffer.err
}

// wait waits until messages are taken or over; the lock is held before and afterwards.
func (buffer *BufferedSender[T]) wait(ctx context.Context, engine *engine) error {
	if engine.stepper != nil {
		return buffer.step(ctx, engine.stepper)
	}
	if engine.inside() {
		return wouldDeadlock(buffer.source.path())
	}
	if ctx.Done() == nil {
		buffer.stirred.Wait()
		return nil
	}
	if buffer.moved == nil {
		buffer.moved = make(chan struct{})
	}
	moved := buffer.moved
	buffer.lock.Unlock()
	defer buffer.lock.Lock()
	select {
	case <-moved:
		return nil
	case <-ctx.Done():
		return ended(ctx, buffer.source.path(), "")
	}
}

// step is wait in an engine that is run step by step: who waits runs it.
func (buffer *BufferedSender[T]) step(ctx context.Context, stepper *stepper) error {
	buffer.lock.Unlock()
	defer buffer.lock.Lock()
	if ctx.Err() != nil {
		return ended(ctx, buffer.source.path(), "")
	}
	if !stepper.goOn() {
		return fmt.Errorf("%s: %w", buffer.source.path(), ErrWouldBlock)
	}
	return nil
}

// due tells whether something should be handed on; the lock is held.
func (buffer *BufferedSender[T]) due() bool {
	count := len(buffer.pending)
	return count > 0 && buffer.err == nil && (buffer.asked || !buffer.watching || count >= buffer.size)
}

// start has somebody hand on what is due, unless somebody does; the lock is held.
func (buffer *BufferedSender[T]) start(engine *engine) {
	switch {
	case buffer.active || !buffer.due():
	case engine.stepper == nil:
		buffer.active = true
		go buffer.work()
	case !engine.stepper.inside:
		buffer.active = true
		buffer.lock.Unlock()
		defer buffer.lock.Lock()
		buffer.work()
	default:
		// In a callback nothing can be handed on.
		engine.stepper.defers(buffer)
	}
}

// goOn hands on what is due, on behalf of the stepper.
func (buffer *BufferedSender[T]) goOn(engine *engine) {
	buffer.lock.Lock()
	defer buffer.lock.Unlock()
	buffer.start(engine)
}

// completed is called once for each watch, by the engine: nothing is under way, or the delay is over.
func (buffer *BufferedSender[T]) completed(*DeadError) {
	buffer.lock.Lock()
	defer buffer.lock.Unlock()
	buffer.watching = false
	if engine := buffer.source.gate.Load().engine; engine.stepper != nil {
		engine.stepper.defers(buffer)
	} else {
		buffer.start(engine)
	}
}

// run hands messages on until none is due.
func (buffer *BufferedSender[T]) run() {
	for batch := buffer.next(); batch != nil; batch = buffer.next() {
		if !buffer.hand(batch) {
			return
		}
	}
}

// next is what to hand on next, if something is due.
func (buffer *BufferedSender[T]) next() []T {
	buffer.lock.Lock()
	defer buffer.lock.Unlock()
	if !buffer.due() {
		buffer.active = false
		buffer.move()
		return nil
	}
	batch := buffer.pending
	buffer.pending, buffer.spare = buffer.spare[:0], nil
	buffer.asked = false
	// There is room again.
	buffer.move()
	return batch
}

// errGoexit is the error of a buffer whose goroutine a partition function has ended.
var errGoexit = errors.New("runtime.Goexit was called while messages were handed on")

// hand hands messages on: all of them, unless the engine refuses. It tells whether it did.
func (buffer *BufferedSender[T]) hand(batch []T) bool {
	sent, err := 0, error(nil)
	returned := false
	defer func() {
		if !returned {
			err = fmt.Errorf("%s: %w", buffer.source.path(), errGoexit)
		}
		buffer.over(batch, sent, err)
	}()
	gate, sender, err := buffer.source.take()
	if err == nil {
		defer gate.giveBack(sender)
		// Should user code end this goroutine, that is known of all that is sent.
		defer func() {
			if !returned && sender.lead != nil {
				sent = sender.lead.before + sender.lead.fed
			}
		}()
		ctx := context.Background()
		if gate.engine.stepper != nil {
			ctx = notWaiting
		}
		if sent, err = sender.send(ctx, batch); err == nil {
			buffer.watch(sender)
		}
	}
	returned = true
	return err == nil
}

// watch asks the engine to tell when to hand on what comes from now on, unless it will.
func (buffer *BufferedSender[T]) watch(sender *sender[T]) {
	if buffer.delay == 0 || !buffer.begins() {
		return
	}
	token := sender.tokens.put(buffer)
	most := C.int64_t(max(buffer.delay, C.PARTITA_FOREVER))
	if C.partita_pipeline_watch(sender.gate.pipeline, C.uint64_t(token), most) != C.PARTITA_OK {
		sender.returnTokens([]uint64{token})
		buffer.lock.Lock()
		defer buffer.lock.Unlock()
		buffer.watching = false
	}
}

// begins begins a watch, and tells whether there was none.
func (buffer *BufferedSender[T]) begins() bool {
	buffer.lock.Lock()
	defer buffer.lock.Unlock()
	before := buffer.watching
	buffer.watching = true
	return !before
}

// over notes what became of a batch.
func (buffer *BufferedSender[T]) over(batch []T, sent int, err error) {
	buffer.lock.Lock()
	defer buffer.lock.Unlock()
	buffer.handed += uint64(sent)
	if err == nil {
		clear(batch)
		buffer.spare = batch
	} else {
		buffer.pending = slices.Concat(batch[sent:], buffer.pending)
		buffer.active = false
		if errors.Is(err, ErrWouldBlock) {
			// It did not wait: the stepper tries again.
			buffer.asked = true
			buffer.source.gate.Load().engine.stepper.defers(buffer)
		} else {
			buffer.err = err
		}
	}
	buffer.move()
}

// move tells who waits that something has changed; the lock is held.
func (buffer *BufferedSender[T]) move() {
	buffer.stirred.Broadcast()
	if buffer.moved != nil {
		close(buffer.moved)
		buffer.moved = nil
	}
}

// buffers are those in front of one source.
type buffers[T any] struct {
	lock sync.Mutex
	all  []*BufferedSender[T]
}

func (buffers *buffers[T]) add(buffer *BufferedSender[T]) {
	buffers.lock.Lock()
	defer buffers.lock.Unlock()
	buffers.all = append(buffers.all, buffer)
}

func (buffers *buffers[T]) remove(buffer *BufferedSender[T]) {
	buffers.lock.Lock()
	defer buffers.lock.Unlock()
	buffers.all = slices.DeleteFunc(buffers.all, func(one *BufferedSender[T]) bool { return one == buffer })
}

// flush hands on what is in the buffers. What the engine refuses, they tell themselves.
func (source *SourceOf[T]) flush(ctx context.Context) error {
	source.buffers.lock.Lock()
	all := slices.Clone(source.buffers.all)
	source.buffers.lock.Unlock()
	for _, buffer := range all {
		if err := buffer.Flush(ctx); err != nil && ctx.Err() != nil {
			return err
		}
	}
	return nil
}
