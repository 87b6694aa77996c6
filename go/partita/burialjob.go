package partita

// #include "bridge.h"
import "C"

import (
	"unsafe"
)

// burialJob is dead letters handed to the application's function.
type burialJob struct {
	callback
	engine *engine
	room   *C.partita_dead_letters
}

//export partitaGoDeadLetters
func partitaGoDeadLetters(host C.uintptr_t, index C.int32_t, room *C.partita_dead_letters) C.partita_status {
	engine := hostOf[*engine](uintptr(host))
	worker := engine.worker(index)
	burial := &worker.burial
	*burial = burialJob{callback: begin(worker, &room.done, &room.failure, burial), engine: engine, room: room}
	return burial.perform(burial)
}

func (burial *burialJob) settle() {}

func (burial *burialJob) work() {
	for burial.at < int(burial.room.len) {
		letter := burial.letter()
		messages := burial.engine.stages[letter.stage].messages
		dead := DeadLetter{
			Reason: DeadReason(letter.reason),
			Key:    burial.key(letter),
			Path:   text(letter.path),
			Text:   text(letter.text),
		}
		if dead.Reason == DeadDecode {
			dead.Frame = bytesText(letter.frame)
			burial.engine.deadLetters(dead)
		} else {
			dead.Data = messages.boxed(number(letter.value))
			burial.engine.deadLetters(dead)
			messages.drop(burial.worker.seat(), number(letter.value))
		}
		burial.at++
	}
}

// letter is the next one. The engine says how far they are apart.
func (burial *burialJob) letter() *C.partita_dead_letter {
	first := unsafe.Pointer(burial.room.letters)
	return (*C.partita_dead_letter)(unsafe.Add(first, burial.at*int(burial.room.letter_size)))
}

// key is the key of a dead letter, at the stage where it died.
func (burial *burialJob) key(letter *C.partita_dead_letter) Key {
	switch kind := burial.engine.stages[letter.stage].kind; {
	case letter.has_key == 0:
	case kind == NumberKey:
		return Key{Kind: NumberKey, Number: uint64(letter.word_key)}
	case kind == TextKey:
		return Key{Kind: TextKey, Text: bytesText(letter.byte_key)}
	}
	return Key{}
}

func (burial *burialJob) describe() string { return "dead-letter function" }
