package main

import (
	"context"
	"errors"
	"fmt"
	"sort"
	"time"

	"github.com/partita-stream/partita/go/partita"
)

// result is what a run of one form has come to.
type result struct {
	// stocks are the last prices, by symbol.
	stocks []Stock
	// dead are the messages that could not be processed.
	dead []deadLetters
	// messages counts what was sent.
	messages int
	// elapsed is the time from the first message read to the last one computed.
	elapsed time.Duration
}

// run declares a form, starts it, feeds it with the input, and reads what the states are then.
// Lines that are no message are handed to malformed, with the number of the line.
func (form form) run(ctx context.Context, settings settings, input *input, console *console,
	malformed func(line int, err error)) (found result, err error) {
	counts := newDeadCounts()
	options := []partita.Option{partita.DeadLetters(counts.add)}
	if settings.workers > 0 {
		options = append(options, partita.Workers(settings.workers))
	}
	app := partita.NewApplication("stock", options...)
	defer func() {
		if closed := app.Close(ctx); closed != nil {
			err = errors.Join(err, fmt.Errorf("close: %w", closed))
		}
	}()
	source := partita.NewSource()
	form.declare(app.NewPipeline("prices", source), form.partition, settings.busy)

	if err := app.Start(); err != nil {
		return result{}, fmt.Errorf("start: %w", err)
	}
	stopWatching := func() {}
	if !settings.quiet {
		stopWatching = console.watch(form.title, app.Metrics)
	}
	defer stopWatching()

	started := time.Now()
	feeder := feeder{ctx: ctx, source: source}
	if err := feeder.feed(input, settings.repeat, malformed); err != nil {
		return result{}, err
	}
	if err := app.Drain(ctx); err != nil {
		return result{}, fmt.Errorf("drain: %w", err)
	}
	found.elapsed = time.Since(started)
	found.messages = feeder.sent
	found.dead = counts.sorted()

	err = app.Parts(form.partition, func(_ partita.Key, state interface{}) bool {
		found.stocks = append(found.stocks, form.stocks(state)...)
		return true
	})
	if err != nil {
		return result{}, fmt.Errorf("read the states: %w", err)
	}
	sort.Slice(found.stocks, func(i, j int) bool {
		return found.stocks[i].Symbol < found.stocks[j].Symbol
	})
	return found, nil
}
