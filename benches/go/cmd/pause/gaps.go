package main

import "time"

// apart is how many messages lie between two looks at the clock.
const apart = 64

// gaps finds the longest time between two looks at the clock. One goroutine at a time uses it.
type gaps struct {
	seen    int
	last    time.Time
	longest time.Duration
}

// message is called for each message.
func (gaps *gaps) message() {
	if gaps.seen++; gaps.seen%apart != 0 {
		return
	}
	now := time.Now()
	if !gaps.last.IsZero() {
		gaps.longest = max(gaps.longest, now.Sub(gaps.last))
	}
	gaps.last = now
}

// take returns the longest time, and begins anew.
func (gaps *gaps) take() time.Duration {
	longest := gaps.longest
	gaps.seen, gaps.last, gaps.longest = 0, time.Time{}, 0
	return longest
}
