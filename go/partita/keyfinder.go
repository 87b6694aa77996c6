package partita

import "fmt"

// keyFinder finds the keys of messages, by a partition function.
type keyFinder[T any] interface {
	// kind is what the keys are.
	kind() KeyKind
	// find writes the keys of messages into a page, and counts them: up to one that is a nil
	// interface, or finds no room.
	find(messages []T, page *keyPage, count *int)
	// describe names the partition function and the message on which it failed.
	describe(data any) string
}

// keyPage is room for keys of one kind.
type keyPage struct {
	words []uint64
	texts keyWriter
}

// turn leaves behind what was written for a number of messages.
func (page *keyPage) turn(count int) {
	if page.words != nil {
		page.words = page.words[count:]
		return
	}
	page.texts.spans = page.texts.spans[count:]
}

// numberFinder is a [PartitionFunction].
type numberFinder struct {
	function PartitionFunction
	name     string
}

func (numberFinder) kind() KeyKind { return NumberKey }

func (finder numberFinder) find(messages []any, page *keyPage, count *int) {
	words, function, before := page.words[:len(messages)], finder.function, *count
	for i, data := range messages {
		if data == nil {
			return
		}
		words[i] = function.Partition(data)
		*count = before + i + 1
	}
}

func (finder numberFinder) describe(data any) string { return describeKey(finder.name, data) }

// textFinder is a [StringPartitionFunction].
type textFinder struct {
	function StringPartitionFunction
	name     string
}

func (textFinder) kind() KeyKind { return TextKey }

func (finder textFinder) find(messages []any, page *keyPage, count *int) {
	for i, data := range messages {
		if data == nil || !page.texts.put(i, finder.function.Partition(data)) {
			return
		}
		*count++
	}
}

func (finder textFinder) describe(data any) string { return describeKey(finder.name, data) }

func describeKey(function string, data any) string {
	return fmt.Sprintf("partition function %q, message %s", function, show(data))
}
