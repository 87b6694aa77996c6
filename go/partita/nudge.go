package partita

// #include "bridge.h"
import "C"

import "sync"

// nudges ends waits, to make those who wait look up.
type nudges struct {
	lock  sync.Mutex
	count uint64
	// waiting says of each wait whether it was nudged.
	waiting map[C.partita_cancel]bool
}

// listener is one who may wait, and notices all nudges since it was made. The zero one notices none.
type listener struct {
	nudges *nudges
	heard  uint64
}

// nudge ends the waits of all listeners that were made before.
func (nudges *nudges) nudge() {
	nudges.lock.Lock()
	defer nudges.lock.Unlock()
	nudges.count++
	for cancel, fired := range nudges.waiting {
		if !fired {
			C.partita_cancel_fire(cancel)
			nudges.waiting[cancel] = true
		}
	}
}

// listen makes a listener.
func (nudges *nudges) listen() listener {
	nudges.lock.Lock()
	defer nudges.lock.Unlock()
	return listener{nudges, nudges.count}
}

// add begins a wait that the cancel ends.
func (listener listener) add(cancel C.partita_cancel) {
	nudges := listener.nudges
	if nudges == nil {
		return
	}
	nudges.lock.Lock()
	defer nudges.lock.Unlock()
	if nudges.waiting == nil {
		nudges.waiting = make(map[C.partita_cancel]bool)
	}
	late := nudges.count != listener.heard
	if late {
		C.partita_cancel_fire(cancel)
	}
	nudges.waiting[cancel] = late
}

// remove ends a wait, and tells whether it was nudged.
func (listener listener) remove(cancel C.partita_cancel) bool {
	nudges := listener.nudges
	if nudges == nil {
		return false
	}
	nudges.lock.Lock()
	defer nudges.lock.Unlock()
	nudged := nudges.waiting[cancel]
	delete(nudges.waiting, cancel)
	return nudged
}
