package partita

import (
	"fmt"
	"slices"
)

// record is what has come to a sink of an application that is run step by step.
type record interface {
	// read takes what there is from the engine.
	read()
	// outputs takes what was read.
	outputs() []any
	// fill makes the sink full, or takes that back; it tells whether that can be.
	fill(full bool) bool
	// end leaves nothing behind.
	end()
}

// records are those of each sink.
type records struct {
	sinks []any
	list  []record
}

// add begins the record of a sink.
func (records *records) add(sink any, record record) {
	records.sinks = append(records.sinks, sink)
	records.list = append(records.list, record)
}

// of is that of a sink.
func (records *records) of(sink any) (record, error) {
	if i := slices.Index(records.sinks, sink); i >= 0 {
		return records.list[i], nil
	}
	return nil, fmt.Errorf("%w: the sink is not one of the application's", ErrInvalidArgument)
}

// read lets every sink take what there is for it, in the same order each time: a seed is one order.
func (records *records) read() {
	for _, record := range records.list {
		record.read()
	}
}

// recordMax is how many messages are read at once.
const recordMax = 256

// readAll reads what there is in a queue of the engine.
func (tap *tap[T]) readAll(take func(batch []T)) {
	batch := make([]T, recordMax)
	for {
		count, _ := tap.poll(notWaiting, listener{}, batch)
		if count == 0 {
			return
		}
		take(batch[:count])
	}
}

// boxes are messages as any.
func boxes[T any](messages []T) []any {
	boxed := make([]any, 0, len(messages))
	for _, message := range messages {
		boxed = append(boxed, message)
	}
	return boxed
}

// recorded is messages that came to a sink.
type recorded[T any] struct {
	messages []T
	full     bool
}

func (recorded *recorded[T]) add(batch []T) { recorded.messages = append(recorded.messages, batch...) }

func (recorded *recorded[T]) outputs() []any {
	boxed := boxes(recorded.messages)
	recorded.messages = nil
	return boxed
}

// channelRecord is what would be sent into a channel.
type channelRecord[T any] struct {
	recorded[T]
	outlet *channelOutlet[T]
	tap    *tap[T]
}

func (outlet *channelOutlet[T]) record() record {
	return &channelRecord[T]{outlet: outlet, tap: newTap(&outlet.outletBase, outlet.messages)}
}

func (record *channelRecord[T]) read() {
	if !record.full {
		record.tap.readAll(record.add)
	}
}

func (record *channelRecord[T]) fill(full bool) bool {
	record.full = full
	return true
}

func (record *channelRecord[T]) end() {
	record.tap.cache.empty()
	close(record.outlet.channel)
}

// queueRecord lets what comes to a queue wait for its reader, however much it is.
type queueRecord[T any] struct {
	outlet *queueOutlet[T]
	full   bool
}

func (outlet *queueOutlet[T]) record() record { return &queueRecord[T]{outlet: outlet} }

func (record *queueRecord[T]) read() {
	if record.full {
		return
	}
	tap := record.outlet.takeTap()
	defer record.outlet.giveTapBack(tap)
	tap.readAll(record.outlet.leave)
}

func (record *queueRecord[T]) outputs() []any {
	var taken []any
	batch := make([]T, recordMax)
	for {
		count := record.outlet.takeRest(batch)
		if count == 0 {
			return taken
		}
		taken = append(taken, boxes(batch[:count])...)
	}
}

func (record *queueRecord[T]) fill(full bool) bool {
	record.full = full
	return true
}

func (record *queueRecord[T]) end() {}

// funcRecord is what a function took.
type funcRecord[T any] struct{ recorded[T] }

func (outlet *funcOutlet[T]) record() record {
	outlet.recorded = new(funcRecord[T])
	return outlet.recorded
}

func (record *funcRecord[T]) read() {}

func (record *funcRecord[T]) fill(bool) bool { return false }

func (record *funcRecord[T]) end() {}
