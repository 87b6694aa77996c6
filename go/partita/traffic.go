package partita

// #include "bridge.h"
import "C"

import "sync/atomic"

// Traffic is what went through the sockets of a TCP source or sink.
type Traffic struct {
	// Connections counts the connections there are now.
	Connections uint64
	// Connected counts those there ever were.
	Connected uint64
	// Cut counts connections that were closed here because they broke a limit or made no sense.
	Cut uint64
	// Bytes counts bytes that were read, or written.
	Bytes uint64
	// Frames counts frames that a source took. Each is one of its stage's Completed or Dead, or Filtered.
	Frames uint64
	// Filtered counts frames that were no messages.
	Filtered uint64
	// Dropped counts bytes that were no whole frame, or not taken, when their connection ended.
	Dropped uint64
	// Again counts messages that a sink wrote again because its connection was lost.
	Again uint64
}

// trafficKept is what is left of traffic when the engine has gone.
type trafficKept struct{ final atomic.Pointer[Traffic] }

// read reads the counters of the engine, or what they came to.
func (kept *trafficKept) read(read func() (C.partita_traffic, C.partita_status)) Traffic {
	counted, status := read()
	if status != C.PARTITA_OK {
		if final := kept.final.Load(); final != nil {
			return *final
		}
	}
	return Traffic{
		Connections: uint64(counted.connections),
		Connected:   uint64(counted.connected),
		Cut:         uint64(counted.cut),
		Bytes:       uint64(counted.bytes),
		Frames:      uint64(counted.frames),
		Filtered:    uint64(counted.filtered),
		Dropped:     uint64(counted.dropped),
		Again:       uint64(counted.again),
	}
}

// keep keeps the counters: the engine goes.
func (kept *trafficKept) keep(read func() (C.partita_traffic, C.partita_status)) {
	final := kept.read(read)
	kept.final.Store(&final)
}
