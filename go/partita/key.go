package partita

import "strconv"

// Key is the key of a state part, or of a dead letter.
type Key struct {
	// Number is the key, if the partition function returns a uint64.
	Number uint64
	// Text is the key, if the partition function returns a string.
	Text string
	// Kind says which of them it is.
	Kind KeyKind
}

// KeyKind says what the keys of a partition are.
type KeyKind int

const (
	// NoKey is the kind where there is no key: a single state, or a message that died before its
	// key was known.
	NoKey KeyKind = iota
	// NumberKey is the kind of keys that are a uint64.
	NumberKey
	// TextKey is the kind of keys that are a string.
	TextKey
)

// String gives the key as text: the number, the text itself, or nothing.
func (key Key) String() string {
	switch key.Kind {
	case NumberKey:
		return strconv.FormatUint(key.Number, 10)
	case TextKey:
		return key.Text
	}
	return ""
}

// describe names the key in a sentence.
func (key Key) describe() string {
	switch key.Kind {
	case NumberKey:
		return "key " + key.String()
	case TextKey:
		return "key " + strconv.Quote(key.Text)
	}
	return "no key"
}
