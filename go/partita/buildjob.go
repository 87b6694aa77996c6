package partita

// #include "bridge.h"
import "C"

import (
	"fmt"
	"unsafe"
)

// part is a state partition, the host of its callbacks: each key's part is of type Part.
type part[Part any] struct {
	engine *engine
	parts  *store[Part]
	item   *partItem
	// build makes the part of the next key.
	build func(*buildRoom) Part
	// lend is what [Application.Parts] shows of a part.
	lend func(*Part) any

	// builds are what it does on each seat, one at a time.
	builds []*buildJob[Part]
}

// partHost is a partition of any type.
type partHost interface {
	holder
	fill(index C.int32_t, room *C.partita_build) C.partita_status
	// state is what is shown of the part with a number.
	state(number uint64) any
}

func newPart[Part any](engine *engine, item *partItem, build func(*buildRoom) Part, lend func(*Part) any) *part[Part] {
	part := &part[Part]{engine: engine, parts: statesOf[Part](engine), item: item, build: build, lend: lend}
	engine.seated = append(engine.seated, part)
	return part
}

func (part *part[Part]) holds() keeper { return part.parts }

func (part *part[Part]) state(number uint64) any { return part.lend(part.parts.at(number)) }

func (part *part[Part]) seat(count int) {
	part.builds = seats[buildJob[Part]](count)
	for seat, build := range part.builds {
		build.part, build.cache = part, part.parts.cache(seat)
	}
}

// buildJob is new keys, whose parts are to be built.
type buildJob[Part any] struct {
	buildRoom
	part  *part[Part]
	cache *slotCache[Part]
	_     apart
}

// buildRoom is what the engine lends for new parts.
type buildRoom struct {
	callback
	room   *C.partita_build
	states []uint64
}

//export partitaGoBuild
func partitaGoBuild(host C.uintptr_t, index C.int32_t, room *C.partita_build) C.partita_status {
	return hostOf[partHost](uintptr(host)).fill(index, room)
}

func (part *part[Part]) fill(index C.int32_t, room *C.partita_build) C.partita_status {
	build := part.builds[seatOf(index)]
	build.buildRoom = buildRoom{
		callback: begin(part.engine.worker(index), &room.done, &room.failure, build),
		room:     room,
		states:   unsafe.Slice((*uint64)(unsafe.Pointer(room.states)), room.len),
	}
	return build.perform(build)
}

func (build *buildJob[Part]) settle() {}

func (build *buildJob[Part]) work() {
	for build.at < len(build.states) {
		build.states[build.at] = build.cache.put(build.part.build(&build.buildRoom))
		build.at++
	}
}

// describe names the part being built.
func (build *buildJob[Part]) describe() string {
	item := build.part.item
	text := fmt.Sprintf("builder %q", item.builderName)
	if key := build.key(); key.Kind != NoKey {
		text += ", " + key.describe(item.signed)
	}
	return text
}

// key is that of the part being built.
func (room *buildRoom) key() Key {
	return keyAt(room.room.word_keys, room.room.byte_keys, room.room.len, room.at)
}

// lendAny is a part of the interface API.
func lendAny(part *any) any { return *part }

// buildAny makes a part of the interface API.
func buildAny(builder StateBuilder) func(*buildRoom) any {
	return func(*buildRoom) any {
		state := builder.Build()
		if state == nil {
			panic("it returned nil: expected a state")
		}
		return state
	}
}
