package partita

// #include "bridge.h"
import "C"

// Framing says how the bytes that a client sends are cut into frames: [LengthPrefixed], [Lines] or
// [FixedSize]. The zero Framing is none.
type Framing struct {
	kind framingKind
	size int
}

type framingKind int

const (
	noFraming framingKind = iota
	lengthPrefixed
	lines
	fixedSize
	headered
)

// LengthPrefixed is a length of four bytes, big-endian, and so many bytes. A length of 0 is an empty frame.
func LengthPrefixed() Framing { return Framing{kind: lengthPrefixed} }

// Lines is bytes up to a newline. The frame has neither it nor a carriage return right before it. Bytes
// behind the last newline are no frame.
func Lines() Framing { return Framing{kind: lines} }

// FixedSize is n bytes each.
func FixedSize(n int) Framing { return Framing{kind: fixedSize, size: n} }

// framingCodes are what the engine calls them.
var framingCodes = [...]C.uint32_t{
	lengthPrefixed: C.PARTITA_FRAMING_LENGTH,
	lines:          C.PARTITA_FRAMING_LINES,
	fixedSize:      C.PARTITA_FRAMING_FIXED,
	headered:       C.PARTITA_FRAMING_HEADER,
}

// Decoder turns frames into messages. Its methods are called by one goroutine at a time.
type Decoder interface {
	// Decode returns the message of a frame, or nil if it is none: then it is filtered. The frame may be
	// kept, and keeps the memory of those that were decoded with it, up to 32 KiB. If Decode panics the frame is a dead letter ([DeadDecode]), and its connection goes on.
	Decode(frame []byte) interface{}
}

// TryDecoder is a [Decoder] that can fail without a panic.
type TryDecoder interface {
	// Decode is as for a Decoder; with an error the frame is a dead letter.
	Decode(frame []byte) (interface{}, error)
}

// FramedDecoder is a [Decoder] that knows how its frames are cut: each is a header of a fixed length, which
// tells how many bytes follow.
type FramedDecoder interface {
	Decoder
	// HeaderLength is how many bytes a header has: the same each time, at least 1.
	HeaderLength() uint64
	// PayloadLength is how many bytes follow a header, which is only lent. If it panics, the header makes no
	// sense, and its connection is closed.
	PayloadLength(header []byte) uint64
}

// Encoder turns messages into bytes. Its methods are called by one goroutine at a time.
type Encoder interface {
	// Encode returns the bytes of a message, which are copied; none if there is nothing to write.
	Encode(data interface{}) []byte
}

// decodeFunc decodes a frame, unless that is filtered.
type decodeFunc[T any] func(frame []byte) (data T, keep bool, err error)

// decoding is the function of a decoder, or nil.
func decoding(decoder Decoder) decodeFunc[interface{}] {
	if decoder == nil {
		return nil
	}
	return func(frame []byte) (interface{}, bool, error) {
		data := decoder.Decode(frame)
		return data, data != nil, nil
	}
}

// trying is the function of a decoder that can fail, or nil.
func trying(decoder TryDecoder) decodeFunc[interface{}] {
	if decoder == nil {
		return nil
	}
	return func(frame []byte) (interface{}, bool, error) {
		data, err := decoder.Decode(frame)
		return data, data != nil, err
	}
}
