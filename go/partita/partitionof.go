package partita

import (
	"fmt"
	"reflect"
)

// PartitionOf is a state partition of the typed API: it has a state of type S for each key of type K.
// Steps that have the same one, also of other pipelines, share its states.
type PartitionOf[K KeyType, S any] struct {
	// Name is its name; one in the application.
	Name string
	// Build makes the state of a new key. It may be called by any number of goroutines at once.
	// Without it a state begins as the zero value of S.
	Build func(key K) S
	// Keys, unless they are nil, are the only ones that exist: a message of any other key is a dead
	// letter. Otherwise the state of a key is made when its first message comes.
	Keys []K
}

// StateOf is the one state, of type S, of steps of the typed API that have no keys. Steps that have the
// same one, also of other pipelines, share it.
type StateOf[S any] struct {
	// Name is its name; one in the application.
	Name string
	// Build makes the state. Without it the state begins as the zero value of S.
	Build func() S
}

// Parts visits every state, in no particular order, until visit returns false. The states may be read
// and changed. It is like [Application.Parts].
func (partition PartitionOf[K, S]) Parts(app *Application, visit func(key K, state *S) bool) error {
	return visitParts(app, partition.Name, visit)
}

// Quarantined lists the keys that are in quarantine now. It is like [Application.Quarantined].
func (partition PartitionOf[K, S]) Quarantined(app *Application) ([]K, error) {
	engine, err := app.started()
	if err != nil {
		return nil, err
	}
	if err := engine.sameTypes(partition.Name, typesOf[K, S]()); err != nil {
		return nil, err
	}
	listed, err := engine.quarantined(partition.Name)
	if err != nil {
		return nil, err
	}
	codec := codecOf[K]()
	keys := make([]K, len(listed))
	for i, key := range listed {
		keys[i] = codec.key(key)
	}
	return keys, nil
}

// Release releases a key from quarantine. It is like [Application.Release].
func (partition PartitionOf[K, S]) Release(app *Application, key K) error {
	engine, err := app.started()
	if err != nil {
		return err
	}
	if err := engine.sameTypes(partition.Name, typesOf[K, S]()); err != nil {
		return err
	}
	return engine.release(partition.Name, codecOf[K]().given(key))
}

// Parts visits the state. It is like [Application.Parts].
func (state StateOf[S]) Parts(app *Application, visit func(state *S) bool) error {
	if visit == nil {
		return visitParts[None, S](app, state.Name, nil)
	}
	return visitParts(app, state.Name, func(_ None, state *S) bool { return visit(state) })
}

// keyed is a part of the typed API.
type keyed[K, S any] struct {
	key   K
	state S
}

// visitParts visits the parts of a partition of the typed API.
func visitParts[K, S any](app *Application, name string, visit func(key K, state *S) bool) error {
	engine, err := app.started()
	if err != nil {
		return err
	}
	if visit == nil {
		return engine.parts(name, nil)
	}
	if err := engine.sameTypes(name, typesOf[K, S]()); err != nil {
		return err
	}
	var parts *store[keyed[K, S]]
	if known, ok := engine.partitions[name]; ok {
		parts = known.host.holds().(*store[keyed[K, S]])
	}
	return engine.parts(name, func(_ func() Key, number uint64) bool {
		part := parts.at(number)
		return visit(part.key, &part.state)
	})
}

// sameTypes tells that a partition, if it exists, was declared with other types.
func (engine *engine) sameTypes(name string, types types) error {
	if known, ok := engine.partitions[name]; ok && known.item.types != types {
		return fmt.Errorf("%s: %w: it was declared with %s, and is used with %s", engine.partitionPath(name),
			ErrInvalidArgument, known.item.types, types)
	}
	return nil
}

// types are those of the keys and states of a partition; the zero value is the interface API's.
type types struct{ key, state reflect.Type }

func typesOf[K, S any]() types { return types{reflect.TypeFor[K](), reflect.TypeFor[S]()} }

// String tells the types in a sentence.
func (types types) String() string {
	switch {
	case types.state == nil:
		return "interface types"
	case types.key == reflect.TypeFor[None]():
		return fmt.Sprintf("a %s", types.state)
	}
	return fmt.Sprintf("a %s for each %s", types.state, types.key)
}

// item is the partition as declared.
func (partition PartitionOf[K, S]) item() *partItem {
	codec := codecOf[K]()
	item := &partItem{name: partition.Name, kind: codec.kind, signed: codec.signed, types: typesOf[K, S](),
		keys: codec.declared(partition.Keys), builder: partition.Build, builderName: nameOf(partition.Build)}
	build := partition.Build
	if build == nil {
		build = func(K) (none S) { return none }
	}
	item.host = func(engine *engine) partHost {
		return newPart(engine, item, func(room *buildRoom) keyed[K, S] {
			key := codec.key(room.key())
			return keyed[K, S]{key, build(key)}
		}, lend[K, S])
	}
	return item
}

// item is the state as declared.
func (state StateOf[S]) item() *partItem {
	item := &partItem{name: state.Name, types: typesOf[None, S](), builder: state.Build, builderName: nameOf(state.Build)}
	build := state.Build
	if build == nil {
		build = func() (none S) { return none }
	}
	item.host = func(engine *engine) partHost {
		return newPart(engine, item, func(*buildRoom) keyed[None, S] {
			return keyed[None, S]{state: build()}
		}, lend[None, S])
	}
	return item
}

// lend is what [Application.Parts] shows of a part.
func lend[K, S any](part *keyed[K, S]) any { return &part.state }
