package partita

import (
	"fmt"
	"reflect"
	"strconv"
)

// printer writes values as fmt does with %v, but calls none of their methods, and stops when the text
// is long or a value lies deep inside the first: it may be large, or contain itself.
type printer struct {
	text []byte
	// room is how long the text may become; a little more is written.
	room int
}

// printedDepth is how deep inside a value others are written.
const printedDepth = 4

func (printer *printer) full() bool { return len(printer.text) >= printer.room }

// add writes text, as much of it as there is room for.
func (printer *printer) add(text string) {
	printer.text = append(printer.text, text[:min(len(text), max(0, printer.room-len(printer.text)))]...)
}

// print writes a value that lies at a depth inside the first.
func (printer *printer) print(value reflect.Value, depth int) {
	if printer.full() {
		return
	}
	if depth > printedDepth {
		printer.add("...")
		return
	}
	switch value.Kind() {
	case reflect.String:
		printer.add(value.String())
	case reflect.Struct:
		printer.list("{", "}", value.NumField(), func(i int) { printer.print(value.Field(i), depth+1) })
	case reflect.Slice, reflect.Array:
		printer.list("[", "]", value.Len(), func(i int) { printer.print(value.Index(i), depth+1) })
	case reflect.Map:
		entries := value.MapRange()
		printer.list("map[", "]", value.Len(), func(int) {
			entries.Next()
			printer.print(entries.Key(), depth+1)
			printer.add(":")
			printer.print(entries.Value(), depth+1)
		})
	case reflect.Interface:
		printer.print(value.Elem(), depth)
	case reflect.Pointer:
		printer.pointer(value, depth)
	default:
		printer.add(plain(value))
	}
}

// list writes a number of values, one after another.
func (printer *printer) list(open, end string, size int, print func(i int)) {
	printer.add(open)
	for i := 0; i < size && !printer.full(); i++ {
		if i > 0 {
			printer.add(" ")
		}
		print(i)
	}
	printer.add(end)
}

// pointer writes what a pointer points to, if that is the first value, else the address.
func (printer *printer) pointer(value reflect.Value, depth int) {
	if depth == 0 && !value.IsNil() {
		switch value.Elem().Kind() {
		case reflect.Struct, reflect.Slice, reflect.Array, reflect.Map:
			printer.add("&")
			printer.print(value.Elem(), depth+1)
			return
		}
	}
	printer.add(address(value))
}

// plain is a value of a kind that has none inside.
func plain(value reflect.Value) string {
	switch kind := value.Kind(); {
	case kind == reflect.Invalid:
		return "<nil>"
	case kind == reflect.Bool:
		return strconv.FormatBool(value.Bool())
	case value.CanInt():
		return strconv.FormatInt(value.Int(), 10)
	case value.CanUint():
		return strconv.FormatUint(value.Uint(), 10)
	case value.CanFloat():
		return strconv.FormatFloat(value.Float(), 'g', -1, value.Type().Bits())
	case value.CanComplex():
		return fmt.Sprint(value.Complex())
	}
	return address(value)
}

// address is a pointer, a channel or a function.
func address(value reflect.Value) string {
	if value.Pointer() == 0 {
		return "<nil>"
	}
	return "0x" + strconv.FormatUint(uint64(value.Pointer()), 16)
}
