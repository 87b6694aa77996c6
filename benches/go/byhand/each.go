package byhand

import "sync"

// each runs work for every part on a goroutine of its own, the only one on the caller's, and waits.
func each[T any](parts []T, work func(i int, part T)) {
	if len(parts) == 1 {
		work(0, parts[0])
		return
	}
	var running sync.WaitGroup
	for i, part := range parts {
		running.Go(func() { work(i, part) })
	}
	running.Wait()
}
