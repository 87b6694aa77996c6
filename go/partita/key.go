package partita

import "strconv"

// Key is the key of a state part, or of a dead letter.
type Key struct {
	// Number is the key, converted to uint64, if the partition function returns an integer.
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
	// NumberKey is the kind of keys that are an integer.
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

// describe names the key in a sentence; a number may have been one with a sign.
func (key Key) describe(signed bool) string {
	switch {
	case key.Kind == NumberKey && signed:
		return "key " + strconv.FormatInt(int64(key.Number), 10)
	case key.Kind == NumberKey:
		return "key " + key.String()
	case key.Kind == TextKey:
		return "key " + strconv.Quote(key.Text)
	}
	return "no key"
}
