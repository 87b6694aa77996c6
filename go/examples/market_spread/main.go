// Command market_spread holds orders against the market: an order for a stock whose bid and offer lie far
// apart is rejected. The README tells how it is used.
package main

import (
	"flag"
	"fmt"
	"strings"
	"time"

	"github.com/partita-stream/partita/go/examples/internal/program"
	"github.com/partita-stream/partita/go/partita"
)

func main() {
	file := flag.String("symbols", "", "read the symbols there are from `FILE`, one on each line; without it there are 350")
	program.Main("market_spread", program.In+",127.0.0.1:7011", func(app *partita.Application, flags program.Flags) ([]program.Listener, error) {
		symbols, err := readSymbols(*file)
		if err != nil {
			return nil, err
		}
		return declare(app, flags, symbols)
	})
}

// market is what is known of a symbol: the last bid and offer, and whether orders are rejected.
type market struct {
	bid, offer float64
	reject     bool
}

func declare(app *partita.Application, flags program.Flags, symbols []symbol) ([]program.Listener, error) {
	quotesAt, ordersAt, two := strings.Cut(flags.In, ",")
	if !two {
		return nil, fmt.Errorf("-in %s: expected two addresses with a comma between them, of quotes and of orders", flags.In)
	}
	markets := partita.PartitionOf[symbol, market]{Name: "symbol-data", Keys: symbols}

	quotes := partita.NewTCPSourceOf(quotesAt, partita.LengthPrefixed(), decodeQuote)
	updated := partita.ToStatePartition(partita.NewPipelineOf(app, "quotes", quotes),
		markets, quote.key, update, partita.WithName("update"))
	updated.Done()

	orders := partita.NewTCPSourceOf(ordersAt, partita.LengthPrefixed(), decodeOrder)
	checked := partita.ToStatePartition(partita.NewPipelineOf(app, "orders", orders),
		markets, order.key, check, partita.WithName("check"))
	checked.ToSink(partita.NewTCPSinkOf("results", flags.Out, encodeResult))
	return []program.Listener{quotes, orders}, nil
}

// spread is how far bid and offer may lie apart, in money or as a part of their mean.
const spread = 0.05

// update takes a quote for the market. Before the first one bid and offer are 0, and nothing is rejected.
func update(_ symbol, quote quote, market *market, _ *partita.Emitter[partita.None]) (bool, error) {
	apart, mean := quote.offer-quote.bid, (quote.bid+quote.offer)/2
	market.bid, market.offer = quote.bid, quote.offer
	market.reject = apart >= spread || apart/mean >= spread
	return true, nil
}

// check tells of an order that is rejected.
func check(_ symbol, order order, market *market, out *partita.Emitter[result]) (bool, error) {
	if market.reject {
		out.Emit(result{order, market.bid, market.offer, uint64(time.Now().UnixNano())})
	}
	return false, nil
}
