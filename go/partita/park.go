package partita

// #include "bridge.h"
import "C"

import (
	"context"
	"time"
)

// bed is where a goroutine sleeps that the engine will wake: in Go and not inside the engine, because one that
// sleeps in C keeps its processor (its P) from others for a while.
type bed struct {
	// wake has a token if the goroutine was told to wake since it last slept.
	wake chan struct{}
	// timer is for sleeps that end by themselves, one at a time.
	timer *time.Timer
}

func newBed() bed {
	timer := time.NewTimer(time.Hour)
	timer.Stop()
	return bed{wake: make(chan struct{}, 1), timer: timer}
}

// sleep returns when the goroutine was told to wake, or the time is over, unless that is negative.
func (bed bed) sleep(timeout time.Duration) {
	if timeout < 0 {
		<-bed.wake
		return
	}
	bed.timer.Reset(timeout)
	defer bed.timer.Stop()
	select {
	case <-bed.wake:
	case <-bed.timer.C:
	}
}

// sleepUntil is sleep that may be cancelled: then it returns false.
func (bed bed) sleepUntil(ctx context.Context) bool {
	select {
	case <-bed.wake:
		return true
	case <-ctx.Done():
		return false
	}
}

// rouse ends the sleep of the goroutine, or its next one.
func (bed bed) rouse() {
	select {
	case bed.wake <- struct{}{}:
	default:
	}
}

//export partitaGoPark
func partitaGoPark(host C.uintptr_t, index C.uint32_t, timeout C.int64_t) {
	hostOf[*engine](uintptr(host)).beds[index].sleep(time.Duration(timeout))
}

//export partitaGoUnpark
func partitaGoUnpark(host C.uintptr_t, index C.uint32_t) {
	hostOf[*engine](uintptr(host)).beds[index].rouse()
}
