package partita_test

import (
	"context"
	"errors"
	"syscall"
	"testing"
	"time"

	"github.com/partita-stream/partita/go/partita"
)

func TestAnIdleApplicationUsesNoProcessorTimeAndLittleMemory(t *testing.T) {
	before := residentMemory(t)
	source := partita.NewSource()
	app := partita.NewApplication("idle", partita.Workers(4))
	app.NewPipeline("p", source).ToStatePartition(compute(func(interface{}, interface{}) (interface{}, bool) {
		return nil, true
	}), counters, "s", keyed(func(data interface{}) uint64 { return uint64(data.(int)) }), nil).Done()
	start(t, app)
	for key := range 1000 {
		send(t, source, key)
	}
	must(t, app.Drain(deadline(t)))

	used := processorTime(t)
	ctx, cancel := context.WithTimeout(context.Background(), time.Second/2)
	defer cancel()
	// It was not stopped, so this is the end of ctx: half a second in which there is nothing to do.
	if err := app.Wait(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("Wait returned %v", err)
	}
	used = processorTime(t) - used
	t.Logf("%v of processor time in half a second", used)
	if used > 5*time.Millisecond && !instrumented {
		t.Errorf("%v of processor time in half a second of nothing to do", used)
	}
	taken := residentMemory(t) - before
	t.Logf("%d KiB of memory", taken)
	if taken > 10<<10 && !instrumented {
		t.Errorf("%d KiB of memory, expected less than 10 MiB", taken)
	}
}

// processorTime is what this process has used so far.
func processorTime(t *testing.T) time.Duration {
	var usage syscall.Rusage
	must(t, syscall.Getrusage(syscall.RUSAGE_SELF, &usage))
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}
