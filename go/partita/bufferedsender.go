package partita

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
)

// BufferedSender gathers messages of type T that are sent one at a time, and hands them to the engine many
// together. It hands on what it has as soon as it is done with what came before, so a lone message is not
// delayed, and messages that come in quick succession cost little more than in a batch. Its methods may
// be called from any goroutine at once. Messages that one goroutine sends keep their order.
//
// A message is in the buffer until it is handed on; that is not in flight yet. [Application.Drain] and
// [Application.Run] flush first. If the engine refuses what is in the buffer, because the application was
// stopped, has failed or is closed, nothing more is taken: Send, Flush and Close return why, and Unsent
// the messages.
type BufferedSender[T any] struct {
	source *SourceOf[T]
	size   int
	// work is run, kept so that nothing is allocated to start it.
	work func()

	lock sync.Mutex
	// pending are messages that nobody hands on yet, and spare is memory for the next ones.
	pending, spare []T
	// put and handed count the messages that were put in, and those of them that are over.
	put, handed uint64
	// active says that a goroutine hands messages on.
	active bool
	// moved, if somebody waits for it, is closed when messages are taken or over.
	moved chan struct{}
	// stirred tells the same to those whose context cannot end, and allocates nothing.
	stirred sync.Cond
	err     error
	closed  bool
}

// BufferOption sets something about a [BufferedSender].
type BufferOption func(*bufferOptions)

type bufferOptions struct{ size int }

// BufferSize sets how many messages a buffer gathers before Send waits: 1 to 1,024, which is the default.
func BufferSize(n int) BufferOption { return func(options *bufferOptions) { options.size = n } }

// Buffer makes a [BufferedSender] in front of the source.
func (source *SourceOf[T]) Buffer(options ...BufferOption) (*BufferedSender[T], error) {
	if source == nil {
		return nil, errNoSource
	}
	set := bufferOptions{size: pieceMax}
	if apply(&set, options) {
		return nil, fmt.Errorf("%s: %w: an option is nil", source.path(), ErrInvalidArgument)
	}
	if set.size < 1 || set.size > pieceMax {
		return nil, fmt.Errorf("%s: %w: the size of a buffer is %d: expected 1 to %d", source.path(), ErrInvalidArgument, set.size, pieceMax)
	}
	buffer := &BufferedSender[T]{source: source, size: set.size}
	buffer.stirred.L, buffer.work = &buffer.lock, buffer.run
	source.buffers.add(buffer)
	return buffer, nil
}

// Send puts one message in. It waits while the buffer is full, until ctx ends. If it returns an error,
// the message was not taken. The message must not be nil, and no one should change it afterwards but the
// computations.
func (buffer *BufferedSender[T]) Send(ctx context.Context, data T) error {
	source := buffer.source
	if err := source.ready(ctx); err != nil {
		return err
	}
	gate, err := source.open()
	switch {
	case err != nil:
		return err
	case gate.engine.waiter.step != nil:
		// Without threads, who sends runs the engine.
		return source.Send(ctx, data)
	case isInterface[T]() && any(data) == nil:
		return fmt.Errorf("%s: %w: the message is nil", source.path(), ErrInvalidArgument)
	}
	buffer.lock.Lock()
	for buffer.refusal() == nil && len(buffer.pending) >= buffer.size {
		if err := buffer.wait(ctx); err != nil {
			buffer.lock.Unlock()
			return err
		}
	}
	defer buffer.lock.Unlock()
	if err := buffer.refusal(); err != nil {
		return err
	}
	buffer.pending = append(buffer.pending, data)
	buffer.put++
	if !buffer.active {
		buffer.active = true
		go buffer.work()
	}
	return nil
}

// Flush waits until all that was put in before is handed to the engine, or ctx ends.
func (buffer *BufferedSender[T]) Flush(ctx context.Context) error {
	if ctx == nil {
		return noContext(buffer.source.path())
	}
	buffer.lock.Lock()
	defer buffer.lock.Unlock()
	for until := buffer.put; buffer.handed < until && buffer.err == nil; {
		if err := buffer.wait(ctx); err != nil {
			return err
		}
	}
	return buffer.err
}

// Close flushes, and lets nothing in any more. It can be called again.
func (buffer *BufferedSender[T]) Close(ctx context.Context) error {
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
func (buffer *BufferedSender[T]) wait(ctx context.Context) error {
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

// run hands messages on until none is left.
func (buffer *BufferedSender[T]) run() {
	for batch := buffer.next(); batch != nil; batch = buffer.next() {
		buffer.hand(batch)
	}
}

// next is what to hand on next, if there is something.
func (buffer *BufferedSender[T]) next() []T {
	buffer.lock.Lock()
	defer buffer.lock.Unlock()
	if buffer.err != nil || len(buffer.pending) == 0 {
		buffer.active = false
		buffer.move()
		return nil
	}
	batch := buffer.pending
	buffer.pending, buffer.spare = buffer.spare[:0], nil
	// There is room again.
	buffer.move()
	return batch
}

// errGoexit is the error of a buffer whose goroutine a partition function has ended.
var errGoexit = errors.New("runtime.Goexit was called while messages were handed on")

// hand hands messages on: all of them, unless the engine refuses.
func (buffer *BufferedSender[T]) hand(batch []T) {
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
		sent, err = sender.send(context.Background(), batch)
	}
	returned = true
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
		buffer.err = err
		buffer.pending = slices.Concat(batch[sent:], buffer.pending)
		buffer.active = false
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
