package partita

import (
	"fmt"
	"reflect"
	"strings"
	"time"
	"unicode/utf8"
)

const (
	// shownMax is how much of a value is shown, in bytes.
	shownMax = 512
	// shownWithin is how long a value has to say what it is.
	shownWithin = 100 * time.Millisecond
)

// show is a value as text, cut where it is long. Whatever the value is, that ends soon and takes
// little memory.
func show(value any) string {
	switch value := value.(type) {
	case error:
		return told(value, value.Error)
	case fmt.Stringer:
		return told(value, value.String)
	}
	printer := printer{room: shownMax + utf8.UTFMax}
	printer.print(reflect.ValueOf(value), 0)
	return cut(string(printer.text), shownMax, "...")
}

// told is what a value's own method says, or else its type. The method may panic, end its goroutine,
// or wait for a lock that is not coming free.
func told(value any, method func() string) string {
	said := make(chan string, 1)
	go func() {
		text := fmt.Sprintf("a %T", value)
		defer func() {
			_ = recover()
			said <- text
		}()
		text = cut(method(), shownMax, "...")
	}()
	select {
	case text := <-said:
		return text
	case <-time.After(shownWithin):
		return fmt.Sprintf("a %T", value)
	}
}

// cut is text as valid UTF-8 of at most size bytes, and the mark if that is not all.
func cut(text string, size int, mark string) string {
	long := len(text) > size
	// A rune that is cut here is left out below.
	text = strings.ToValidUTF8(text[:min(len(text), size+utf8.UTFMax)], string(utf8.RuneError))
	if !long && len(text) <= size {
		return text
	}
	if size <= len(mark) {
		return ""
	}
	end := min(size-len(mark), len(text))
	for end < len(text) && !utf8.RuneStart(text[end]) {
		end--
	}
	return text[:end] + mark
}
