package partita

import (
	"math/rand/v2"
	"sync"
	"testing"
)

func TestASlotKeepsItsObjectUntilItIsReleased(t *testing.T) {
	store := newSlots[any](false)
	cache := slotCache[any]{store: store}
	kept := make(map[uint64]int)
	random := rand.New(rand.NewPCG(1, 2))
	for step := range 100_000 {
		if random.IntN(5) < 3 {
			number := cache.put(step)
			if _, taken := kept[number]; taken {
				t.Fatalf("slot %d was given out twice", number)
			}
			kept[number] = step
			continue
		}
		for number, object := range kept {
			if got := *store.at(number); got != object {
				t.Fatalf("slot %d has %v, expected %d", number, got, object)
			}
			cache.release(store.now(), number)
			if got := *store.at(number); got != nil {
				t.Fatalf("slot %d was released and still has %v", number, got)
			}
			delete(kept, number)
			break
		}
	}
	cache.empty()
	if store.held() != len(kept) {
		t.Errorf("%d slots are held, expected %d", store.held(), len(kept))
	}
}

func TestSlotsAreUsedAgain(t *testing.T) {
	store := newSlots[any](false)
	cache := slotCache[any]{store: store}
	numbers := make([]uint64, 1000)
	for range 1000 {
		cache.take(numbers)
		store.release(numbers)
	}
	if len(store.now()) > 2 {
		t.Errorf("%d chunks of slots were made for 1,000 objects", len(store.now()))
	}
}

func TestNumbersOfManyOwnersAreDistinct(t *testing.T) {
	const owners, each = 8, 20_000
	store := newSlots[any](false)
	handed := make(chan []uint64, owners)
	var crew sync.WaitGroup
	for owner := range owners {
		crew.Add(2)
		go func() { // takes numbers and fills their places
			defer crew.Done()
			cache := slotCache[any]{store: store}
			defer cache.empty()
			for at := 0; at < each; at += 100 {
				numbers := make([]uint64, 100)
				cache.take(numbers)
				for _, number := range numbers {
					if *store.at(number) != nil {
						t.Errorf("slot %d is not empty", number)
					}
					*store.at(number) = owner
				}
				handed <- numbers
			}
		}()
		go func() { // frees what another filled
			defer crew.Done()
			cache := slotCache[any]{store: store}
			defer cache.empty()
			for range each / 100 {
				for _, number := range <-handed {
					cache.release(store.now(), number)
				}
			}
		}()
	}
	crew.Wait()
	if store.held() != 0 {
		t.Errorf("%d slots are held", store.held())
	}
}

func TestASharedSlotIsFreedByItsLastOwner(t *testing.T) {
	const owners = 4
	store := newSlots[any](true)
	cache := slotCache[any]{store: store}
	numbers := make([]uint64, 3*chunkLen)
	cache.take(numbers)
	for _, number := range numbers {
		*store.at(number) = number
	}
	store.share(numbers, owners)
	var crew sync.WaitGroup
	for range owners {
		crew.Add(1)
		go func() {
			defer crew.Done()
			cache := slotCache[any]{store: store}
			defer cache.empty()
			for _, number := range numbers {
				if got := *store.at(number); got != number {
					t.Errorf("slot %d has %v before its last owner left", number, got)
				}
				cache.release(store.now(), number)
			}
		}()
	}
	crew.Wait()
	cache.empty()
	if store.held() != 0 {
		t.Errorf("%d slots are held", store.held())
	}
	// One that was not shared has one owner.
	alone := cache.put("alone")
	cache.release(store.now(), alone)
	if *store.at(alone) != nil {
		t.Error("a slot that was not shared is still full")
	}
}

func TestACacheHoldsABoundedNumberOfFreeSlots(t *testing.T) {
	store := newSlots[any](false)
	cache := slotCache[any]{store: store}
	numbers := make([]uint64, 100_000)
	cache.take(numbers)
	for _, number := range numbers {
		cache.give(number)
	}
	if len(cache.free) > cacheMax {
		t.Errorf("the cache holds %d free slots, expected at most %d", len(cache.free), cacheMax)
	}
}

func TestTakingAndReleasingAllocatesNothing(t *testing.T) {
	store := newSlots[any](false)
	cache := slotCache[any]{store: store}
	numbers := make([]uint64, 1024)
	work := func() {
		cache.take(numbers)
		for _, number := range numbers {
			cache.release(store.now(), number)
		}
	}
	work()
	if allocations := testing.AllocsPerRun(100, work); allocations > 0 {
		t.Errorf("%v allocations for 1,024 slots", allocations)
	}
}
