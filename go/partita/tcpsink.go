package partita

// #include "bridge.h"
import "C"

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"
)

// SinkOption sets something about a TCP sink.
type SinkOption func(*connecting)

// connecting is what a sink that connects was made with; what is not set is the engine's default.
type connecting struct {
	address          string
	queued, unsent   int
	pauseMin, pauses time.Duration
	flush            time.Duration
	mistakes         []string
	nilOption        bool
}

// Reconnect sets how long a TCP sink waits before it connects again: first, then twice as long each time,
// and longest at most. The default is 50 ms and 5 s.
func Reconnect(first, longest time.Duration) SinkOption {
	return func(sink *connecting) {
		if first < 1 || longest < first {
			sink.wrong("Reconnect: expected more than 0, and a longest pause not below it, got %v and %v", first, longest)
		}
		sink.pauseMin, sink.pauses = first, longest
	}
}

// FlushTimeout sets how long what a TCP sink has encoded may take to be written once the application
// closes; what is left then is counted as dead ([DeadClosed]). A negative one is for ever. The default is
// 5 s.
func FlushTimeout(d time.Duration) SinkOption {
	return func(sink *connecting) {
		if d == 0 {
			sink.wrong("FlushTimeout: expected more than 0, or less for no limit")
		}
		sink.flush = d
	}
}

// MaxUnsent sets how many encoded bytes of a TCP sink may wait to be written, beyond one whole message. The
// default is 1 MiB. When there are more, what emits to the sink stalls.
func MaxUnsent(bytes int) SinkOption {
	return func(sink *connecting) {
		if bytes < 1 {
			sink.wrong("MaxUnsent: expected 1 or more, got %d", bytes)
		}
		sink.unsent = bytes
	}
}

// MaxQueued sets how many messages of a TCP sink may wait to be encoded. The default is 4,096.
func MaxQueued(messages int) SinkOption {
	return func(sink *connecting) {
		if messages < 1 {
			sink.wrong("MaxQueued: expected 1 or more, got %d", messages)
		}
		sink.queued = messages
	}
}

func (sink *connecting) wrong(format string, arguments ...any) {
	sink.mistakes = append(sink.mistakes, fmt.Sprintf(format, arguments...))
}

// TCPSink is a sink that connects to a TCP port: see [NewTCPSink].
type TCPSink = TCPSinkOf[interface{}]

// TCPSinkOf is a [TCPSink] for messages of type T.
type TCPSinkOf[T any] struct {
	sinkBase
	connecting connecting
	encode     func(out []byte, data T) ([]byte, error)
	side       atomic.Pointer[tcpOutlet[T]]
}

// NewTCPSink makes a sink that connects to a TCP port and writes its messages there, in order. The encoder
// turns them into bytes, many in one call of the engine. The address is host:port; without a host it is
// 127.0.0.1. It is resolved when the application starts ([ErrAddress]); nobody need listen there yet.
//
// A message is in flight until its bytes are the system's, so Drain waits for that. When the connection is
// lost it is made again, after pauses that grow ([Reconnect]); a message that was cut off is written again
// as a whole, and what the system had not sent by then is lost: TCP does not tell. A peer that closes, also
// only its sending side, is gone. Meanwhile messages wait, and what emits to the sink stalls. A message that
// cannot be encoded follows the options that the sink was added with ([Skip]).
func NewTCPSink(name, address string, encoder Encoder, options ...SinkOption) *TCPSink {
	if encoder == nil {
		return NewTCPSinkOf[interface{}](name, address, nil, options...)
	}
	encode := func(_ []byte, data interface{}) ([]byte, error) { return encoder.Encode(data), nil }
	return NewTCPSinkOf(name, address, encode, options...)
}

// NewTCPSinkOf is [NewTCPSink] for messages of type T. The function appends the bytes of a message to out,
// which is empty and only lent, or returns others, which are copied. It is called by one goroutine at a
// time, and once for each message.
func NewTCPSinkOf[T any](name, address string, encode func(out []byte, data T) ([]byte, error), options ...SinkOption) *TCPSinkOf[T] {
	sink := &TCPSinkOf[T]{sinkBase: sinkBase{name: name}, encode: encode}
	sink.connecting.address = address
	sink.connecting.nilOption = apply(&sink.connecting, options)
	return sink
}

func (sink *TCPSinkOf[T]) mistake() string {
	if sink.encode == nil {
		return "its encoder is nil: expected one"
	}
	return ""
}

func (sink *TCPSinkOf[T]) outlet(base outletBase, messages *store[T]) outlet {
	return &tcpOutlet[T]{outletBase: base, messages: messages, sink: sink}
}

func (sink *TCPSinkOf[T]) abandon() {}

// Traffic reads what went through the sink's connection. It is zero before the start.
func (sink *TCPSinkOf[T]) Traffic() Traffic {
	outlet := sink.side.Load()
	if outlet == nil {
		return Traffic{}
	}
	return outlet.traffic.read(outlet.readTraffic)
}

// tcpOutlet is the engine's side of a sink that connects: the host of its callback.
type tcpOutlet[T any] struct {
	outletBase
	messages *store[T]
	sink     *TCPSinkOf[T]
	traffic  trafficKept
	// encoding is used again for each call: there is one at a time.
	encoding encodeJob[T]
	// kept is memory for the bytes of a message, and has those of one that did not fit.
	kept   []byte
	isKept bool
}

// connects is an outlet that connects.
type connects interface {
	outlet
	settings() *connecting
	// keepTraffic keeps the counters: the engine goes.
	keepTraffic()
}

func (outlet *tcpOutlet[T]) settings() *connecting        { return &outlet.sink.connecting }
func (outlet *tcpOutlet[T]) capacity() int                { return 1 }
func (outlet *tcpOutlet[T]) open()                        { outlet.sink.side.Store(outlet) }
func (outlet *tcpOutlet[T]) record() record               { return new(funcRecord[T]) }
func (outlet *tcpOutlet[T]) settle(context.Context) error { return nil }
func (outlet *tcpOutlet[T]) tally() (unread, dropped int) { return 0, 0 }
func (outlet *tcpOutlet[T]) keepTraffic()                 { outlet.traffic.keep(outlet.readTraffic) }

// readTraffic reads it from the engine.
func (base *outletBase) readTraffic() (C.partita_traffic, C.partita_status) {
	read := C.partita_traffic{size: C.sizeof_partita_traffic}
	return read, C.partita_sink_traffic(base.handle, &read)
}
