package partitatest

import (
	"fmt"
	"reflect"

	"github.com/partita-stream/partita/go/partita"
)

// Outputs takes out what has come to a sink since it was asked last: what the driver read from a queue or
// a channel, or what a function took.
func (d *Driver) Outputs(sink partita.Sink) []any {
	d.t.Helper()
	return Outputs(d, sink)
}

// Outputs is [Driver.Outputs] for messages of type T.
func Outputs[T any](d *Driver, sink partita.SinkOf[T]) []T {
	d.t.Helper()
	boxed, err := d.run.Outputs(sink)
	if err != nil {
		d.t.Fatalf("sink %q: %v", sink.Name(), err)
	}
	outputs := make([]T, len(boxed))
	for i, message := range boxed {
		outputs[i], _ = message.(T) // a nil interface stays one
	}
	return outputs
}

// DeadLetters are the messages that died so far, in that order. The function of [partita.DeadLetters] gets
// them as well.
func (d *Driver) DeadLetters() []partita.DeadLetter { return d.run.DeadLetters() }

// State is the state of a key, or nil if the key has none. The key is of any integer or string type, a
// [partita.Key], or nil for a single state. Nothing may be in flight: see [Driver.Rest].
func (d *Driver) State(partition string, key any) any {
	d.t.Helper()
	wanted, err := keyOf(key)
	if err != nil {
		d.t.Fatal(err)
	}
	states := d.States(partition)
	for other := range states {
		if other.Kind != wanted.Kind {
			d.t.Fatalf("partition %q has no keys of the kind of %v", partition, key)
		}
		break
	}
	return states[wanted]
}

// States are those of all keys of a partition.
func (d *Driver) States(partition string) map[partita.Key]any {
	d.t.Helper()
	states := make(map[partita.Key]any)
	err := d.app.Parts(partition, func(key partita.Key, state any) bool {
		states[key] = state
		return true
	})
	if err != nil {
		d.t.Fatalf("states of %q: %v", partition, err)
	}
	return states
}

// keyOf is a key as the application has it.
func keyOf(key any) (partita.Key, error) {
	if key == nil {
		return partita.Key{}, nil
	}
	if key, is := key.(partita.Key); is {
		return key, nil
	}
	switch value := reflect.ValueOf(key); {
	case value.Kind() == reflect.String:
		return partita.Key{Kind: partita.TextKey, Text: value.String()}, nil
	case value.CanInt():
		return partita.Key{Kind: partita.NumberKey, Number: uint64(value.Int())}, nil
	case value.CanUint():
		return partita.Key{Kind: partita.NumberKey, Number: value.Uint()}, nil
	}
	return partita.Key{}, fmt.Errorf("key %v: expected an integer, a string, a partita.Key or nil, got %T", key, key)
}
