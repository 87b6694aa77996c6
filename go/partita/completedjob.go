package partita

// #include "bridge.h"
import "C"

import "unsafe"

//export partitaGoCompleted
func partitaGoCompleted(host C.uintptr_t, room *C.partita_completed) C.partita_status {
	hostOf[*engine](uintptr(host)).complete(room)
	return C.PARTITA_OK
}

// complete tells those who wait for it what the engine says is completed. None of the user's code is
// called.
func (engine *engine) complete(room *C.partita_completed) {
	tokens := engine.completed[:0]
	waiting := engine.awaited.now()
	for i := range int(room.len) {
		one := completionAt(room, i)
		token := uint64(one.token)
		var why *DeadError
		if one.dead > 0 {
			why = &DeadError{Dead: uint64(one.dead), Reason: DeadReason(one.reason), Text: text(one.text)}
		}
		awaited := *waiting.at(token)
		*waiting.at(token) = nil
		tokens = append(tokens, token)
		awaited.completed(why)
	}
	engine.awaited.giveBack(tokens)
	engine.completed = tokens
}

// completionAt is one of those that the engine lends. It says how far they are apart.
func completionAt(room *C.partita_completed, index int) *C.partita_completion {
	first := unsafe.Pointer(room.completions)
	return (*C.partita_completion)(unsafe.Add(first, index*int(room.completion_size)))
}
