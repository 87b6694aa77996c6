package partita

// #include "bridge.h"
import "C"

import (
	"context"
	"log/slog"
)

// saying is something that the engine has to say.
type saying struct {
	level   slog.Level
	path    string
	text    string
	leftOut uint64
}

// sayingsMax is how much may wait to be logged: the engine says ten things a second at most.
const sayingsMax = 256

// levels are those of the engine.
var levels = [...]slog.Level{
	C.PARTITA_LOG_INFO:    slog.LevelInfo,
	C.PARTITA_LOG_WARNING: slog.LevelWarn,
	C.PARTITA_LOG_ERROR:   slog.LevelError,
}

// partitaGoLog takes note of what the engine says. The logger is not called on the engine's thread: it may
// wait, or end its goroutine.
//
//export partitaGoLog
func partitaGoLog(host C.uintptr_t, record *C.partita_log_record) {
	engine := hostOf[*engine](uintptr(host))
	level := slog.LevelError
	if int(record.level) < len(levels) {
		level = levels[record.level]
	}
	said := saying{level: level, path: text(record.path), text: text(record.text), leftOut: uint64(record.left_out)}
	select {
	case engine.sayings <- said:
	default:
	}
}

// tell logs what the engine says, until it has closed. If the logger ends the goroutine, another goes on.
func (engine *engine) tell() {
	returned := false
	defer func() {
		if !returned {
			go engine.tell()
		}
	}()
	for {
		select {
		case said := <-engine.sayings:
			engine.write(said)
			continue
		case <-engine.closed:
		}
		// Nothing is said after that.
		for len(engine.sayings) > 0 {
			engine.write(<-engine.sayings)
		}
		break
	}
	returned = true
	engine.crew.Done()
}

func (engine *engine) write(said saying) {
	engine.log(func(log *slog.Logger) {
		attributes := append([]slog.Attr{slog.String("at", said.path)}, leftOutOf(said.leftOut)...)
		log.LogAttrs(context.Background(), said.level, said.text, attributes...)
	})
}

// leftOutOf is what a line says of those that were left out before it, if there were any.
func leftOutOf(leftOut uint64) []slog.Attr {
	if leftOut == 0 {
		return nil
	}
	return []slog.Attr{slog.Uint64("left_out", leftOut)}
}
