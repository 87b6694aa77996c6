package main

import (
	"context"
	"fmt"

	"github.com/partita-stream/partita/go/partita"
)

// batchSize is how many messages are sent together.
const batchSize = 1024

// feeder sends messages in batches.
type feeder struct {
	ctx    context.Context
	source *partita.Source
	sent   int
}

// feed sends the whole input, repeat times. It is read as a stream, and kept in memory only if it
// is to be sent again.
func (feeder *feeder) feed(input *input, repeat int, malformed func(line int, err error)) error {
	var kept []interface{}
	batch := make([]interface{}, 0, batchSize)
	stream, err := input.rewind()
	if err != nil {
		return err
	}
	err = readStocks(stream, func(stock *Stock) error {
		if repeat > 1 {
			kept = append(kept, stock)
		}
		batch = append(batch, stock)
		if len(batch) < batchSize {
			return nil
		}
		err := feeder.send(batch)
		batch = batch[:0]
		return err
	}, malformed)
	if err != nil {
		return err
	}
	if err := feeder.send(batch); err != nil {
		return err
	}
	for range repeat - 1 {
		for at := 0; at < len(kept); at += batchSize {
			if err := feeder.send(kept[at:min(at+batchSize, len(kept))]); err != nil {
				return err
			}
		}
	}
	return nil
}

// send sends one batch; an empty one is no call.
func (feeder *feeder) send(batch []interface{}) error {
	if len(batch) == 0 {
		return nil
	}
	sent, err := feeder.source.SendBatch(feeder.ctx, batch)
	feeder.sent += sent
	if err != nil {
		return fmt.Errorf("send: %w", err)
	}
	return nil
}
