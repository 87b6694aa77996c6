package partita

import (
	"reflect"
	"testing"
	"unsafe"
)

func TestOnlyWhatHoldsNoMemoryStaysInFreePlaces(t *testing.T) {
	for object, want := range map[any]bool{
		1: false, uintptr(1): false, 1.5: false, 1i: false, true: false, [3]int8{}: false, struct{}{}: false,
		struct {
			a int
			b [2]float32
		}{}: false,
		"": true, new(int): true, [1]string{}: true, [0]string{}: false, unsafe.Pointer(nil): true,
		struct {
			a int
			b [2]any
		}{}: true,
		struct{ c chan int }{}: true,
	} {
		if got := pins(reflect.TypeOf(object)); got != want {
			t.Errorf("%T holds memory: %v, expected %v", object, got, want)
		}
	}
	for _, kind := range []reflect.Type{
		reflect.TypeFor[any](), reflect.TypeFor[error](), reflect.TypeFor[[]byte](), reflect.TypeFor[map[int]int](), reflect.TypeFor[func()](),
	} {
		if !pins(kind) {
			t.Errorf("%v holds no memory, it is said", kind)
		}
	}
}
