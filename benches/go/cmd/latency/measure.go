package main

import (
	"runtime"
	"syscall"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

func newHistogram() *hdrhistogram.Histogram { return hdrhistogram.New(1, int64(time.Minute), 3) }

// measureHandOff has two goroutines on threads of their own send a value there and back.
func measureHandOff(count int) *hdrhistogram.Histogram {
	there, back := make(chan int), make(chan int)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		for value := range there {
			back <- value
		}
	}()
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	taken := newHistogram()
	for value := range count {
		start := time.Now()
		there <- value
		<-back
		record(taken, time.Since(start)/2)
	}
	close(there)
	return taken
}

func record(taken *hdrhistogram.Histogram, time time.Duration) {
	// One that is over a minute counts as that.
	if taken.RecordValue(int64(time)) != nil {
		_ = taken.RecordValue(taken.HighestTrackableValue())
	}
}

// measureIdle sends one message at a time.
func measureIdle(maker maker, count int) (*hdrhistogram.Histogram, error) {
	taken, came := newHistogram(), make(chan struct{}, 1)
	system, err := maker.make(func(message *message) {
		record(taken, time.Since(message.due))
		came <- struct{}{}
	})
	if err != nil {
		return nil, err
	}
	for number := range count {
		if err := system.send(&message{number: uint64(number), due: time.Now()}); err != nil {
			return nil, err
		}
		<-came
	}
	return taken, system.close()
}

// measureMost tells at which rate messages come through that are sent one at a time as quickly as that goes.
func measureMost(maker maker, lasts time.Duration) (float64, error) {
	count := 0
	system, err := maker.make(func(*message) { count++ })
	if err != nil {
		return 0, err
	}
	start := time.Now()
	for number := uint64(0); time.Since(start) < lasts; number++ {
		if err := system.send(&message{number: number}); err != nil {
			return 0, err
		}
	}
	err = system.close()
	return float64(count) / time.Since(start).Seconds(), err
}

// measureRate sends messages when they are due.
func measureRate(maker maker, rate float64, lasts time.Duration) (*hdrhistogram.Histogram, error) {
	taken := newHistogram()
	system, err := maker.make(func(message *message) { record(taken, time.Since(message.due)) })
	if err != nil {
		return nil, err
	}
	start := time.Now()
	for number := range int(rate * lasts.Seconds()) {
		due := start.Add(time.Duration(float64(number) / rate * float64(time.Second)))
		waitUntil(due)
		if err := system.send(&message{number: uint64(number), due: due}); err != nil {
			return nil, err
		}
	}
	return taken, system.close()
}

// waitUntil leaves the processor to others for as long as nothing is due, and lets messages that are due
// together go together: it sleeps a moment at least. The system's sleep is late by some 50 microseconds, that of Go
// by up to a millisecond, which would hide what the systems take.
func waitUntil(due time.Time) {
	for left := time.Until(due); left > 0; left = time.Until(due) {
		asked := syscall.NsecToTimespec(int64(max(left, 50*time.Microsecond)))
		// A signal ends it early.
		_ = syscall.Nanosleep(&asked, nil)
	}
}
