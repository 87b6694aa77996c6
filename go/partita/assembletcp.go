package partita

// #include "bridge.h"
import "C"

import (
	"time"
)

// listen declares a source that listens.
func (assembly *assembly) listen(path string, settings *sourceOptions, credits int, handle C.partita_pipeline, gate gate) {
	assembly.engine.sockets = true
	listening, limits := settings.listening, &settings.limits
	if !listening.decodes {
		assembly.wrong(path, "its decoder is nil: expected one")
	}
	for _, mistake := range limits.mistakes {
		assembly.wrong(path, "%s", mistake)
	}
	framing := listening.framing
	options := C.partita_tcp_source_options{
		address:         assembly.text(listening.address),
		credits:         C.uint64_t(credits),
		frame_max:       C.size_t(max(limits.frame, 0)),
		connections_max: C.size_t(max(limits.connections, 0)),
		buffer_max:      C.size_t(max(limits.buffered, 0)),
		idle_ns:         nanoseconds(limits.idle),
	}
	if request := limits.ackRequest; len(request) > 0 {
		options.ack_request = C.partita_bytes{
			ptr: (*C.uint8_t)(assembly.bytes(string(request))),
			len: C.size_t(len(request)),
		}
	}
	switch framing.kind {
	case noFraming:
		assembly.wrong(path, "its framing is the zero Framing: expected one made by LengthPrefixed, Lines or FixedSize")
	case fixedSize:
		if framing.size < 1 {
			assembly.wrong(path, "FixedSize: expected 1 or more, got %d", framing.size)
		}
		// What it is else is wrong already.
		options.frame_size = C.size_t(max(framing.size, 1))
	case headered:
		if listening.decodes && listening.headerLength < 1 {
			assembly.wrong(path, "HeaderLength: expected 1 or more, got 0")
		}
		options.header_length = C.size_t(max(listening.headerLength, 1))
	}
	options.framing = framingCodes[framing.kind]
	assembly.declare(path, gate, func(host C.uintptr_t, object *C.partita_error) C.partita_status {
		return C.partita_go_from_tcp(handle, options, host, object)
	})
}

// connect declares a sink that connects.
func (assembly *assembly) connect(path string, item *sinkItem, handle C.partita_pipeline, outlet connects) {
	assembly.engine.sockets = true
	settings := outlet.settings()
	assembly.options(path, settings.nilOption)
	for _, mistake := range settings.mistakes {
		assembly.wrong(path, "%s", mistake)
	}
	if item.options.retry.given {
		assembly.wrong(path, "it connects: expected no retries, which are for sinks that are functions")
	}
	options := C.partita_tcp_sink_options{
		name:             assembly.text(outlet.base().name),
		policy:           C.uint32_t(item.options.policy),
		address:          assembly.text(settings.address),
		capacity:         C.uint64_t(max(settings.queued, 0)),
		buffer_max:       C.size_t(max(settings.unsent, 0)),
		reconnect_min_ns: C.uint64_t(max(settings.pauseMin, 0)),
		reconnect_max_ns: C.uint64_t(max(settings.pauses, 0)),
		flush_ns:         nanoseconds(settings.flush),
	}
	assembly.declare(path, outlet, func(host C.uintptr_t, object *C.partita_error) C.partita_status {
		return C.partita_go_to_tcp(handle, options, host, &outlet.base().handle, object)
	})
	assembly.engine.outlets = append(assembly.engine.outlets, outlet)
	if stepper := assembly.engine.stepper; stepper != nil {
		stepper.records.add(item.sink, outlet.record())
	}
}

// nanoseconds is a time as the engine takes it: 0 is its default, and below 0 for ever.
func nanoseconds(d time.Duration) C.int64_t {
	if d < 0 {
		return C.PARTITA_FOREVER
	}
	return C.int64_t(d)
}
