package partita

// #include "bridge.h"
import "C"

import "time"

// retry says how often something that failed is tried again, if it is.
type retry struct {
	given bool
	times int
	pause time.Duration
}

// retry checks what was asked for.
func (assembly *assembly) retry(path string, retry retry) (times C.uint32_t, pause C.uint64_t) {
	const most = time.Duration(C.PARTITA_RETRY_PAUSE_MAX_NS)
	switch {
	case !retry.given:
		return 0, 0
	case retry.times < 1 || retry.times > C.PARTITA_RETRIES_MAX:
		assembly.wrong(path, "retries: expected 1 to %d, got %d", C.PARTITA_RETRIES_MAX, retry.times)
	case retry.pause < 0 || retry.pause > most:
		assembly.wrong(path, "pause between retries: expected 0 to %v, got %v", most, retry.pause)
	default:
		return C.uint32_t(retry.times), C.uint64_t(retry.pause)
	}
	return 0, 0
}
