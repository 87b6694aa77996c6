package partita

import (
	"sync"
	"time"
)

// logMost is how many times a second the same thing is logged, as the engine does with what it has to say.
const logMost = 10

// logLimit limits how often something is logged. Any goroutine may use it.
type logLimit struct {
	lock    sync.Mutex
	began   time.Time
	told    int
	leftOut uint64
}

// admit tells whether to log it once more, and then how many times it was left out before.
func (limit *logLimit) admit(now time.Time) (leftOut uint64, admitted bool) {
	limit.lock.Lock()
	defer limit.lock.Unlock()
	if now.Sub(limit.began) >= time.Second {
		limit.began, limit.told = now, 0
	}
	if limit.told == logMost {
		limit.leftOut++
		return 0, false
	}
	limit.told++
	leftOut, limit.leftOut = limit.leftOut, 0
	return leftOut, true
}
