package partita

import (
	"reflect"
	"unsafe"
)

// KeyType is what keys of the typed API may be: any integer or string type.
type KeyType interface {
	~int | ~int8 | ~int16 | ~int32 | ~int64 |
		~uint | ~uint8 | ~uint16 | ~uint32 | ~uint64 | ~uintptr | ~string
}

// keyCodec makes keys of the engine of those of type K, and back.
type keyCodec[K KeyType] struct {
	kind KeyKind
	// signed says that the keys are numbers with a sign.
	signed bool
}

func codecOf[K KeyType]() keyCodec[K] {
	switch kind := reflect.TypeFor[K]().Kind(); {
	case kind == reflect.String:
		return keyCodec[K]{kind: TextKey}
	default:
		return keyCodec[K]{kind: NumberKey, signed: kind <= reflect.Int64}
	}
}

// word is a key that is a number, converted to uint64.
func (codec keyCodec[K]) word(key K) uint64 {
	var word uint64
	// Go has no conversion that strings have, too.
	switch at := unsafe.Pointer(&key); unsafe.Sizeof(key) {
	case 1:
		word = uint64(*(*uint8)(at))
	case 2:
		word = uint64(*(*uint16)(at))
	case 4:
		word = uint64(*(*uint32)(at))
	case 8:
		word = *(*uint64)(at)
	}
	if codec.signed {
		rest := 64 - 8*unsafe.Sizeof(key)
		word = uint64(int64(word<<rest) >> rest)
	}
	return word
}

// text is a key that is a string.
func (codec keyCodec[K]) text(key K) string { return *(*string)(unsafe.Pointer(&key)) }

// key is a key that the engine gave.
func (codec keyCodec[K]) key(given Key) (key K) {
	at := unsafe.Pointer(&key)
	if codec.kind == TextKey {
		*(*string)(at) = given.Text
		return key
	}
	switch unsafe.Sizeof(key) {
	case 1:
		*(*uint8)(at) = uint8(given.Number)
	case 2:
		*(*uint16)(at) = uint16(given.Number)
	case 4:
		*(*uint32)(at) = uint32(given.Number)
	case 8:
		*(*uint64)(at) = given.Number
	}
	return key
}

// given is a key as the engine gives it.
func (codec keyCodec[K]) given(key K) Key {
	if codec.kind == TextKey {
		return Key{Kind: TextKey, Text: codec.text(key)}
	}
	return Key{Kind: NumberKey, Number: codec.word(key)}
}

// declared are keys as they are declared, or nil.
func (codec keyCodec[K]) declared(keys []K) (declared declaredKeys) {
	switch {
	case keys == nil:
	case codec.kind == TextKey:
		declared.texts = make([]string, len(keys))
		for i, key := range keys {
			declared.texts[i] = codec.text(key)
		}
	default:
		declared.words = make([]uint64, len(keys))
		for i, key := range keys {
			declared.words[i] = codec.word(key)
		}
	}
	return declared
}

// typedFinder finds keys by a function.
type typedFinder[K KeyType, T any] struct {
	codec    keyCodec[K]
	function func(T) K
	name     string
}

func (finder typedFinder[K, T]) kind() KeyKind { return finder.codec.kind }

func (finder typedFinder[K, T]) find(messages []T, page *keyPage, count *int) {
	messages = messages[:beforeNil(messages)]
	if finder.codec.kind == TextKey {
		finder.findTexts(messages, page, count)
		return
	}
	words, function, before := page.words[:len(messages)], finder.function, *count
	for i := range messages {
		words[i] = finder.codec.word(function(messages[i]))
		*count = before + i + 1
	}
}

func (finder typedFinder[K, T]) findTexts(messages []T, page *keyPage, count *int) {
	for i := range messages {
		if !page.texts.put(i, finder.codec.text(finder.function(messages[i]))) {
			return
		}
		*count++
	}
}

func (finder typedFinder[K, T]) describe(data any) string { return describeKey(finder.name, data) }
