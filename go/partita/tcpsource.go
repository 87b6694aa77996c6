package partita

// #include "bridge.h"
import "C"

import (
	"fmt"
	"time"
)

// listening is what a source that listens was made with.
type listening struct {
	address string
	framing Framing
	// headerLength and payloadLength are those of a framing by headers.
	headerLength  uint64
	payloadLength func(header []byte) uint64
	// decodes says that there is a decoder, and keeps that it may keep frames.
	decodes, keeps bool
}

// limits are what clients of a source may do; what is not set is the engine's default.
type limits struct {
	frame, connections, buffered int
	idle                         time.Duration
	ackRequest                   []byte
	// given are the names of those that are set, and mistakes what is wrong with them.
	given    []string
	mistakes []string
}

// NewTCPSource makes a source that listens on a TCP port, for [Application.NewPipeline]. Each client's
// stream is cut into frames, and the decoder turns them into messages, many in one call of the engine. The
// messages of one client keep their order. One can also Send into the source.
//
// The address is host:port; without a host it is 127.0.0.1, and port 0 is any free one, which
// [SourceOf.Addr] tells. It is bound when the application starts ([ErrAddress]).
//
// While the credits are used up ([Credits]) clients are not read. A client that breaks a limit ([MaxFrame],
// [MaxConnections], [IdleTimeout]) is disconnected, counted ([Traffic]) and logged ([Logger]); the others
// go on. A frame on which the decoder fails is a dead letter ([DeadDecode]).
//
// The steps that the pipeline begins with are run by workers.
func NewTCPSource(address string, framing Framing, decoder Decoder, options ...SourceOption) *Source {
	return newTCPSource(listening{address: address, framing: framing, keeps: true}, decoding(decoder), options)
}

// NewTryTCPSource is [NewTCPSource] with a decoder that can fail without a panic.
func NewTryTCPSource(address string, framing Framing, decoder TryDecoder, options ...SourceOption) *Source {
	return newTCPSource(listening{address: address, framing: framing, keeps: true}, trying(decoder), options)
}

// NewFramedTCPSource is [NewTCPSource] with a decoder that knows how its frames are cut.
func NewFramedTCPSource(address string, decoder FramedDecoder, options ...SourceOption) *Source {
	if decoder == nil {
		return newTCPSource[interface{}](listening{address: address, framing: Framing{kind: headered}}, nil, options)
	}
	listening := listening{
		address:       address,
		framing:       Framing{kind: headered},
		headerLength:  decoder.HeaderLength(),
		payloadLength: decoder.PayloadLength,
		keeps:         true,
	}
	return newTCPSource(listening, decoding(decoder), options)
}

// NewTCPSourceOf is [NewTCPSource] for messages of type T. The function decodes a frame, which is only lent:
// what is to be kept of it must be copied. Without keep the frame is filtered, and with an error it is a
// dead letter. It is called by one goroutine at a time.
func NewTCPSourceOf[T any](address string, framing Framing, decode func(frame []byte) (data T, keep bool, err error), options ...SourceOption) *SourceOf[T] {
	return newTCPSource(listening{address: address, framing: framing}, decode, options)
}

func newTCPSource[T any](listening listening, decode decodeFunc[T], options []SourceOption) *SourceOf[T] {
	source := NewSourceOf[T](options...)
	listening.decodes = decode != nil
	source.options.listening, source.decode = &listening, decode
	return source
}

// limit sets a limit of at least 1.
func (limits *limits) limit(name string, limit *int, n int) {
	limits.given = append(limits.given, name)
	if n < 1 {
		limits.mistakes = append(limits.mistakes, fmt.Sprintf("%s: expected 1 or more, got %d", name, n))
	}
	*limit = n
}

// MaxFrame sets the longest frame that a client of a TCP source may send, in bytes. The default is 1 MiB,
// the most 1 GiB.
func MaxFrame(n int) SourceOption {
	return func(options *sourceOptions) { options.limits.limit("MaxFrame", &options.limits.frame, n) }
}

// MaxConnections sets how many clients a TCP source has at once. The default is 1,024; one more is
// disconnected at once.
func MaxConnections(n int) SourceOption {
	return func(options *sourceOptions) {
		options.limits.limit("MaxConnections", &options.limits.connections, n)
	}
}

// MaxBuffered sets how many bytes of a client are kept that are not decoded, beyond one whole frame. The
// default is 256 KiB.
func MaxBuffered(n int) SourceOption {
	return func(options *sourceOptions) { options.limits.limit("MaxBuffered", &options.limits.buffered, n) }
}

// IdleTimeout sets how long a client of a TCP source may send nothing, while it is read; a negative one is
// for ever. The default is ten minutes.
func IdleTimeout(d time.Duration) SourceOption {
	return func(options *sourceOptions) {
		limits := &options.limits
		limits.given = append(limits.given, "IdleTimeout")
		if d == 0 {
			limits.mistakes = append(limits.mistakes, "IdleTimeout: expected more than 0, or less for no limit")
		}
		limits.idle = d
	}
}

// AckRequest lets clients of a TCP source ask how many of their frames are done: one whose first frame is
// exactly this request is not sending a message. From then on it is told how many of its later frames are
// done (processed, filtered or dead, with all that descends from them), as eight bytes, big-endian, each
// time that the number has grown. What an application throws away because it fails or is closed is not told.
func AckRequest(request []byte) SourceOption {
	return func(options *sourceOptions) {
		limits := &options.limits
		limits.given = append(limits.given, "AckRequest")
		if len(request) == 0 {
			limits.mistakes = append(limits.mistakes, "AckRequest: it is empty: expected a frame")
		}
		limits.ackRequest = append([]byte{}, request...)
	}
}

// Addr is where a TCP source listens, as in 127.0.0.1:41234, from the start of its application on. It is
// empty before that, and for other sources.
func (source *SourceOf[T]) Addr() string {
	gate := source.gate.Load()
	if gate == nil {
		return ""
	}
	return gate.address
}

// Traffic reads what went through the sockets of a TCP source. It is zero before the start, and for other
// sources.
func (source *SourceOf[T]) Traffic() Traffic {
	gate := source.gate.Load()
	if gate == nil || source.options.listening == nil {
		return Traffic{}
	}
	return gate.traffic.read(gate.readTraffic)
}

// readTraffic reads it from the engine.
func (base *gateBase) readTraffic() (C.partita_traffic, C.partita_status) {
	read := C.partita_traffic{size: C.sizeof_partita_traffic}
	return read, C.partita_pipeline_traffic(base.pipeline, &read)
}

// readAddress reads where the source listens; nowhere if it does not.
func (base *gateBase) readAddress() string {
	var room [64]C.char
	var size C.size_t
	if C.partita_pipeline_address(base.pipeline, &room[0], C.size_t(len(room)), &size) != C.PARTITA_OK {
		return ""
	}
	return C.GoStringN(&room[0], C.int(min(size, C.size_t(len(room)))))
}
