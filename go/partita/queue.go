package partita

import (
	"context"
	"fmt"
	"iter"
	"sync"
	"sync/atomic"
)

// QueueSink is a sink that holds outputs until they are read.
type QueueSink = QueueSinkOf[interface{}]

// QueueSinkOf is a [QueueSink] for messages of type T.
type QueueSinkOf[T any] struct {
	sinkBase
	capacity int
	side     atomic.Pointer[queueOutlet[T]]
	// opened is closed when the application has started, or was closed instead.
	opened chan struct{}
	once   sync.Once
}

// queueDefault is the capacity of a queue that is made with 0.
const queueDefault = 4096

// NewQueueSink makes a sink that holds up to capacity outputs (0: 4,096) until they are read. When
// it is full, what emits to it stalls.
func NewQueueSink(name string, capacity int) *QueueSink {
	return NewQueueSinkOf[interface{}](name, capacity)
}

// NewQueueSinkOf is [NewQueueSink] for messages of type T.
func NewQueueSinkOf[T any](name string, capacity int) *QueueSinkOf[T] {
	if capacity == 0 {
		capacity = queueDefault
	}
	return &QueueSinkOf[T]{sinkBase: sinkBase{name: name}, capacity: capacity, opened: make(chan struct{})}
}

// allMax is how many outputs [QueueSinkOf.All] reads at once.
const allMax = 256

// All reads outputs until no more can come (the application was stopped and has drained, has
// failed, or is closed), ctx ends (a nil one never does), or the loop is left. It also waits for the
// start. Several goroutines may read at once; each output goes to one of them. Drain and Wait return
// when the loop's body is through with all that came: the body itself must not call them.
func (queue *QueueSinkOf[T]) All(ctx context.Context) iter.Seq[T] {
	return func(yield func(T) bool) {
		if ctx == nil {
			ctx = context.Background()
		}
		select {
		case <-queue.opened:
		case <-ctx.Done():
			return
		}
		batch := make([]T, allMax)
		side, err := queue.open(batch)
		if err != nil {
			return
		}
		hand := side.join()
		defer side.part(hand)
		for {
			count, err := side.poll(ctx, batch, hand)
			if err != nil || !side.yield(batch[:count], hand, yield) {
				return
			}
		}
	}
}

// yield gives a batch to the body of a loop. What it does not get is left to the next reader.
func (outlet *queueOutlet[T]) yield(batch []T, hand *hand, yield func(T) bool) bool {
	rest := batch
	hand.taken.Store(int64(len(rest)))
	defer func() {
		hand.taken.Store(0)
		if len(rest) > 0 {
			outlet.leave(rest)
		}
		clear(batch)
	}()
	for len(rest) > 0 {
		next := rest[0]
		rest = rest[1:]
		hand.taken.Add(-1)
		if !yield(next) {
			return false
		}
	}
	return true
}

// Poll reads up to len(batch) outputs and returns how many; it waits until there is one. Its errors
// are that of ctx, [ErrStopped], [ErrFailed] and [ErrClosed], the last three when no more can come.
func (queue *QueueSinkOf[T]) Poll(ctx context.Context, batch []T) (int, error) {
	side, err := queue.open(batch)
	if err != nil {
		return 0, err
	}
	if ctx == nil {
		return 0, noContext(side.path)
	}
	return side.poll(ctx, batch, nil)
}

// TryPoll is Poll without waiting: an empty queue is [ErrWouldBlock].
func (queue *QueueSinkOf[T]) TryPoll(batch []T) (int, error) {
	side, err := queue.open(batch)
	if err != nil {
		return 0, err
	}
	return side.poll(notWaiting, batch, nil)
}

// open is the queue's way into the engine, once the application has started.
func (queue *QueueSinkOf[T]) open(batch []T) (*queueOutlet[T], error) {
	side := queue.side.Load()
	switch {
	case len(batch) == 0:
		return nil, fmt.Errorf("%s: %w: there is no room in the batch", queue.path(), ErrInvalidArgument)
	case side != nil:
		return side, nil
	case queue.pipeline != nil && queue.pipeline.app.over.Load():
		return nil, fmt.Errorf("%s: %w", queue.path(), ErrClosed)
	}
	return nil, fmt.Errorf("%s: %w", queue.path(), ErrNotStarted)
}

// path says where the queue is.
func (queue *QueueSinkOf[T]) path() string {
	path := fmt.Sprintf(`sink "%s"`, queue.name)
	if queue.pipeline == nil {
		return path
	}
	return queue.pipeline.path() + " / " + path
}

func (queue *QueueSinkOf[T]) mistake() string {
	if queue.capacity < 0 {
		return fmt.Sprintf("capacity: expected 0 or more, got %d", queue.capacity)
	}
	return ""
}

func (queue *QueueSinkOf[T]) outlet(base outletBase, messages *store[T]) outlet {
	return &queueOutlet[T]{outletBase: base, messages: messages, queue: queue, read: make(chan struct{})}
}

func (queue *QueueSinkOf[T]) abandon() { queue.once.Do(func() { close(queue.opened) }) }
