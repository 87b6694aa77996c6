// Command version prints the version of the engine that is linked. rebuilt_engine.sh puts it where
// it may import the engine.
package main

// #include "../../partita.h"
import "C"

import (
	"fmt"
	"unsafe"

	_ "github.com/partita-stream/partita/go/partita"
)

func main() {
	version := C.partita_version()
	fmt.Println(C.GoStringN((*C.char)(unsafe.Pointer(version.ptr)), C.int(version.len)))
}
