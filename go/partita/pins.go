package partita

import "reflect"

// pins tells whether objects of a type may hold on to other memory.
func pins(kind reflect.Type) bool {
	switch kind.Kind() {
	case reflect.Array:
		return kind.Len() > 0 && pins(kind.Elem())
	case reflect.Struct:
		for i := range kind.NumField() {
			if pins(kind.Field(i).Type) {
				return true
			}
		}
		return false
	}
	return kind.Kind() == reflect.String || kind.Kind() > reflect.Complex128
}
