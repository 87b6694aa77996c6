package self_test

import (
	"runtime"
	"sync"
	"testing"

	"github.com/partita-stream/partita/go/partita/internal/self"
)

// deep grows the stack, which moves, and lets others run.
func deep(levels int) uintptr {
	var room [128]byte
	if levels > 0 {
		room[levels%128]++
		return deep(levels-1) + uintptr(room[(levels+1)%128])
	}
	runtime.Gosched()
	return self.Number()
}

func TestGoroutinesThatLiveHaveDifferentNumbersThatStay(t *testing.T) {
	const many = 100
	var counted, over sync.WaitGroup
	numbers := make([]uintptr, many)
	end := make(chan struct{})
	for i := range numbers {
		counted.Add(1)
		over.Add(1)
		go func() {
			defer over.Done()
			numbers[i] = self.Number()
			if moved := deep(1000); moved != numbers[i] {
				t.Errorf("%#x, and then %#x", numbers[i], moved)
			}
			runtime.GC()
			if later := self.Number(); later != numbers[i] {
				t.Errorf("%#x, and after a collection %#x", numbers[i], later)
			}
			counted.Done()
			<-end
		}()
	}
	counted.Wait()
	seen := map[uintptr]bool{self.Number(): true}
	for i, number := range numbers {
		if seen[number] || number == 0 {
			t.Errorf("goroutine %d has the number %#x of another", i, number)
		}
		seen[number] = true
	}
	close(end)
	over.Wait()
}
